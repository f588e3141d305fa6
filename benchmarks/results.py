"""results.tsv: one line for each file, level and run of benchmarks.ratio. peers.tsv: others'."""

import csv
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent
RESULTS = FOLDER / "results.tsv"
PEERS = FOLDER / "peers.tsv"
COLUMNS = (
    "date", "commit", "machine", "cores", "file", "size", "preset", "level", "lanes", "threads",
    "bytes", "compress_kbps", "decompress_kbps", "compress_mib", "decompress_mib",
)  # fmt: skip


def append(row: dict) -> None:
    """Add a line to results.tsv, with the header where the file is new."""
    new = not RESULTS.exists()
    with open(RESULTS, "a", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, delimiter="\t", lineterminator="\n")
        if new:
            writer.writeheader()
        writer.writerow(row)


def latest(threads: int | None = None) -> dict[tuple[str, int], dict]:
    """The last line of each (file, level); by default those with the most threads seen."""
    if not RESULTS.exists():
        return {}
    with open(RESULTS, newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    if threads is None:
        threads = max((int(row["threads"]) for row in rows), default=0)
    chosen = [row for row in rows if int(row["threads"]) == threads]
    return {(row["file"], int(row["level"])): row for row in chosen}


@cache
def peers() -> dict[str, dict[str, int]]:
    """Bytes by file, then by program and setting; figures measured once, copied by hand."""
    found = {}
    with open(PEERS, newline="") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            found.setdefault(row["file"], {})[row["program"]] = int(row["bytes"])
    return found
