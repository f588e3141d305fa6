"""Whether the preset that is picked is the best: files coded with each preset by name.

    python -m benchmarks picks FILE … [--level N] [--presets NAME …] [--processes N]

Prints a Markdown table of bytes of archives, files where another preset gains most first: where
cmixpy/detect.py and cmixpy/prepare.py err. The files are yours, on any path.
"""

import argparse
import sys
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import cmixpy
from benchmarks import machine
from benchmarks.markdown import table
from cmixpy.codec import DEFAULT_LEVEL

PRESETS = ("text", "log", "csv", "executable", "binary", "records", "lines")


def coded(path: Path, level: int, presets: list[str]) -> list[int]:
    """Bytes of the archive with the preset that is picked, and with each of those named."""
    data = path.read_bytes()
    names = ("auto", *presets)
    return [len(cmixpy.compress(data, level=level, preset=name, threads=1)) for name in names]


def gain(sizes: list[int]) -> float:
    """What the best preset saves of the bytes with the one that is picked."""
    return 1 - min(sizes) / sizes[0]


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="benchmarks picks", description=__doc__.split("\n")[0])
    parser.add_argument("files", type=Path, nargs="+", metavar="FILE")
    parser.add_argument("--level", type=int, default=DEFAULT_LEVEL)
    parser.add_argument("--presets", nargs="+", default=PRESETS)
    parser.add_argument("--processes", type=int, default=machine.cores())
    chosen = parser.parse_args(arguments)
    work = partial(coded, level=chosen.level, presets=chosen.presets)
    rows = []
    with ProcessPoolExecutor(chosen.processes, mp_context=get_context("spawn")) as pool:
        for path, sizes in zip(chosen.files, pool.map(work, chosen.files), strict=True):
            rows.append((path, sizes))
            print(f"\r{len(rows)} of {len(chosen.files)}", end="", file=sys.stderr)
    print(file=sys.stderr)
    rows.sort(key=lambda row: -gain(row[1]))
    lines = [[p.name, *(f"{size:,}" for size in s), f"{-100 * gain(s):.1f} %"] for p, s in rows]
    print(f"level {chosen.level}, archives, commit {machine.commit()}\n")
    print(table(["file", "picked", *chosen.presets, "best"], lines))
    return 0


if __name__ == "__main__":
    sys.exit(main())
