"""Whole processes with a warm cache: one thread against many, compress against decompress.

    python -m benchmarks speed [--file NAME[:BYTES]] [--level N] [--threads N] [--pairs N] [--quick]

Runs with one thread and with N alternate, so that a busy neighbour meets both; medians, and the
ratio pair by pair. In each pair N processes of one thread each, which share nothing, also run at
the same time: what they do together over what one does alone is what the machine gives just then,
so the ratio to hope for. `--quick` takes the first 500,000 bytes and three pairs.
"""

import argparse
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
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


def machine_gives(plain: Path, folder: Path, level: int, processes: int) -> float:
    """Seconds that independent processes of one thread take at the same time, for each of them."""
    start = time.perf_counter()
    with ThreadPoolExecutor(processes) as pool:
        runs = [
            pool.submit(process.compress, plain, folder / f"twin{i}", level, 1)
            for i in range(processes)
        ]
        for run in runs:
            run.result()
    return (time.perf_counter() - start) / processes


def gives_line(alone: list[dict], together: list[float]) -> str:
    """How much the machine gave to independent processes, pair by pair."""
    ratios = [one["compress"] / seconds for one, seconds in zip(alone, together, strict=True)]
    pairs = " ".join(f"{ratio:.2f}" for ratio in ratios)
    return f"Independent processes at once, over one alone: {median(ratios):.2f} ({pairs})"


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
    runs, fast, together = {1: [], many: []}, [], []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        plain = process.place(piece, folder)
        process.warm_up()
        for pair in range(chosen.pairs):
            # The order changes too: a machine that slows down favours neither.
            for threads in (1, many) if pair % 2 else (many, 1):
                runs[threads].append(measure(plain, folder, chosen.level, threads))
            together.append(machine_gives(plain, folder, chosen.level, many))
            fast.append(measure(plain, folder, FAST_LEVEL, many))

    print(f"{machine.kind()}, commit {machine.commit()}")
    print(f"{piece.name}, {piece.size:,} bytes, level {chosen.level}, {chosen.pairs} pairs\n")
    print(pairs_table(runs, piece.size, many))
    print()
    print(gives_line(runs[1], together))
    for threads in (1, many):
        print(balance_line(runs, threads))
    speeds = [piece.size / 1000 / median(run[way] for run in fast) for way in WAYS]
    print(f"Level {FAST_LEVEL}, threads {many}: {speeds[0]:.1f} KB/s c, {speeds[1]:.1f} KB/s d")
    return 0


if __name__ == "__main__":
    sys.exit(main())
