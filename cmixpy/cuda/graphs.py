"""CUDA graphs: the launches of many half-steps, which the device takes as one.

To launch a kernel with a hundred arrays costs the host about a millisecond, which is more than many
a kernel runs. So the launches are noted once, and then replayed; nothing in them changes from one
half-step to the next, for what does (the number of the half-step) lies in the device's memory.
"""

from collections.abc import Callable
from typing import Any

from cmixpy.cuda import device


def _checked(result: tuple) -> Any:
    """The values that a call of the driver's returned, or its error."""
    error, *values = result
    if int(error):
        raise RuntimeError(f"CUDA driver: {error.name}")
    return values[0] if len(values) == 1 else values


class Graph:
    """What `launch` launches on `stream`, to be replayed; in the simulator `launch` itself."""

    def __init__(self, stream, launch: Callable[[], None]):
        self.stream, self._launch = stream, launch
        if device.SIMULATED:
            return
        from cuda.bindings import driver

        self._driver, self._handle = driver, int(stream)
        # Relaxed: that numba frees some array meanwhile must not end the capture.
        mode = driver.CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_RELAXED
        _checked(driver.cuStreamBeginCapture(self._handle, mode))
        try:
            launch()
        finally:
            graph = _checked(driver.cuStreamEndCapture(self._handle))
        self._graph = graph
        self._executable = _checked(driver.cuGraphInstantiate(graph, 0))

    def replay(self, times: int = 1) -> None:
        """Launch all of it again, without waiting for it."""
        for _ in range(times):
            if device.SIMULATED:
                self._launch()
            else:
                _checked(self._driver.cuGraphLaunch(self._executable, self._handle))

    def close(self) -> None:
        """Give back what the driver holds."""
        if not device.SIMULATED:
            _checked(self._driver.cuGraphExecDestroy(self._executable))
            _checked(self._driver.cuGraphDestroy(self._graph))


class Clock:
    """Times of kernels inside a graph, by events of the device's."""

    def __init__(self, stream):
        from cuda.bindings import driver

        self._driver, self._handle = driver, int(stream)
        self._events: list = []

    def mark(self) -> None:
        """Note, while a graph is captured, that a time is taken here."""
        event = _checked(self._driver.cuEventCreate(0))
        # External: so that it can be read when the graph has run.
        external = self._driver.CUevent_record_flags.CU_EVENT_RECORD_EXTERNAL
        _checked(self._driver.cuEventRecordWithFlags(event, self._handle, external))
        self._events.append(event)

    def laps(self) -> list[float]:
        """Microseconds between the marks in the last replay, once it has ended."""
        _checked(self._driver.cuStreamSynchronize(self._handle))
        pairs = zip(self._events, self._events[1:], strict=False)
        elapsed = self._driver.cuEventElapsedTime
        return [1000 * _checked(elapsed(begin, end)) for begin, end in pairs]
