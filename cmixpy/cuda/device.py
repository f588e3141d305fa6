"""The one place that imports numba.cuda: kernels, arrays on the device, the simulator."""

import contextlib
import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numba import cuda
from numba.core import config

from cmixpy.cuda.packed import sum_alone
from cmixpy.cuda.twins import Twins, in_one_module
from cmixpy.errors import MemoryLimitError
from cmixpy.memory import format_size
from cmixpy.model import jit
from cmixpy.model.mixer import scaled

if not hasattr(np, "row_stack"):
    # numba-cuda 0.30 asks for it at its first compilation; numpy 2.5 has it no more.
    np.row_stack = np.vstack  # noqa: NPY201
SIMULATED = bool(config.ENABLE_CUDASIM)  # type: ignore[attr-defined]
# Below, a kernel's arguments must fit 4 KiB, and there are no 64-bit atomic maxima before 3.5.
LEAST_CAPABILITY = (7, 0)
# How many lanes there are is the archive's business; numba would advise more to each user.
config.CUDA_LOW_OCCUPANCY_WARNINGS = 0  # type: ignore[attr-defined]
_twins = Twins()


def sum_each(total, x, error, first, parts):
    """Add a thread's part of one bit's deltas to a row's sums (packed.py), by many at once."""
    e = np.int32(error)
    quarter = x.shape[0]
    for i in range(first, quarter, parts):
        v = x[np.uint64(i)]
        # Most inputs of a run or a match are 0.
        for j in range(4):
            delta = scaled(np.int16(v >> (16 * j)), e)
            if delta != 0:
                cuda.atomic.add(total, np.uint64(j * quarter + i), delta)


# The simulator's threads take turns, and its atomics are a hundred times slower.
sum_shared = sum_alone if SIMULATED else sum_each
DEVICE_FUNCTIONS = (sum_each,)


def twin(function: Callable, blocks: tuple[Callable, ...] = ()) -> Callable:
    """`function` as CUDA compiles it; `blocks`: plain functions that it calls."""
    return _twins.of(function, (*DEVICE_FUNCTIONS, *blocks))


def cache_directory() -> Path:
    """Folder of the kernels compiled from exactly these sources, beside the processor's."""
    digest = hashlib.sha256(jit.CACHE_DIRECTORY.name.encode())
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    return jit.CACHE_DIRECTORY.parent / f"cuda-{digest.hexdigest()[:16]}"


@contextlib.contextmanager
def _caching():
    """numba's own cache, which would look at the file of the outermost function only."""
    before = config.CACHE_DIR
    config.CACHE_DIR = str(cache_directory())
    try:
        yield
    finally:
        config.CACHE_DIR = before


def kernel(function: Callable, blocks: tuple[Callable, ...] = (), registers: int = 0) -> Any:
    """A kernel, compiled for the device (or loaded) by its first launch; in the simulator Python.

    registers : a thread may have at most so many, 0: as many as the compiler likes
    """
    if SIMULATED:
        return cuda.jit(in_one_module(function, blocks))
    with _caching():
        options: dict[str, Any] = {"cache": True, "max_registers": registers or None}
        return cuda.jit(twin(function, blocks), **options)


def new_stream() -> Any:
    """What kernels are launched on; the simulator has but one."""
    return 0 if SIMULATED else cuda.stream()


Arrays = TypeVar("Arrays", bound=tuple)


def upload(arrays: Arrays, zeros: tuple[str, ...] = ()) -> Arrays:
    """The same named tuple with its arrays on the device; the simulator's are the host's.

    zeros : names of arrays that hold nothing yet, which are cleared there in place of copied
    """
    if SIMULATED:
        return arrays
    named = zip(type(arrays)._fields, arrays, strict=True)  # type: ignore[attr-defined]
    return type(arrays)(*(_cleared(a) if n in zeros else cuda.to_device(a) for n, a in named))


def _cleared(array: np.ndarray):
    """An array of zeros on the device, of the shape of `array`."""
    found = cuda.device_array(array.shape, array.dtype)
    cuda.driver.device_memset(found, 0, found.nbytes)
    return found


def download(array) -> np.ndarray:
    """An array of the device's as the host's, once all that was launched is done."""
    if SIMULATED:
        return array
    wait()
    return array.copy_to_host()


@contextlib.contextmanager
def changing(arrays: Arrays, names: tuple[str, ...]) -> Iterator[Arrays]:
    """Named arrays of a tuple on the device as the host's, to be changed there; then they go back,
    before anything that is launched later."""
    host = {name: download(getattr(arrays, name)) for name in names}
    yield arrays._replace(**host)  # type: ignore[attr-defined]
    if not SIMULATED:
        for name, array in host.items():
            getattr(arrays, name).copy_to_device(array)
        wait()


def wait() -> None:
    """Wait until the device has done all that it was told."""
    if not SIMULATED:
        cuda.synchronize()


def why_not() -> str | None:
    """None when a GPU (or the simulator) is usable, else what is missing."""
    if SIMULATED:
        return None
    if not cuda.is_available():
        return "no NVIDIA driver with a GPU answers (nvidia-smi must list one)"
    major, minor = cuda.get_current_device().compute_capability
    if (major, minor) < LEAST_CAPABILITY:
        return f"the GPU's compute capability {major}.{minor} is below {LEAST_CAPABILITY[0]}.0"
    return None


def describe() -> str:
    """The GPU's name and memory."""
    if SIMULATED:
        return "numba's simulator (NUMBA_ENABLE_CUDASIM), for tests"
    name = cuda.get_current_device().name
    free, total = cuda.current_context().get_memory_info()
    name = name.decode() if isinstance(name, bytes) else name
    return f"{name}, {format_size(free)} of {format_size(total)} free"


def require_memory(needed: int) -> None:
    """Refuse a model that does not fit the device."""
    if SIMULATED:
        return
    free, _ = cuda.current_context().get_memory_info()
    if needed > free:
        raise MemoryLimitError(
            f"the model needs {format_size(needed)} of the GPU's memory, "
            f"{format_size(free)} are free (--device cpu)"
        )
