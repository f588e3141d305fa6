"""The scaling study: bytes, time and memory against lanes, threads, length and level.

    python -m benchmarks scaling [STUDY …] [--file NAME[:BYTES]] [--rounds N] [--report]

Studies: lanes, threads, lengths, levels; all by default. Each run is a whole process, its round
trip verified, and a line of scaling.tsv; those of `levels` are lines of results.tsv as well. Then,
or with --report alone, RESULTS.md and its plots are made from scaling.tsv: medians of the rounds,
which go through all settings in turn, so that a busy neighbour meets all of them. Data longer than
the corpora are bytes of generated text behind them.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from benchmarks import data, machine, process, programs, results
from benchmarks.data import Piece
from benchmarks.programs import Program
from benchmarks.results import FOLDER
from cmixpy.codec import DEFAULT_LEVEL

STORED = FOLDER / "scaling.tsv"
COLUMNS = (
    "date", "commit", "machine", "cores", "study", "file", "size", "level", "lanes", "threads",
    "bytes", "compress_s", "decompress_s", "compress_cpu", "decompress_cpu", "compress_mib",
    "decompress_mib",
)  # fmt: skip
FILE = "enwik8.4M"
LANES = tuple(1 << i for i in range(11))
LEVELS = range(1, 10)
# 0.1 … 100 MB.
LENGTHS = (100_000, 300_000, 1_000_000, 3_000_000, 10_000_000, 30_000_000, 100_000_000)
STUDIES = ("lanes", "threads", "lengths", "levels")


def thread_counts(cores: int) -> list[int]:
    """1, 2, 4 … and the number of cores."""
    return sorted({cores, *(1 << i for i in range(cores.bit_length()) if 1 << i <= cores)})


def runs(
    study: str, piece: Piece, cores: int, lengths, lanes, folder: Path, corpora: Path
) -> Iterator[tuple[Piece, Program]]:
    """What a study runs: pieces and settings, of which one thing changes."""
    if study == "lanes":
        yield from ((piece, programs.cmixpy(DEFAULT_LEVEL, cores, n)) for n in lanes)
    elif study == "threads":
        # Lanes enough for every thread, and the same for all.
        many = max(8, cores)
        counts = thread_counts(cores)
        yield from ((piece, programs.cmixpy(DEFAULT_LEVEL, n, many)) for n in counts)
    elif study == "levels":
        yield from ((piece, programs.cmixpy(level, cores)) for level in LEVELS)
    else:
        for length in lengths:
            path = folder / f"concatenated:{length}"
            data.write_concatenated(corpora, length, path)
            yield Piece(path.name, path, length), programs.cmixpy(DEFAULT_LEVEL, cores)
            path.unlink()


def line(study: str, piece: Piece, program: Program, trip: process.RoundTrip, commit: str) -> dict:
    """A line of scaling.tsv."""
    costs = trip.compress, trip.decompress
    values = (
        date.today().isoformat(), commit, machine.processor(), machine.cores(), study, piece.name,
        trip.size, program.level, trip.lanes, program.threads, trip.archive,
        *(f"{cost.seconds:.3f}" for cost in costs), *(f"{cost.cpu:.3f}" for cost in costs),
        *(f"{cost.peak / (1 << 20):.0f}" for cost in costs),
    )  # fmt: skip
    return dict(zip(COLUMNS, map(str, values), strict=True))


def append(row: dict) -> None:
    """Add a line to scaling.tsv."""
    results.append(row, STORED, COLUMNS)


def measure(studies, chosen) -> int:
    """Run the studies; the number of runs that failed."""
    corpora = data.directory(chosen.data)
    (piece,) = data.require([chosen.file], corpora)
    commit, failed = machine.commit(), 0
    version = programs.cmixpy(DEFAULT_LEVEL, 1).describe_version()
    process.warm_up()
    with tempfile.TemporaryDirectory() as name:
        for study in [study for study in studies for _ in range(chosen.rounds)]:
            for one, program in runs(
                study, piece, machine.cores(), chosen.lengths, chosen.lanes, Path(name), corpora
            ):
                try:
                    trip = process.round_trip(one, program)
                except process.Failed as error:
                    print(error, file=sys.stderr)
                    failed += 1
                    continue
                if not trip.same:
                    print(f"{one.name}: THE ROUND TRIP FAILED", file=sys.stderr)
                    failed += 1
                    continue
                row = line(study, one, program, trip, commit)
                append(row)
                if study == "levels":  # as a run of `ratio`
                    results.append(results.line(one.name, program, trip, commit, version))
                print(
                    f"{study}: {one.name} -{program.level}, {row['lanes']} lanes, "
                    f"{program.threads} threads: {trip.archive:,} bytes, {row['compress_s']} / "
                    f"{row['decompress_s']} s"
                )
    return failed


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="benchmarks scaling", description=__doc__.split("\n")[0])
    parser.add_argument("studies", nargs="*", choices=[*STUDIES, []], metavar="STUDY")
    parser.add_argument("--file", default=FILE, metavar="NAME[:BYTES]")
    parser.add_argument("--lanes", nargs="+", type=int, default=LANES)
    parser.add_argument("--lengths", nargs="+", type=int, default=LENGTHS)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--report", action="store_true", help="measure nothing")
    parser.add_argument("--data", metavar="DIR")
    chosen = parser.parse_args(arguments)
    failed = 0 if chosen.report else measure(chosen.studies or STUDIES, chosen)
    from benchmarks import scaling_report

    scaling_report.write()
    return 1 if failed else 0
