"""`cmixpy analyze`: read, study, write the page."""

import contextlib
import os
import sys
from pathlib import Path

from cmixpy import codec, memory
from cmixpy.commands import STANDARD, Talk
from cmixpy.errors import OptionError
from cmixpy.files import atomic_output, check_target
from cmixpy.pace import usable_cores

SUFFIX = {False: ".html", True: ".json"}


def analyze(
    source: str,
    target: str | None,
    *,
    json: bool,
    ablate: bool,
    force: bool,
    level: int,
    preset: str,
    lanes: int | None,
    most: str,
    text: str,
    at: str,
    threads: int | None,
    talk: Talk,
) -> None:
    """Write a page (or JSON) about the first `most` bytes of a file; `text` of them, from `at`."""
    limit, count, first = map(memory.parse_size, (most, text, at))
    codec.check_options(level, preset, lanes, threads, limit)
    if target is None:
        target = STANDARD if json or source == STANDARD else source + SUFFIX[json]
    if target == STANDARD and sys.stdout.isatty() and not json and not force:
        raise OptionError("refusing to write a page to a terminal (-o names a file, -f forces)")
    if target != STANDARD:
        with contextlib.suppress(OSError):
            if source != STANDARD and os.path.samefile(source, target):
                raise OptionError(f"{source}: is both input and output")
        check_target(Path(target), force)
    data, whole = _beginning(source, limit)
    from cmixpy.analysis import page
    from cmixpy.analysis.study import study

    with talk.report(len(data)) as report:
        found = study(
            "standard input" if source == STANDARD else Path(source).name,
            data,
            level=level,
            preset=preset,
            lanes=lanes,
            text=count,
            shown=first,
            ablated=ablate,
            threads=threads or usable_cores(),
            file_length=whole,
            report=report,
        )
    written = (page.as_json(found) if json else page.html(found)).encode()
    if target == STANDARD:
        sys.stdout.buffer.write(written)
        sys.stdout.buffer.flush()
        return
    with atomic_output(Path(target), force=force, like=None) as file:
        file.write(written)


def _beginning(source: str, limit: int) -> tuple[bytes, int | None]:
    """At most `limit` bytes, and the length of the whole where that is known."""
    if source == STANDARD:
        return sys.stdin.buffer.read(limit), None
    with open(source, "rb") as file:
        return file.read(limit), os.fstat(file.fileno()).st_size
