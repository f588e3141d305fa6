"""cmixpy and its peers side by side: bytes, wall and CPU time both ways, peak memory.

    python -m benchmarks compare [FILE[:BYTES]|SET …] [--program NAME …] [--level N …] [--rounds N]

Programs take turns on each file, in the other order in every second round, so that a busy
neighbour meets all of them. Every output is compared with its input. Each run is a line of
results.tsv; the tables and plots are made from there (report.py). Peers use one thread.
"""

import sys
from collections.abc import Sequence
from functools import partial

from benchmarks import data, machine, process, programs, results
from benchmarks.programs import Program


def chosen_programs(
    names: Sequence[str] | None, levels: Sequence[int], threads: int
) -> tuple[list[Program], list[str]]:
    """What is run, and complaints about peers that are not here; by default all that are."""
    known = programs.known_peers()
    found, complaints = [], []
    for name in known if names is None else names:
        if name not in known:
            complaints.append(f"{name}: not in {programs.PEERS.name}")
            continue
        program = programs.peer(name)
        if program is None:
            complaints.append(f"{name}: {known[name]['program']} is not on PATH")
        else:
            found.append(program)
    return [*found, *(programs.cmixpy(level, threads) for level in levels)], complaints


def suits(program: Program, piece: data.Piece) -> bool:
    """Whether the program takes such files: some take only bases, all capitals or all small."""
    if program.only != "bases":
        return True
    letters: set[int] = set()
    with open(piece.path, "rb") as file:
        for part in iter(partial(file.read, 1 << 16), b""):
            letters.update(part)
            if not (letters <= set(b"ACGT") or letters <= set(b"acgt")):
                return False
    return True


def run(pieces: list[data.Piece], chosen: list[Program], rounds: int, append: bool) -> list[str]:
    """Measure, print and store; complaints about runs that failed."""
    complaints = []
    commit = machine.commit()
    versions = {program.name: program.describe_version() for program in chosen}
    if any(program.level is not None for program in chosen):
        process.warm_up()
    for piece in pieces:
        for number in range(rounds):
            for program in chosen if number % 2 == 0 else chosen[::-1]:
                if not suits(program, piece):
                    continue
                try:
                    trip = process.round_trip(piece, program)
                except process.Failed as error:
                    complaints.append(f"{piece.name}: {error}")
                    print(complaints[-1], file=sys.stderr)
                    continue
                row = results.line(piece.name, program, trip, commit, versions[program.name])
                if not trip.same:
                    complaints.append(f"{piece.name}: {results.label(row)}: THE ROUND TRIP FAILED")
                    print(complaints[-1], file=sys.stderr)
                    continue
                if append:
                    results.append(row)
                print(
                    f"{piece.name} {results.label(row)}: {trip.archive:,} bytes, "
                    f"{row['compress_kbps']} / {row['decompress_kbps']} KB/s, "
                    f"{row['compress_mib']} / {row['decompress_mib']} MiB"
                )
    return complaints
