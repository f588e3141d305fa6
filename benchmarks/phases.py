"""Where the time goes: ns per byte by phase, from the timed kernel (cmixpy/model/clock.py).

    python -m benchmarks phases [FILE] [--level N] [--threads N] [--bytes N] [--preset NAME]

The phases' sum stands against wall time × threads of coding all steps; what is missing was spent
outside the kernel. The clock itself costs: the same run without it is told too.

At a level with the LSTM its learning is told too: beside the kernel with several threads (what the
kernel waits for it is in "barrier"), between its runs with one.
"""

import argparse
import functools
import sys
import time

from numba import njit

from benchmarks import data, machine
from benchmarks.markdown import table
from cmixpy import engine
from cmixpy.analysis.study import subject
from cmixpy.codec import DEFAULT_LEVEL
from cmixpy.early import EarlyMemory
from cmixpy.model import clock, step
from cmixpy.model.atomics import cycles

# Of wall × threads; less means that a phase is not timed.
LEAST_SHARE = 0.95


@njit
def _now():
    return cycles()


class Timed:
    """`target`, with the nanoseconds that calls of it and of some of its methods took."""

    def __init__(self, target, *names: str):
        self._target, self._names, self.spent = target, names, 0

    def __getattr__(self, name: str):
        found = getattr(self._target, name)
        return functools.partial(self._call, found) if name in self._names else found

    def __call__(self, *arguments):
        return self._call(self._target, *arguments)

    def _call(self, method, *arguments):
        start = time.perf_counter_ns()
        try:
            return method(*arguments)
        finally:
            self.spent += time.perf_counter_ns() - start


class TimedNetwork(Timed):
    """A segment's network, timed: all of its learning, and what groups do in it."""

    def __init__(self, network):
        super().__init__(network, "learn")
        network.groups = [Timed(g, "turn_over", "go_back", "hand_over") for g in network.groups]
        self.helped = 0

    def learn(self, first: int, last: int, sync, assist=None) -> None:
        """As the driver's; what it codes is in the kernel's phases."""
        helping = assist and Timed(assist)
        self._call(self._target.learn, first, last, sync, helping)
        self.helped += helping.spent if helping else 0

    def phases(self) -> dict[str, int]:
        busy = sum(group.spent for group in self._target.groups)
        waiting = self.spent - busy - self.helped
        return {"LSTM: learning": busy, "LSTM: waiting": waiting}


def code(plan, source, threads: int, kernel):
    """Code a segment: the `engine.Segment`, its wall time in ns, and cycles per ns meanwhile."""
    # As the codec does it: without, the page faults of two threads count as commits of slots.
    early = EarlyMemory(plan.table_bytes) if threads > 1 else None
    segment = engine.encoder(source, plan, threads, kernel, early)
    segment.times[:] = 0
    if segment.network is not None:
        segment.network = TimedNetwork(segment.network)
    _now()
    before, start = _now(), time.perf_counter_ns()
    segment.run_all(None)
    wall, after = time.perf_counter_ns() - start, _now()
    segment.close(None)
    if early:
        early.close()
    return segment, wall, (after - before) / wall


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="benchmarks phases", description=__doc__.split("\n")[0])
    parser.add_argument("file", nargs="?", default="enwik8.4M", metavar="FILE")
    parser.add_argument("--level", type=int, default=DEFAULT_LEVEL)
    parser.add_argument("--preset", default="auto")
    parser.add_argument("--lanes", type=int)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--bytes", type=int)
    parser.add_argument("--data", metavar="DIR")
    chosen = parser.parse_args(arguments)
    spec = f"{chosen.file}:{chosen.bytes}" if chosen.bytes else chosen.file
    (piece,) = data.require([spec], data.directory(chosen.data))
    given = subject(piece.name, piece.read(), chosen.level, chosen.preset, chosen.lanes)
    preset, source, plan = given.preset, given.symbols, given.plan

    _, plain_wall, _ = code(plan, source, chosen.threads, step.run)
    segment, wall, rate = code(plan, source, chosen.threads, step.run_timed)
    threads, size = segment.threads, piece.size
    spent = segment.times[:, : len(clock.PHASES)].sum(axis=0) / rate
    available = wall * threads
    lines = [
        [name, f"{ns / size:.1f}", f"{100 * ns / available:.1f} %"]
        for name, ns in zip(clock.PHASES, spent, strict=True)
    ]
    total = spent.sum()
    if segment.network is not None:
        for name, ns in segment.network.phases().items():
            lines.append([name, f"{ns / size:.1f}", f"{100 * ns / available:.1f} %"])
            total += ns
    lines.append(["sum", f"{total / size:.1f}", f"{100 * total / available:.1f} %"])
    lines.append(["wall × threads", f"{available / size:.1f}", ""])

    print(f"{machine.kind()}, commit {machine.commit()}")
    print(
        f"{piece.name}, {size:,} bytes, preset {preset}, level {chosen.level}, "
        f"lanes {plan.lanes}, threads {threads}\n"
    )
    print(table(["phase", "ns/byte", "share"], lines))
    print(
        f"\nWall: {wall / size:.1f} ns/byte with the clock, {plain_wall / size:.1f} without "
        f"({size * 1e6 / plain_wall:.1f} KB/s)"
    )
    if total < LEAST_SHARE * available:
        print(f"the phases are less than {100 * LEAST_SHARE:.0f} % of wall × threads")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
