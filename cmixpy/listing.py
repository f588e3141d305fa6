"""The tables of `cmixpy l` and `cmixpy models`."""

from collections.abc import Iterable
from typing import BinaryIO

from rich.console import Console
from rich.table import Table

from cmixpy import memory, presets
from cmixpy.archive import Reader
from cmixpy.errors import UnsupportedError
from cmixpy.header import Segment
from cmixpy.segments import memory_to_decode, plan_of
from cmixpy.source import Source

UNKNOWN = "?"


def list_archive(stream: BinaryIO, threads: int) -> None:
    """Print one row a segment and the totals, from the headers alone."""
    reader = Reader(Source(stream))
    table = _table("segment", "bytes", "archived", "bpc", "preset", "level", "lanes", "XXH3-64")
    length, most_memory, seconds, known = 0, 0, 0.0, True
    count = 0
    for segment in reader:
        count += 1
        length += segment.length
        table.add_row(*_row(segment))
        try:
            most_memory = max(most_memory, memory_to_decode(segment))
            seconds += _seconds(segment, threads)
        except UnsupportedError:
            known = False
    archived = reader.source.offset
    _print(table)
    print(
        f"{_count(reader.archives, 'archive')}, {_count(count, 'segment')}: "
        f"{length} bytes in {archived}, {_bpc(archived, length)} bpc"
    )
    if known:
        print(
            f"decoding needs {memory.format_size(most_memory)} of memory "
            f"and about {_duration(seconds)} with {_count(threads, 'thread')}"
        )
    else:
        print("decoding needs a newer cmixpy")


def list_models() -> None:
    """Print what every preset does at every level."""
    table = _table("preset", "level", "model", "contexts", "memory")
    for preset, level, summary, contexts, size in presets.table():
        table.add_row(preset, str(level), summary, str(contexts), memory.format_size(size))
    _print(table)


def _row(segment: Segment) -> Iterable[str]:
    model = segment.model
    preset, level, lanes = "stored", "", ""
    if model is not None:
        name, lanes = model.name, str(model.lanes)
        preset = presets.name_of(name.preset) or UNKNOWN
        level = str(name.level)
    return (
        str(segment.index),
        str(segment.length),
        str(segment.size),
        _bpc(segment.size, segment.length),
        preset,
        level,
        lanes,
        f"{segment.content_hash:016x}",
    )


def _seconds(segment: Segment, threads: int) -> float:
    """Nominal time; machines differ by small factors."""
    if segment.model is None:
        return 0.0
    plan = plan_of(segment)
    symbols = plan.primed * plan.lanes + segment.model.symbols
    nanoseconds = plan.description.nanoseconds_per_symbol * symbols
    return nanoseconds / 1e9 / min(threads, segment.model.lanes)


def _bpc(archived: int, length: int) -> str:
    return f"{8 * archived / length:.4f}" if length else "-"


def _count(count: int, what: str) -> str:
    return f"{count} {what}" + ("" if count == 1 else "s")


def _duration(seconds: float) -> str:
    if seconds < 100:
        return f"{seconds:.1f} s"
    if seconds < 6000:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False)
    for column in columns:
        text = column in ("preset", "model", "XXH3-64")
        table.add_column(column, justify="left" if text else "right", no_wrap=True)
    return table


def _print(table: Table) -> None:
    # Not cut to the width of a terminal: rows are for reading and for other programs.
    Console(width=200, highlight=False).print(table)
