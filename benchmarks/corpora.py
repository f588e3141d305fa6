"""The corpora: which files there are, what each must be, where it lies on this machine.

corpora.tsv has a line for each file: its name, the set it belongs to, bytes, SHA-256, where it
comes from. An origin is an address, `address!member` of an archive, `address|bases` (the letters
A, C, G, T of a sequence), a slice `name[from:to]` of another file, or `-`: not to be had online.

A file is looked for in the data directory ($CMIXPY_DATA, or shared/data beside the checkout), then
in the cache that `python -m benchmarks fetch` fills ($CMIXPY_CORPORA, or ~/.cache/cmixpy-corpora).
Nothing is used before its SHA-256 was found right. For a file whose SHA-256 is `unknown` here, the
length is checked, and parts of it whose SHA-256 is known; the first SHA-256 seen is noted in the
cache (first-seen.tsv) and holds from then on. Those of enwik9 and of ten files of Silesia were not
calculated here but taken from lists of other projects, at least two that agree, and that agree
about dickens, xml and enwik8 too.
"""

import csv
import hashlib
import os
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

CHECKOUT = Path(__file__).parents[1]
REGISTRY = Path(__file__).with_name("corpora.tsv")
FIRST_SEEN = "first-seen.tsv"
UNKNOWN, OFFLINE = "unknown", "-"


class CorpusError(Exception):
    """A file that is missing, or is not what it must be; the message names it."""


@dataclass(frozen=True)
class Entry:
    """A line of the registry."""

    name: str
    set: str
    size: int
    sha256: str
    origin: str
    what: str

    @property
    def slice(self) -> tuple[str, int, int] | None:
        """(name, from, to) where this file is a part of another."""
        found = re.fullmatch(r"([^\[\]/]+)\[(\d*):(\d+)\]", self.origin)
        return (found[1], int(found[2] or 0), int(found[3])) if found else None


@cache
def registry(path: Path = REGISTRY) -> dict[str, Entry]:
    """The lines by name."""
    with open(path, newline="") as file:
        rows = list(csv.reader(file, delimiter="\t"))[1:]
    entries = (Entry(row[0], row[1], int(row[2]), *row[3:]) for row in rows)
    return {entry.name: entry for entry in entries}


def names_of(spec: str) -> list[str]:
    """The files of a set, or the one file that `spec` names."""
    members = [entry.name for entry in registry().values() if entry.set == spec]
    return members or [spec]


def directory(chosen: str | Path | None = None) -> Path:
    """The data directory: the one chosen, or the default."""
    default = CHECKOUT.parent / "shared" / "data"
    return Path(chosen or os.environ.get("CMIXPY_DATA") or default)


def cache_directory() -> Path:
    """Where fetched files are kept."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(os.environ.get("CMIXPY_CORPORA") or Path(base) / "cmixpy-corpora")


def locate(name: str, folder: Path) -> Path:
    """The verified file.

    Raises
    ------
    CorpusError
        It is not in the registry, not on this machine, or not what it must be.
    """
    entry = registry().get(name)
    if entry is None:
        raise CorpusError(f"{name}: not in {REGISTRY.name}")
    for place in (folder, cache_directory()):
        if (place / name).is_file():
            verify(entry, place / name)
            return place / name
    get = "" if entry.origin == OFFLINE else f" (python -m benchmarks fetch {name})"
    raise CorpusError(f"{name}: missing in {folder} and {cache_directory()}{get}")


@cache
def _digest(path: Path, size: int, changed: int) -> str:
    """SHA-256 of a file; size and time of change only tell whether it is still the same."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def verify(entry: Entry, path: Path) -> None:
    """CorpusError unless the file has the length and the SHA-256 that it must have."""
    status = path.stat()
    if status.st_size != entry.size:
        raise CorpusError(f"{entry.name}: {path} has {status.st_size} bytes, not {entry.size}")
    wanted, source = entry.sha256, REGISTRY.name
    if wanted == UNKNOWN:
        wanted, source = _first_seen().get(entry.name), f"{cache_directory() / FIRST_SEEN}"
    digest = _digest(path, status.st_size, status.st_mtime_ns)
    if wanted is None:
        _verify_parts(entry, path)
        _note(entry.name, digest)
    elif digest != wanted:
        raise CorpusError(f"{entry.name}: the SHA-256 of {path} is not that of {source}")


def _verify_parts(entry: Entry, path: Path) -> None:
    """CorpusError unless the slices of a file whose own SHA-256 is not known are in it."""
    for part in registry().values():
        if part.slice and part.slice[0] == entry.name and part.sha256 != UNKNOWN:
            _, begin, end = part.slice
            with open(path, "rb") as file:
                file.seek(begin)
                digest = hashlib.sha256(file.read(end - begin)).hexdigest()
            if digest != part.sha256:
                raise CorpusError(f"{entry.name}: {path}: {part.name} is not in its place")


def _first_seen() -> dict[str, str]:
    path = cache_directory() / FIRST_SEEN
    lines = path.read_text().splitlines() if path.exists() else []
    return dict(line.split("\t") for line in lines)


def _note(name: str, digest: str) -> None:
    folder = cache_directory()
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / FIRST_SEEN, "a") as file:
        file.write(f"{name}\t{digest}\n")
