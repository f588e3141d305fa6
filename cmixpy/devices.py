"""Where the model runs: the processor, or an NVIDIA GPU. It changes the speed, never the bytes.

Nothing of CUDA is imported before somebody asks for it.
"""

import numpy as np

from cmixpy.errors import MemoryLimitError, OptionError, UnsupportedError
from cmixpy.pace import usable_cores

DEVICES = ("auto", "cpu", "cuda")
# From so many lanes on `auto` is a GPU, if there is one. With fewer it is hardly faster than a few
# cores, and what compresses best has few (benchmarks/LOG.md, "On a GPU").
AUTO_LANES = 128


def require(device: str) -> None:
    """Refuse a device that is not known, or cannot be used here."""
    if device not in DEVICES:
        raise OptionError(f"no device '{device}': devices are {', '.join(DEVICES)}")
    if device == "cuda":
        from cmixpy.cuda.availability import why_not

        reason = why_not()
        if reason is not None:
            raise UnsupportedError(f"--device cuda: {reason}")


def require_for(device: str, plan) -> None:
    """Refuse a model that the device cannot run."""
    if device == "cuda" and plan.description.lstm:
        from cmixpy.cuda.availability import why_no_lstm

        reason = why_no_lstm()
        if reason is not None:
            raise UnsupportedError(f"--device cuda: {reason}")


def _on_gpu(device: str, plan) -> bool:
    """Whether a GPU is to run a model."""
    if device != "auto" or plan.lanes < AUTO_LANES:
        return device == "cuda"
    from cmixpy.cuda.availability import why_no_lstm, why_not

    return why_not() is None and not (plan.description.lstm and why_no_lstm())


def _first_on_gpu(device: str, plan, run):
    """Whether a GPU was the place, which it is not if `auto` finds it full; what it returned.

    A model's memory is asked for before anything is coded.
    """
    if not _on_gpu(device, plan):
        return False, None
    from cmixpy.cuda import engine as cuda_engine

    try:
        return True, run(cuda_engine)
    except MemoryLimitError:
        if device == "cuda":
            raise
        return False, None


def encode_segment(device: str, symbols: np.ndarray, plan, threads: int, progress, note, early):
    """The lanes' codes, from the device (engine.encode_segment)."""
    done, codes = _first_on_gpu(
        device, plan, lambda engine: engine.encode_segment(symbols, plan, progress, note)
    )
    if done:
        return codes
    from cmixpy import engine

    return engine.encode_segment(symbols, plan, threads, progress, note, early)


def decode_segment(
    device: str, codes: list[bytes], length: int, plan, threads: int, progress, note, early
):
    """The symbols, from the device; the twin of `encode_segment`."""
    done, symbols = _first_on_gpu(
        device, plan, lambda engine: engine.decode_segment(codes, length, plan, progress, note)
    )
    if done:
        return symbols
    from cmixpy import engine

    return engine.decode_segment(codes, length, plan, threads, progress, note, early)


def list_devices() -> None:
    """Print what is usable, and why the rest is not."""
    from cmixpy.cuda.availability import describe, why_not

    print(f"cpu   usable: {usable_cores()} cores")
    reason = why_not()
    print(f"cuda  usable: {describe()}" if reason is None else f"cuda  not usable: {reason}")
