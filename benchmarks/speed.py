"""Whole processes with a warm cache: one thread against many, compress against decompress.

    python -m benchmarks speed [--file NAME[:BYTES]] [--level N] [--threads N] [--pairs N] [--quick]

Runs with one thread and with N alternate, so that a busy neighbour meets both; medians, and the
ratio pair by pair. `--quick` takes the first 500,000 bytes and three pairs.
"""

import argparse
import sys
import tempfile
from pathlib import Path
from statistics import median

from benchmarks import data, machine, process
from benchmarks.markdown import table
from cmixpy.codec import DEFAULT_LEVEL

FAST_LEVEL = 1
QUICK_BYTES, QUICK_PAIRS = 500_000, 3
WAYS = ("compress", "decompress")


def measure(plain: Path, folder: Path, level: int, threads: int) -> dict[str, float]:
    """Seconds of compressing and of decompressing."""
    packed = folder / "packed"
    there = process.compress(plain, packed, level, threads)
    back = process.decompress(packed, folder / "again", threads)
    return dict(zip(WAYS, (there.seconds, back.seconds), strict=True))


def pairs_table(runs: dict[int, list[dict]], size: int, many: int) -> str:
    """Both directions: KB/s by threads, and how much faster many threads are, pair by pair."""
    lines = []
    for way in WAYS:
        one, more = ([run[way] for run in runs[threads]] for threads in (1, many))
        ratios = [a / b for a, b in zip(one, more, strict=True)]
        speeds = [f"{size / 1000 / median(seconds):.1f}" for seconds in (one, more)]
        pairs = " ".join(f"{ratio:.2f}" for ratio in ratios)
        lines.append([way, *speeds, f"{median(ratios):.2f}", pairs])
    plural = "s" if many > 1 else ""
    names = "1 thread, KB/s", f"{many} thread{plural}, KB/s", "ratio", "pair by pair"
    return table(["median", *names], lines)


def balance_line(runs: dict[int, list[dict]], threads: int) -> str:
    """Time of decompressing over time of compressing."""
    ratios = [run["decompress"] / run["compress"] for run in runs[threads]]
    pairs = " ".join(f"{ratio:.2f}" for ratio in ratios)
    return f"Decompress / compress time, threads {threads}: {median(ratios):.2f} ({pairs})"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="benchmarks speed", description=__doc__.split("\n")[0])
    parser.add_argument("--file", default="enwik8.4M", metavar="NAME[:BYTES]")
    parser.add_argument("--level", type=int, default=DEFAULT_LEVEL)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--data", metavar="DIR")
    chosen = parser.parse_args(arguments)
    if chosen.quick:
        chosen.pairs = QUICK_PAIRS
        if ":" not in chosen.file:
            chosen.file += f":{QUICK_BYTES}"

    (piece,) = data.require([chosen.file], data.directory(chosen.data))
    many = chosen.threads
    runs, fast = {1: [], many: []}, []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        plain = process.place(piece, folder)
        process.warm_up()
        for pair in range(chosen.pairs):
            # The order changes too: a machine that slows down favours neither.
            for threads in (1, many) if pair % 2 else (many, 1):
                runs[threads].append(measure(plain, folder, chosen.level, threads))
            fast.append(measure(plain, folder, FAST_LEVEL, many))

    print(f"{machine.kind()}, commit {machine.commit()}")
    print(f"{piece.name}, {piece.size:,} bytes, level {chosen.level}, {chosen.pairs} pairs\n")
    print(pairs_table(runs, piece.size, many))
    print()
    for threads in (1, many):
        print(balance_line(runs, threads))
    speeds = [piece.size / 1000 / median(run[way] for run in fast) for way in WAYS]
    print(f"Level {FAST_LEVEL}, threads {many}: {speeds[0]:.1f} KB/s c, {speeds[1]:.1f} KB/s d")
    return 0


if __name__ == "__main__":
    sys.exit(main())
