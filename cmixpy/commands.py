"""What the commands do: find input and output, refuse what must be refused, call the codec."""

import contextlib
import os
import stat
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from cmixpy import codec, devices, memory
from cmixpy.errors import CmixpyError, OptionError
from cmixpy.files import atomic_output, check_target
from cmixpy.pace import usable_cores
from cmixpy.report import SILENT, Report

SUFFIX = ".cmx"
STANDARD = "-"


@dataclass(frozen=True)
class Talk:
    """How much to say on stderr; `progress` None means: when it is a terminal."""

    quiet: bool
    verbose: bool
    progress: bool | None

    @contextlib.contextmanager
    def report(self, total: int | None) -> Iterator[Report]:
        bar = self.progress
        if bar is None:
            bar = sys.stderr.isatty() and not self.quiet
        if self.quiet and not bar:
            yield SILENT
            return
        from cmixpy.progress import ConsoleReport

        with ConsoleReport(total, bar=bar, quiet=self.quiet, verbose=self.verbose) as report:
            yield report


def one_target(target: str | None, output: str | None, stdout: bool) -> str | None:
    """OUT, given in at most one of its three ways."""
    given = [name for name in (target, output, STANDARD if stdout else None) if name is not None]
    if len(given) > 1:
        raise OptionError("the output is given twice: use one of OUT, -o and -c")
    return given[0] if given else None


def compress(
    source: str,
    target: str | None,
    *,
    force: bool,
    remove: bool,
    level: int,
    preset: str,
    lanes: int | None,
    segment_size: str | None,
    threads: int | None,
    memory_limit: str | None,
    device: str,
    talk: Talk,
) -> None:
    """Compress a file or standard input."""
    size = _size(segment_size)
    limit = _size(memory_limit)
    codec.check_options(level, preset, lanes, threads, size)
    devices.require(device)
    if target is None:
        target = STANDARD if source == STANDARD else source + SUFFIX
    if target == STANDARD and sys.stdout.isatty() and not force:
        raise OptionError("refusing to write an archive to a terminal (-o names a file, -f forces)")
    with (
        _both(source, target, force, remove) as (reader, writer, total),
        talk.report(total) as report,
    ):
        codec.compress_stream(
            reader,
            writer,
            level=level,
            preset=preset,
            lanes=lanes,
            threads=threads,
            segment_size=size,
            memory_limit=limit,
            device=device,
            report=report,
        )
    if remove:
        os.unlink(source)


def decompress(
    source: str,
    target: str | None,
    *,
    force: bool,
    remove: bool,
    threads: int | None,
    memory_limit: str | None,
    device: str,
    talk: Talk,
) -> None:
    """Decompress a file or standard input."""
    limit = _size(memory_limit)
    devices.require(device)
    if target is None:
        target = STANDARD if source == STANDARD else _without_suffix(source)
    with (
        _both(source, target, force, remove) as (reader, writer, _),
        talk.report(None) as report,
    ):
        codec.decompress_stream(
            reader, writer, threads=threads, memory_limit=limit, device=device, report=report
        )
    if remove:
        os.unlink(source)


def check(
    source: str, *, threads: int | None, memory_limit: str | None, device: str, talk: Talk
) -> None:
    """Decode and check, without writing."""
    limit = _size(memory_limit)
    with _named(source), _input(source) as reader, talk.report(None) as report:
        codec.decompress_stream(
            reader, None, threads=threads, memory_limit=limit, device=device, report=report
        )


def list_archive(source: str, threads: int | None) -> None:
    """Print what the headers say."""
    from cmixpy.listing import list_archive

    with _named(source), _input(source) as reader:
        list_archive(reader, threads or usable_cores())


def list_devices() -> None:
    """Print the devices that can be used."""
    devices.list_devices()


def list_models() -> None:
    """Print presets and levels."""
    from cmixpy.listing import list_models

    list_models()


def _size(text: str | None) -> int | None:
    return None if text is None else memory.parse_size(text)


def _without_suffix(source: str) -> str:
    name = source.removesuffix(SUFFIX)
    if name == source or not Path(name).name:
        raise OptionError(f"{source}: does not end in {SUFFIX}, so the output needs a name (-o)")
    return name


@contextlib.contextmanager
def _both(source: str, target: str, force: bool, remove: bool):
    """Yield (input, output, length of the input or None)."""
    if remove and STANDARD in (source, target):
        raise OptionError("--rm needs files for both input and output")
    if target != STANDARD:
        if source != STANDARD and _same_file(source, target):
            raise OptionError(f"{source}: is both input and output")
        check_target(Path(target), force)
    with _named(source), _input(source) as reader:
        status = os.fstat(reader.fileno())
        regular = stat.S_ISREG(status.st_mode)
        like = status if regular and source != STANDARD else None
        with _output(target, force, like) as writer:
            yield reader, writer, status.st_size if regular else None


@contextlib.contextmanager
def _named(source: str) -> Iterator[None]:
    """Say which file it was that was no archive."""
    try:
        yield
    except OptionError:
        raise
    except CmixpyError as error:
        name = "standard input" if source == STANDARD else source
        raise type(error)(f"{name}: {error}") from None


@contextlib.contextmanager
def _input(source: str) -> Iterator[BinaryIO]:
    if source == STANDARD:
        yield sys.stdin.buffer
        return
    with open(source, "rb") as file:
        yield file


@contextlib.contextmanager
def _output(target: str, force: bool, like: os.stat_result | None) -> Iterator[BinaryIO]:
    if target == STANDARD:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    with atomic_output(Path(target), force=force, like=like) as file:
        yield file


def _same_file(source: str, target: str) -> bool:
    try:
        return os.path.samefile(source, target)
    except OSError:
        return False
