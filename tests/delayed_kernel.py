"""The step kernel with threads that dawdle at random around every barrier.

Compiled here, not loaded from the cache, so that its LLVM can be looked at too.
"""

from functools import cache
from unittest.mock import patch

from numba import njit

from cmixpy import engine
from cmixpy.model import step
from cmixpy.model.atomics import barrier, cycles
from cmixpy.model.jit import block

# The longest delay, in cycles: about as long as the work of a step.
MOST_CYCLES = 1 << 14


@block
def dawdle():
    begin = cycles()
    wait = ((begin >> 3) * 0x9E3779B1 >> 16) & (MOST_CYCLES - 1)
    while cycles() - begin < wait:
        pass


@block
def delayed_barrier(sync, threads):
    # In `run` a barrier stands before every commit and after it.
    dawdle()
    barrier(sync, threads)
    dawdle()


def uncached(function):
    """What jit.kernel makes of a function, less the cache."""
    return njit(nogil=True, error_model="numpy", _nrt=False)(function)


@cache
def delayed_run():
    """step.run with delays; compiled by its first call."""
    with patch.object(step, "kernel", uncached):
        return step.build_run(False)


class DelayedSegment(engine.Segment):
    """A segment whose threads are delayed; compile within `delays`."""

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.kernel = delayed_run()


def delays(monkeypatch) -> None:
    """Delay every segment that the engine codes from here on."""
    monkeypatch.setattr(step, "barrier", delayed_barrier)
    monkeypatch.setattr(engine, "Segment", DelayedSegment)
