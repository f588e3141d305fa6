"""A guard against becoming twice as slow: CPU time beside that of a yardstick in the same run.

The yardstick is Python's lzma on the same bytes, a few times over; the two take turns, and the
least time of each counts, so that busy neighbours matter little. Machines differ too, hence twice.
They run in a process of their own, which takes its memory as every user's does (conftest.py).
"""

import lzma
import subprocess
import sys
import time

import pytest
from ratio_sources import text

import cmixpy

ROUNDS = 5
# lzma has to work about as long as the fast level, or its own time would be noise.
REPEATS = 10
# CPU time over the yardstick's, by level, and how much more of it is too much.
KNOWN = {1: 0.27, 5: 2.3}
MOST = 2.0


def seconds(work) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def measure(level: int) -> float:
    """CPU time of compressing over that of the yardstick."""
    data = text()
    cmixpy.compress(data[:1000], level=level, threads=1)
    runs = []
    for _ in range(ROUNDS):
        yardstick = seconds(lambda: [lzma.compress(data, preset=9) for _ in range(REPEATS)])
        runs.append((yardstick, seconds(lambda: cmixpy.compress(data, level=level, threads=1))))
    yardsticks, ours = zip(*runs, strict=True)
    return min(ours) / min(yardsticks)


@pytest.mark.parametrize("level", KNOWN)
def test_it_has_not_become_twice_as_slow(level):
    done = subprocess.run(
        [sys.executable, __file__, str(level)], check=True, capture_output=True, text=True
    )
    ratio = float(done.stdout)
    told = f"level {level}: {ratio:.2f} times the yardstick's time, known {KNOWN[level]:.2f}"
    print(told)
    assert ratio <= MOST * KNOWN[level], told


if __name__ == "__main__":
    print(measure(int(sys.argv[1])))
