"""Whole processes, timed by the wall and by the CPU, with their peak memory.

The parent must stay smaller than its children: on Linux a child's peak counts the pages it shared
with its parent before it became another program. So nothing here loads numpy or reads a file whole.
"""

import filecmp
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import programs
from benchmarks.data import CHECKOUT, Piece
from benchmarks.programs import Program
from cmixpy.archive import Reader
from cmixpy.presets import name_of
from cmixpy.source import Source

# What getrusage counts memory in.
MAXRSS_UNIT = 1 if sys.platform == "darwin" else 1024


class Failed(Exception):
    """A program ended with an error; the message has its last words."""


@dataclass(frozen=True)
class Cost:
    """Wall and CPU time in seconds, and peak resident memory in bytes, of one process."""

    seconds: float
    cpu: float
    peak: int


@dataclass(frozen=True)
class RoundTrip:
    """A file compressed, decompressed and compared; lanes and preset are cmixpy's."""

    size: int
    archive: int
    compress: Cost
    decompress: Cost
    same: bool
    lanes: int | None = None
    preset: str = ""


def run(
    command: Sequence[str], folder: Path = CHECKOUT, source: Path | None = None,
    target: Path | None = None,
) -> Cost:  # fmt: skip
    """Run a command with `source` as standard input and `target` as standard output.

    Raises
    ------
    Failed
        It could not be started, or its exit code is not 0.
    """
    with tempfile.TemporaryFile() as errors:
        inner = open(source or os.devnull, "rb")  # noqa: SIM115 - closed below
        outer = open(target or os.devnull, "wb")  # noqa: SIM115
        with inner, outer:
            start = time.perf_counter()
            try:
                process = subprocess.Popen(
                    command, cwd=folder, stdin=inner, stdout=outer, stderr=errors
                )
            except OSError as error:
                raise Failed(f"{command[0]}: {error.strerror}") from None
            _, status, usage = os.wait4(process.pid, 0)
            seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            errors.seek(0)
            words = " ".join(errors.read()[-500:].decode(errors="replace").split())
            raise Failed(f"{' '.join(command)}: exit code {process.returncode}: {words}")
    return Cost(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * MAXRSS_UNIT)


def _run_way(program: Program, way: str, folder: Path) -> Cost:
    """Compress {plain} to {packed}, or decompress {packed} to {again}."""
    source, target = ("plain", "packed") if way == "compress" else ("packed", "again")
    command = program.command if way == "compress" else program.unpacker or program.command
    files = program.files(folder)
    arguments = getattr(program, way)
    names = {key: str(path) for key, path in files.items()}
    if program.level is None:  # some peers keep the path they are given in the archive
        names = {key: path.name for key, path in files.items()}
    return run(
        [*command, *(word.format(**names) for word in arguments if word not in "<>")],
        programs.working_directory(program, folder),
        files[source] if "<" in arguments else None,
        files[target] if ">" in arguments else None,
    )


def compress(source: Path, target: Path, level: int, threads: int, *more: str) -> Cost:
    """`cmixpy c` from file to file."""
    options = "-q", "-f", f"-{level}", "--threads", str(threads)
    return _cmixpy("c", *options, *more, str(source), str(target))


def decompress(source: Path, target: Path, threads: int) -> Cost:
    """`cmixpy d` from file to file."""
    return _cmixpy("d", "-q", "-f", "--threads", str(threads), str(source), str(target))


def _cmixpy(*arguments: str) -> Cost:
    try:
        return run([sys.executable, "-m", "cmixpy", *arguments])
    except Failed as error:
        raise SystemExit(str(error)) from None


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
    copy(piece, target)
    return target


def copy(piece: Piece, target: Path, capitals: bool = False) -> None:
    """Write the piece to `target`, on request in capital letters."""
    with open(piece.path, "rb") as source, open(target, "wb") as sink:
        missing = piece.size
        while missing:
            part = source.read(min(missing, 1 << 20))
            sink.write(part.upper() if capitals else part)
            missing -= len(part)


def round_trip(piece: Piece, program: Program) -> RoundTrip:
    """Compress, decompress and compare one piece, in a folder of its own.

    Raises
    ------
    Failed
        The program did.
    """
    folder = Path(tempfile.mkdtemp())
    try:
        files = program.files(folder)
        # Those that take only bases want them in capitals.
        copy(piece, files["plain"], capitals=program.only == "bases")
        there = _run_way(program, "compress", folder)
        hidden = folder.with_suffix(".plain")
        # Decompressing must not find the input.
        files["plain"].rename(hidden)
        try:
            back = _run_way(program, "decompress", folder)
            again = files["again"]
            same = again.is_file() and filecmp.cmp(hidden, again, shallow=False)
        finally:
            hidden.unlink()
        size = files["packed"].stat().st_size
        lanes, preset = (None, "")
        if program.level is not None:
            lanes, preset = _inside(files["packed"])
    finally:
        shutil.rmtree(folder)
    return RoundTrip(piece.size, size, there, back, same, lanes, preset)


def _inside(archive: Path) -> tuple[int, str]:
    """Lanes and preset of the first segment of a cmixpy archive; 0 and "stored" without a model."""
    with open(archive, "rb") as file:
        model = next(iter(Reader(Source(file)))).model
    if model is None:
        return 0, "stored"
    return model.lanes, name_of(model.name.preset) or ""
