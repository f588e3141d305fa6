"""Files × levels → bytes, bpc, speed both ways, peak memory; the round trip is checked.

    python -m benchmarks ratio [--files NAME[:BYTES] …] [--levels N …] [--threads N] [--data DIR]

Times are of whole processes with compiled kernels in the cache. Every line is appended to
results.tsv, from which `python -m benchmarks readme` makes README's tables.
"""

import argparse
import sys

from rich.console import Console
from rich.table import Table

from benchmarks import data, machine, process, programs, results

PEERS = ("xz-9e", "zpaq-m5", "lpaq1-9", "mcm-h11", "paq8px-8", "geco3-l12", "jarvis3-l33")


def measure(piece: data.Piece, level: int, threads: int, commit: str) -> dict | None:
    """One line for results.tsv; None when the round trip failed."""
    program = programs.cmixpy(level, threads)
    try:
        trip = process.round_trip(piece, program)
    except process.Failed as error:
        raise SystemExit(str(error)) from None
    return results.line(piece.name, program, trip, commit) if trip.same else None


def figures(rows: list[dict]) -> Table:
    """The terminal's table of what was measured."""
    table = Table(title=machine.kind())
    table.add_column("file")
    names = "level", "preset", "lanes", "bytes", "bpc", "KB/s c", "KB/s d", "MiB c", "MiB d"
    for name in names:
        table.add_column(name, justify="right")
    for row in rows:
        table.add_row(
            row["file"], str(row["level"]), row["preset"], str(row["lanes"]),
            f"{int(row['bytes']):,}", f"{8 * int(row['bytes']) / int(row['size']):.4f}",
            row["compress_kbps"], row["decompress_kbps"], row["compress_mib"],
            row["decompress_mib"],
        )  # fmt: skip
    return table


def comparison(rows: list[dict]) -> Table:
    """The terminal's table of bytes beside the peers'."""
    levels = sorted({int(row["level"]) for row in rows})
    sizes = {(row["file"], int(row["level"])): int(row["bytes"]) for row in rows}
    table = Table(title="bytes beside the peers' (peers.tsv)")
    table.add_column("file")
    for name in (*(f"-{level}" for level in levels), *PEERS):
        table.add_column(name, justify="right")
    for file in dict.fromkeys(row["file"] for row in rows):
        ours = [sizes.get((file, level)) for level in levels]
        theirs = [results.peers().get(file, {}).get(peer) for peer in PEERS]
        table.add_row(file, *(f"{size:,}" if size else "" for size in (*ours, *theirs)))
    return table


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="benchmarks ratio", description=__doc__.split("\n")[0])
    parser.add_argument("--files", nargs="+", default=data.FILES, metavar="NAME[:BYTES]")
    parser.add_argument("--levels", nargs="+", type=int, default=range(1, 7), metavar="N")
    parser.add_argument("--threads", type=int, default=machine.cores())
    parser.add_argument("--data", metavar="DIR")
    parser.add_argument("--no-append", action="store_true", help="leave results.tsv alone")
    chosen = parser.parse_args(arguments)

    pieces, complaints = data.find(chosen.files, data.directory(chosen.data))
    console = Console(width=None if sys.stdout.isatty() else 140)
    for complaint in complaints:
        print(complaint, file=sys.stderr)
    if pieces:
        process.warm_up()
    rows, commit = [], machine.commit()
    for piece in pieces:
        for level in chosen.levels:
            row = measure(piece, level, chosen.threads, commit)
            if row is None:
                complaints.append(f"{piece.name} at level {level}: THE ROUND TRIP FAILED")
                print(complaints[-1], file=sys.stderr)
                continue
            rows.append(row)
            if not chosen.no_append:
                results.append(row)
            console.print(
                f"{piece.name} -{level}: {int(row['bytes']):,} bytes, "
                f"{row['compress_kbps']} / {row['decompress_kbps']} KB/s",
                highlight=False,
            )
    if rows:
        console.print(figures(rows))
        console.print(comparison(rows))
    if complaints:
        print(f"not measured, as told above: {len(complaints)}", file=sys.stderr)
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
