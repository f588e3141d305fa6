"""What lanes cost in bytes and give in speed; time per byte as the input grows.

    python -m benchmarks lanes [FILE[:BYTES]] [--level N] [--threads N] [--lanes N …] [--sizes MB …]

In this process, through `cmixpy.compress`, with compiled kernels. `--sizes` takes the corpus's
files one after the other, text first, cut to each length; give `--sizes` or `--lanes` alone
without values to leave that part out.
"""

import argparse
import sys
import time

import cmixpy
from benchmarks import data, machine
from benchmarks.markdown import table
from cmixpy import presets
from cmixpy.codec import DEFAULT_LEVEL

LANES = (1, 2, 4, 8, 16, 32, 64)
SIZES = (1, 2, 5, 10, 20, 40)


def measure(content: bytes, **options) -> tuple[int, float]:
    """Bytes of the archive and seconds."""
    start = time.perf_counter()
    archive = cmixpy.compress(content, **options)
    return len(archive), time.perf_counter() - start


def by_lanes(content: bytes, lanes, options: dict) -> str:
    """Bytes and KB/s against the number of lanes; the first is what others are compared with."""
    lines, first = [], None
    for count in lanes:
        size, seconds = measure(content, lanes=count, **options)
        first = first or size
        speed = f"{len(content) / 1000 / seconds:.1f}"
        loss = f"{100 * (size / first - 1):+.2f} %"
        lines.append([count, f"{size:,}", loss, f"{8 * size / len(content):.4f}", speed])
    return table(["lanes", "bytes", f"to {lanes[0]}", "bpc", "KB/s"], lines)


def by_size(content: bytes, megabytes, options: dict) -> str:
    """Time per byte against the length of the input."""
    lines = []
    for count in megabytes:
        part = content[: int(count * 1_000_000)]
        size, seconds = measure(part, **options)
        plan = presets.choose(options["level"], options["preset"], len(part))
        speed = f"{len(part) / 1000 / seconds:.1f}"
        nanoseconds = f"{seconds * 1e9 / len(part):.0f}"
        lines.append([f"{count:g}", plan.lanes, plan.table_bits, f"{size:,}", speed, nanoseconds])
    return table(["MB", "lanes", "table bits", "bytes", "KB/s", "ns/byte"], lines)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="benchmarks lanes", description=__doc__.split("\n")[0])
    parser.add_argument("file", nargs="?", default="enwik8.4M", metavar="FILE[:BYTES]")
    parser.add_argument("--level", type=int, default=DEFAULT_LEVEL)
    parser.add_argument("--threads", type=int, default=machine.cores())
    parser.add_argument("--lanes", nargs="*", type=int, default=LANES, metavar="N")
    parser.add_argument("--sizes", nargs="*", type=float, default=SIZES, metavar="MB")
    parser.add_argument("--data", metavar="DIR")
    chosen = parser.parse_args(arguments)
    folder = data.directory(chosen.data)
    options = {"level": chosen.level, "threads": chosen.threads}
    # Not timed: kernels are compiled or loaded.
    cmixpy.compress(b"to be or not to be, " * 50, **options)
    cmixpy.compress(b"GATTACA" * 300, **options)

    print(f"{machine.kind()}, commit {machine.commit()}, level {chosen.level}, ", end="")
    print(f"threads {chosen.threads}")
    if chosen.lanes:
        (piece,) = data.require([chosen.file], folder)
        print(f"\n{piece.name}, {piece.size:,} bytes:\n")
        print(by_lanes(piece.read(), chosen.lanes, options))
    if chosen.sizes:
        content = data.concatenated(folder, int(max(chosen.sizes) * 1_000_000))
        if len(content) < max(chosen.sizes) * 1_000_000:
            raise SystemExit(f"the corpus has only {len(content):,} bytes")
        print("\nThe corpus one file after the other, preset text:\n")
        print(by_size(content, chosen.sizes, {**options, "preset": "text"}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
