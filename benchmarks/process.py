"""Whole processes `python -m cmixpy`, timed by the wall, with their peak memory.

The parent must stay smaller than its children: on Linux a child's peak counts the pages it shared
with its parent before it became Python. So nothing here loads numpy or reads a file whole.
"""

import filecmp
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.data import CHECKOUT, Piece
from cmixpy.archive import Reader
from cmixpy.presets import name_of
from cmixpy.source import Source

# What getrusage counts memory in.
MAXRSS_UNIT = 1 if sys.platform == "darwin" else 1024


@dataclass(frozen=True)
class Cost:
    """Wall time in seconds and peak resident memory in bytes of one process."""

    seconds: float
    peak: int


@dataclass(frozen=True)
class RoundTrip:
    """A file compressed, decompressed and compared."""

    size: int
    archive: int
    compress: Cost
    decompress: Cost
    same: bool
    lanes: int
    preset: str

    @property
    def bpc(self) -> float:
        """Bits of archive per byte of input (for a file of bases: per base)."""
        return 8 * self.archive / self.size

    @property
    def speeds(self) -> tuple[float, float]:
        """KB/s (1000 bytes) of compressing and of decompressing."""
        return tuple(self.size / 1000 / c.seconds for c in (self.compress, self.decompress))

    @property
    def peak_mib(self) -> tuple[float, float]:
        return tuple(c.peak / (1 << 20) for c in (self.compress, self.decompress))


def run(*arguments: str) -> Cost:
    """Run `cmixpy` with these arguments; the program ends when it fails."""
    command = [sys.executable, "-m", "cmixpy", *arguments]
    start = time.perf_counter()
    process = subprocess.Popen(command, cwd=CHECKOUT, stderr=subprocess.PIPE)
    errors = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    process.stderr.close()
    if process.returncode:
        raise SystemExit(f"cmixpy {' '.join(arguments)}: {errors.decode().strip()}")
    return Cost(seconds, usage.ru_maxrss * MAXRSS_UNIT)


def compress(source: Path, target: Path, level: int, threads: int, *more: str) -> Cost:
    """`cmixpy c` from file to file."""
    return run(
        "c", "-q", "-f", f"-{level}", "--threads", str(threads), *more, str(source), str(target)
    )


def decompress(source: Path, target: Path, threads: int) -> Cost:
    """`cmixpy d` from file to file."""
    return run("d", "-q", "-f", "--threads", str(threads), str(source), str(target))


def warm_up() -> None:
    """Fill the cache of compiled kernels, in both directions, for bytes and for bases."""
    letters = random.Random(1)
    samples = b"to be or not to be, " * 50, bytes(letters.choices(b"ACGT", k=2000))
    with tempfile.TemporaryDirectory() as folder:
        plain, packed = Path(folder) / "plain", Path(folder) / "packed"
        for sample in samples:
            plain.write_bytes(sample)
            compress(plain, packed, 5, 1)
            decompress(packed, plain, 1)


def place(piece: Piece, folder: Path) -> Path:
    """The piece as a file: itself when it is whole, else a copy in `folder`."""
    if piece.whole:
        return piece.path
    target = folder / "piece"
    with open(piece.path, "rb") as source, open(target, "wb") as sink:
        missing = piece.size
        while missing:
            part = source.read(min(missing, 1 << 20))
            sink.write(part)
            missing -= len(part)
    return target


def round_trip(piece: Piece, level: int, threads: int) -> RoundTrip:
    """Compress, decompress and compare one piece."""
    folder = Path(tempfile.mkdtemp())
    try:
        plain, packed, again = place(piece, folder), folder / "packed", folder / "again"
        there = compress(plain, packed, level, threads)
        back = decompress(packed, again, threads)
        with open(packed, "rb") as file:
            first = next(iter(Reader(Source(file))))
        same = filecmp.cmp(plain, again, shallow=False)
        size = packed.stat().st_size
    finally:
        shutil.rmtree(folder)
    lanes, preset = 0, "stored"
    if first.model is not None:
        lanes, preset = first.model.lanes, name_of(first.model.name.preset)
    return RoundTrip(piece.size, size, there, back, same, lanes, preset)
