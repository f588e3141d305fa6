"""What each part of a level earns: leave one out, code again.

    python -m benchmarks ablate [--preset text] [--level 5] [--files NAME[:BYTES] …] [--lanes L]
                                [--techniques] [--only WORDS | --together WORDS …]
                                [--processes 1] [--append]

Prints a Markdown table: bytes gained by the archive's codes when the part is missing, and per
cent of them; `cut?` where that is less than 0.1 % on every file. `--only` leaves out no parts but
those whose names contain the words. `--together` leaves out, for each of its words, all contexts
and weight sets whose names contain it: what parts earn that stand in for one another.
`--techniques` leaves out whole techniques (all, or those of `--only`), each file with the preset
that is its own. `--append` adds the table to LOG.md.
"""

import argparse
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from datetime import date
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

from benchmarks import data, machine
from benchmarks.markdown import table
from cmixpy import presets
from cmixpy.analysis import variants
from cmixpy.analysis.study import Subject, subject
from cmixpy.codec import DEFAULT_LEVEL
from cmixpy.description import Description

LOG = Path(__file__).with_name("LOG.md")
FILES = {
    "text": ("enwik8.4M:1000000", "calgary/book1:500000", "misc/Hadoop_2k.log"),
    "binary": ("misc/busybox:1000000", "canterbury/kennedy.xls:500000", "calgary/obj2"),
    "executable": ("misc/busybox:1000000",),
    "dna": ("E.coli:1000000", "human.chr20.4M:1000000"),
}
# Of every kind some, for techniques.
KINDS = (
    "enwik8.4M:300000", "misc/gensim_py.tar:200000", "xml:200000", "misc/Hadoop_2k.log",
    "human.chr20.4M:500000", "E.coli:500000", "misc/busybox:300000",
    "canterbury/kennedy.xls:200000", "calgary/obj2:100000", "misc/illumina.qual.1M:200000",
)  # fmt: skip
# A part that earns less than this on every file is flagged.
LEAST_GAIN = 0.001


class Task(NamedTuple):
    """One coding: a piece under a level's plan with another description."""

    piece: data.Piece
    preset: str
    level: int
    lanes: int | None
    description: Description


@cache
def _subject(piece: data.Piece, preset: str, level: int, lanes: int | None) -> Subject:
    return subject(piece.name, piece.read(), level, preset, lanes)


def bytes_with(given: Subject, description: Description) -> int:
    """Bytes of the lanes' codes; the symbols' own bytes where the model fails."""
    from cmixpy import engine

    codes = engine.encode_segment(given.symbols, replace(given.plan, description=description), 1)
    return sum(map(len, codes)) if codes is not None else len(given.symbols)


def coded_bytes(task: Task) -> int:
    """The same, of a task."""
    given = _subject(task.piece, task.preset, task.level, task.lanes)
    return bytes_with(given, task.description)


def coded(tasks: list[Task], processes: int) -> list[int]:
    """Bytes of each task, with progress on stderr; the first task alone, so that it compiles."""
    sizes = [coded_bytes(tasks[0])]

    def collect(found):
        for size in found:
            sizes.append(size)
            print(f"\r{len(sizes)} of {len(tasks)}", end="", file=sys.stderr)

    if processes == 1:
        collect(map(coded_bytes, tasks[1:]))
    else:
        with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
            collect(pool.map(coded_bytes, tasks[1:]))
    print(file=sys.stderr)
    return sizes


def report(names: list[str], files: list[str], sizes: list[list[int | None]]) -> str:
    """The table; names[0] and sizes[0] are the whole model; None: the file's model has no such."""
    first, *rest = sizes
    lines = [[names[0], *(f"{size:,}" for size in first), ""]]
    for name, row in zip(names[1:], rest, strict=True):
        losses = [(size and size - whole, whole) for size, whole in zip(row, first, strict=True)]
        cells = [
            "–" if loss is None else f"{loss:+,} ({100 * loss / whole:+.2f} %)"
            for loss, whole in losses
        ]
        earns = any(loss is not None and loss >= LEAST_GAIN * whole for loss, whole in losses)
        lines.append([name, *cells, "" if earns else "cut?"])
    return table(["left out", *files, ""], lines)


def append_to_log(title: str, found: str) -> None:
    """A section of LOG.md, of today."""
    with open(LOG, "a") as log:
        log.write(f"\n## {date.today().isoformat()} {title}\n\n{found}\n")


def _parts(whole: Description, only: str, together: list[str] | None):
    """(what is left out, the rest); SystemExit where nothing is named like that."""
    each = list(variants.leave_one_out(whole))
    try:
        if together:
            return [(f"all {words}", variants.without_all(whole, words)) for words in together]
        chosen = [part for part in each if only in part[0]]
        if not chosen:
            raise ValueError(f"no part is named like {only!r}")
    except ValueError as error:
        names = "\n".join(name for name, _ in each)
        raise SystemExit(f"{error}:\n{names}") from None
    return chosen


def _rows_of_parts(chosen, pieces) -> tuple[str, list[tuple[str, list[Description]]]]:
    """What is told of the preset, and of each row its name and, for each piece, its description."""
    whole = variants.untaught(presets.describe(chosen.level, chosen.preset))
    rows = [("nothing", whole), *_parts(whole, chosen.only, chosen.together)]
    return f"preset {chosen.preset}", [(name, [rest] * len(pieces)) for name, rest in rows]


def _rows_of_techniques(chosen, pieces):
    """The same; None where the model of a piece does without the technique as it is."""
    given = [_subject(piece, "auto", chosen.level, chosen.lanes) for piece in pieces]
    wholes = [subject.plan.description for subject in given]
    found = [dict(variants.techniques(whole)) for whole in wholes]
    names = dict.fromkeys(name for rests in found for name in rests if chosen.only in name)
    if not names:
        raise SystemExit(f"no technique is named like {chosen.only!r}")
    rows = [("nothing", [variants.untaught(whole) for whole in wholes])]
    rows += [(name, [rests.get(name) for rests in found]) for name in names]
    return "presets " + ", ".join(subject.preset for subject in given), rows


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="benchmarks ablate", description=__doc__.split("\n")[0])
    parser.add_argument("--preset", choices=presets.PRESETS, default="text")
    parser.add_argument("--level", type=int, default=DEFAULT_LEVEL)
    parser.add_argument("--files", nargs="+", metavar="NAME[:BYTES]")
    parser.add_argument("--lanes", type=int)
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--only", default="", metavar="WORDS")
    which.add_argument("--together", nargs="+", metavar="WORDS")
    parser.add_argument("--techniques", action="store_true")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--append", action="store_true", help="add the table to LOG.md")
    parser.add_argument("--data", metavar="DIR")
    chosen = parser.parse_args(arguments)
    if chosen.techniques and chosen.together:
        parser.error("--together is for parts, not for --techniques")
    named = chosen.files or (KINDS if chosen.techniques else FILES[chosen.preset])
    pieces = data.require(named, data.directory(chosen.data))
    preset = "auto" if chosen.techniques else chosen.preset
    about, rows = (_rows_of_techniques if chosen.techniques else _rows_of_parts)(chosen, pieces)
    tasks = [
        Task(piece, preset, chosen.level, chosen.lanes, description)
        for _, descriptions in rows
        for piece, description in zip(pieces, descriptions, strict=True)
        if description is not None
    ]
    flat = iter(coded(tasks, chosen.processes))
    sizes = [[None if d is None else next(flat) for d in descriptions] for _, descriptions in rows]
    found = report([name for name, _ in rows], [piece.name for piece in pieces], sizes)

    lanes = f", {chosen.lanes} lanes" if chosen.lanes else ""
    about = f"{about}, level {chosen.level}{lanes}, commit {machine.commit()}"
    print(f"{about}\n\n{found}")
    if chosen.append:
        append_to_log(f"Ablation: {about}", found)
    return 0


if __name__ == "__main__":
    sys.exit(main())
