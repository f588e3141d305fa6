"""How many threads the next range of steps gets.

Lockstep threads wait for each other after every symbol, so one that a neighbour process keeps
from its core stops them all; then a single thread can be the faster choice (measured on two cores
with two busy neighbours, alice29.txt at 3 lanes: 5 KB/s on two threads always, 82 KB/s so). The
bytes do not depend on it, so the pace is free to change.
"""

import os

# A range of all threads that is slower than this share of the best one calls for a comparison.
SUSPICIOUS = 0.7
# Ranges between two tries of all threads while one is faster.
PATIENCE = 8


def usable_cores() -> int:
    """Cores that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class Pace:
    """Chooses between all threads and one by the speed of recent ranges, in steps per second."""

    def __init__(self, threads: int):
        self.all = threads
        self.best = self.alone = self.together = 0.0
        self.ranges = 0
        self.next = threads

    def record(self, threads: int, speed: float) -> None:
        """Take the speed of a finished range, and choose for the next."""
        if self.all == 1:
            return
        self.ranges += 1
        if threads == 1:
            self.alone = speed
        else:
            self.together = speed
            self.best = max(self.best, speed)
        if threads == 1 and self.alone > self.together:
            # Stay alone, and look again from time to time.
            self.next = self.all if self.ranges % PATIENCE == 0 else 1
        elif threads == 1:
            # Slower than once, and still the faster choice: that is the new measure, or every
            # other range from now on would be a comparison.
            self.best = self.together
            self.next = self.all
        elif threads > 1 and (self.ranges == 2 or speed < SUSPICIOUS * self.best):
            # The first range is cold; the second is compared in any case.
            self.next = 1
        else:
            self.next = self.all
