"""How many threads the next range of steps gets.

Lockstep threads wait for each other after every symbol, so one that a neighbour process keeps
from its core stops them all; then a single thread can be the faster choice (measured on two cores
with two busy neighbours, alice29.txt at 3 lanes: 5 KB/s on two threads always, 82 KB/s so). The
bytes do not depend on it, so the pace is free to change.
"""

import os

# A range of all threads that is slower than this share of the best one is suspicious; two in a row
# call for a comparison (one alone is a moment's stall, which has passed when it is known).
SUSPICIOUS = 0.7
# Ranges between two tries of all threads while one is faster: at first one, at most so many.
PATIENCE = 4
# What is probably the slower choice is tried on this part of a range.
TRY = 8


def usable_cores() -> int:
    """Cores that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class Pace:
    """Chooses between all threads and one by the speed of recent ranges, in steps per second.

    The next range is to have `next` threads and a `part`-th of the usual length.
    """

    def __init__(self, threads: int):
        self.all = threads
        self.best = self.together = self.alone = 0.0
        # `patience` is not 0 while one thread is the faster choice.
        self.ranges = self.slow = self.patience = self.waited = 0
        self._choose(threads, 1)

    def _choose(self, threads: int, part: int) -> None:
        self.next, self.part = threads, part

    def record(self, threads: int, speed: float) -> None:
        """Take the speed of a finished range, and choose for the next."""
        if self.all == 1:
            return
        self.ranges += 1
        if threads == 1:
            self._alone(speed)
        else:
            self._together(speed)

    def _together(self, speed: float) -> None:
        self.together = speed
        if self.patience and speed < self.alone:
            # Still slower than one: back to it, and for longer.
            self.patience = min(2 * self.patience, PATIENCE)
            self.waited = 0
            self._choose(1, 1)
            return
        if self.patience:
            self.patience = self.slow = 0
        else:
            self.best = max(self.best, speed)
            self.slow = self.slow + 1 if speed < SUSPICIOUS * self.best else 0
        # The first range is cold; the second is compared in any case.
        if self.ranges == 2 or self.slow > 1:
            self._choose(1, TRY)
        else:
            self._choose(self.all, 1)

    def _alone(self, speed: float) -> None:
        self.alone = speed
        if self.patience:
            self.waited += 1
        elif speed > self.together:
            self.patience, self.waited = 1, 0
        else:
            # Slower than once, and still the faster choice: that is the new measure, or every
            # third range from now on would be a comparison.
            self.best = self.together
            self.slow = 0
            self._choose(self.all, 1)
            return
        if self.waited >= self.patience:
            self._choose(self.all, TRY)
        else:
            self._choose(1, 1)
