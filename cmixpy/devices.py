"""Where the model runs: the processor, or an NVIDIA GPU. It changes the speed, never the bytes.

Nothing of CUDA is imported before somebody asks for it.
"""

import numpy as np

from cmixpy.errors import OptionError, UnsupportedError
from cmixpy.pace import usable_cores

# auto is the processor, until the CUDA kernels have been run on a GPU and found faster.
DEVICES = ("auto", "cpu", "cuda")


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


def encode_segment(device: str, symbols: np.ndarray, plan, threads: int, progress, note, early):
    """The lanes' codes, from the device (engine.encode_segment)."""
    if device == "cuda":
        from cmixpy.cuda import engine as cuda_engine

        return cuda_engine.encode_segment(symbols, plan, progress, note)
    from cmixpy import engine

    return engine.encode_segment(symbols, plan, threads, progress, note, early)


def decode_segment(
    device: str, codes: list[bytes], length: int, plan, threads: int, progress, note, early
):
    """The symbols, from the device; the twin of `encode_segment`."""
    if device == "cuda":
        from cmixpy.cuda import engine as cuda_engine

        return cuda_engine.decode_segment(codes, length, plan, progress, note)
    from cmixpy import engine

    return engine.decode_segment(codes, length, plan, threads, progress, note, early)


def list_devices() -> None:
    """Print what is usable, and why the rest is not."""
    from cmixpy.cuda.availability import describe, why_not

    print(f"cpu   usable: {usable_cores()} cores")
    reason = why_not()
    print(f"cuda  usable: {describe()}" if reason is None else f"cuda  not usable: {reason}")
