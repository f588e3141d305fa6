"""results.tsv: a line for each run of a program on a file. peers.tsv: figures copied by hand.

Columns were added at the end; in older lines they are empty, and the program was cmixpy.
"""

import csv
from collections.abc import Iterable
from datetime import date
from functools import cache
from pathlib import Path
from statistics import median

from benchmarks import machine
from benchmarks.process import RoundTrip
from benchmarks.programs import Program

FOLDER = Path(__file__).parent
RESULTS = FOLDER / "results.tsv"
PEERS = FOLDER / "peers.tsv"
COLUMNS = (
    "date", "commit", "machine", "cores", "file", "size", "preset", "level", "lanes", "threads",
    "bytes", "compress_kbps", "decompress_kbps", "compress_mib", "decompress_mib", "program",
    "version", "compress_cpu", "decompress_cpu",
)  # fmt: skip
MEASURED = ("compress_kbps", "decompress_kbps", "compress_mib", "decompress_mib")


def line(file: str, program: Program, trip: RoundTrip, commit: str, version: str = "") -> dict:
    """What a round trip is in results.tsv; CPU in seconds, KB/s by the wall."""
    costs = trip.compress, trip.decompress
    values = (
        date.today().isoformat(), commit, machine.processor(), machine.cores(), file, trip.size,
        trip.preset, "" if program.level is None else program.level,
        "" if trip.lanes is None else trip.lanes, program.threads, trip.archive,
        *(f"{trip.size / 1000 / cost.seconds:.1f}" for cost in costs),
        *(f"{cost.peak / (1 << 20):.0f}" for cost in costs),
        program.name, version, *(f"{cost.cpu:.2f}" for cost in costs),
    )  # fmt: skip
    return dict(zip(COLUMNS, map(str, values), strict=True))


def append(row: dict, path: Path | None = None, columns=COLUMNS) -> None:
    """Add a line to results.tsv (or another file), with the header where the file is new."""
    path = path or RESULTS
    new = not path.exists()
    with open(path, "a", newline="") as file:
        writer = csv.DictWriter(file, columns, delimiter="\t", lineterminator="\n")
        if new:
            writer.writeheader()
        writer.writerow(row)


def read(path: Path | None = None) -> list[dict]:
    """All lines, oldest first, as strings."""
    path = path or RESULTS
    if not path.exists():
        return []
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file, COLUMNS, restval="", delimiter="\t"))[1:]
    return [{**row, "program": row["program"] or "cmixpy"} for row in rows]


def latest(threads: int | None = None) -> dict[tuple[str, int], dict]:
    """cmixpy's last line of each (file, level); by default those with the most threads seen.

    Speeds and memory are medians of its last commit's runs on that machine.
    """
    rows = [row for row in read() if row["program"] == "cmixpy"]
    if threads is None:
        threads = max((int(row["threads"]) for row in rows), default=0)
    groups: dict[tuple[str, int], list[dict]] = {}
    for row in rows:
        if int(row["threads"]) == threads:
            groups.setdefault((row["file"], int(row["level"])), []).append(row)
    return {key: middle(last_run(group), MEASURED) for key, group in groups.items()}


def last_run(group: list[dict]) -> list[dict]:
    """The lines of the last line's commit and machine."""
    where = [[row[name] for name in ("commit", "machine", "cores")] for row in group]
    return [row for row, place in zip(group, where, strict=True) if place == where[-1]]


def middle(group: list[dict], names: Iterable[str]) -> dict:
    """The last line of a group, with medians over all of it in the named columns."""
    values = {name: f"{median(float(row[name]) for row in group):g}" for name in names}
    return {**group[-1], **values}


def side_by_side(rows: Iterable[dict], file: str) -> dict[str, list[dict]]:
    """For each program and setting its runs on a file: those of its last commit, on one machine.

    The machine is the one of the file's last line that has a peer in it, or else of its last line,
    so that what is compared was measured on one machine.
    """
    found = [row for row in rows if row["file"] == file]
    if not found:
        return {}
    peers = [row for row in found if row["program"] != "cmixpy"]
    last = (peers or found)[-1]
    groups: dict[str, list[dict]] = {}
    for row in found:
        if (row["machine"], row["cores"]) == (last["machine"], last["cores"]):
            groups.setdefault(label(row), []).append(row)
    return {name: last_run(group) for name, group in groups.items()}


def label(row: dict) -> str:
    """A program with its setting: `xz-9e`, `cmixpy -5`, `cmixpy -5, 1 thread`."""
    if row["program"] != "cmixpy":
        return row["program"]
    alone = ", 1 thread" if row["threads"] == "1" else ""
    return f"cmixpy -{row['level']}{alone}"


@cache
def peers() -> dict[str, dict[str, int]]:
    """Bytes by file, then by program and setting: peers.tsv, and what was measured since."""
    found: dict[str, dict[str, int]] = {}
    with open(PEERS, newline="") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            found.setdefault(row["file"], {})[row["program"]] = int(row["bytes"])
    for row in read():
        if row["program"] != "cmixpy":
            found.setdefault(row["file"], {})[row["program"]] = int(row["bytes"])
    return found
