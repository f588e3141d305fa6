"""The one place that imports numba.cuda: kernels, arrays on the device, the simulator."""

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
from numba import cuda
from numba.core import config

from cmixpy.cuda.twins import Twins, in_one_module
from cmixpy.errors import MemoryLimitError
from cmixpy.memory import format_size
from cmixpy.model.mixer import add_to_sum, scaled

SIMULATED = bool(config.ENABLE_CUDASIM)  # type: ignore[attr-defined]
# Below, a kernel's arguments must fit 4 KiB, and there are no 64-bit atomic maxima before 3.5.
LEAST_CAPABILITY = (7, 0)
_twins = Twins()


def add_each(total, x, error):
    """mixer.add_to_sum by many threads at once."""
    for i in range(x.shape[0]):
        delta = scaled(x[i], np.int32(error))
        # Most inputs of a run or a match are 0.
        if delta != 0:
            cuda.atomic.add(total, i, delta)


def add_exclusively(total, x, error):
    """The simulator's `add_each`, a hundred times faster: threads of Python take turns."""
    add_to_sum(total, x, error)


add_shared = add_exclusively if SIMULATED else add_each
DEVICE_FUNCTIONS = (add_each,)


def twin(function: Callable, blocks: tuple[Callable, ...] = ()) -> Callable:
    """`function` as CUDA compiles it; `blocks`: plain functions that it calls."""
    return _twins.of(function, (*DEVICE_FUNCTIONS, *blocks))


def kernel(function: Callable, blocks: tuple[Callable, ...] = ()) -> Any:
    """A kernel, compiled for the device by its first launch; in the simulator Python."""
    if SIMULATED:
        return cuda.jit(in_one_module(function, blocks))
    return cuda.jit(twin(function, blocks))


Arrays = TypeVar("Arrays", bound=tuple)


def upload(arrays: Arrays) -> Arrays:
    """The same named tuple with its arrays on the device; the simulator's are the host's."""
    if SIMULATED:
        return arrays
    return type(arrays)(*map(cuda.to_device, arrays))


def download(array) -> np.ndarray:
    """An array of the device's as the host's."""
    return array if SIMULATED else array.copy_to_host()


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
