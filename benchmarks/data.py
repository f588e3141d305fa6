"""The corpus: where it lies, which files it has, and whether they are the right ones.

The directory is the environment variable CMIXPY_DATA, or shared/data beside the checkout. Its
MANIFEST.tsv (path, bytes, sha256, what) says what each file must be.
"""

import hashlib
import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path

CHECKOUT = Path(__file__).parents[1]
TEXT_FILES = ("enwik6", "enwik8.4M")
FILES = (
    *TEXT_FILES, "dickens", "xml", "E.coli", "human.chr20.4M", "misc/busybox",
    "misc/Hadoop_2k.log", "misc/citm_catalog.json", "misc/gensim_py.tar", "misc/illumina.qual.1M",
    "calgary/book1", "canterbury/kennedy.xls", "canterbury/alice29.txt",
)  # fmt: skip


@dataclass(frozen=True)
class Piece:
    """A file, or its first `size` bytes; `name` is the path in the corpus, or path:size."""

    name: str
    path: Path
    size: int

    @property
    def whole(self) -> bool:
        return self.size == self.path.stat().st_size

    def read(self) -> bytes:
        with open(self.path, "rb") as file:
            return file.read(self.size)


def directory(chosen: str | Path | None = None) -> Path:
    """The data directory: the one chosen, or the default."""
    default = CHECKOUT.parent / "shared" / "data"
    return Path(chosen or os.environ.get("CMIXPY_DATA") or default)


@cache
def manifest(folder: Path) -> dict[str, tuple[int, str]]:
    """Bytes and SHA-256 of each file of the corpus; empty when there is no corpus."""
    path = folder / "MANIFEST.tsv"
    if not path.exists():
        return {}
    rows = [line.split("\t") for line in path.read_text().splitlines()[1:]]
    return {row[0]: (int(row[1]), row[2]) for row in rows}


@cache
def _complaint(name: str, folder: Path) -> str | None:
    """What is wrong with a file, if anything."""
    path = folder / name
    if not path.is_file():
        return f"{name}: missing in {folder}"
    known = manifest(folder).get(name)
    if known is None:
        return f"{name}: not in MANIFEST.tsv"
    with open(path, "rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != known[1]:
            return f"{name}: its SHA-256 is not that of MANIFEST.tsv"
    return None


def find(specs, folder: Path) -> tuple[list[Piece], list[str]]:
    """The pieces that `specs` (name or name:bytes) stand for, and complaints about the others."""
    pieces, complaints = [], []
    for spec in specs:
        name, _, size = spec.partition(":")
        complaint = _complaint(name, folder)
        if complaint:
            complaints.append(complaint)
            continue
        path = folder / name
        most = path.stat().st_size
        wanted = int(size) if size else most
        if not 0 < wanted <= most:
            complaints.append(f"{spec}: the file has {most} bytes")
            continue
        pieces.append(Piece(spec if wanted < most else name, path, wanted))
    return pieces, complaints


def require(specs, folder: Path) -> list[Piece]:
    """The pieces, or the end of the program with all complaints."""
    pieces, complaints = find(specs, folder)
    if complaints:
        raise SystemExit("\n".join(complaints))
    return pieces


def concatenated(folder: Path, most: int) -> bytes:
    """The corpus's files one after the other, at most `most` bytes: text first, bases last.

    Every file occurs once, so that no match model lives off repetition.
    """
    copies = {"enwik6", "calgary/pic", "canterbury/E.coli"}
    first = ("enwik8.4M", "dickens", "xml")
    last = ("E.coli", "human.chr20.4M")
    others = [name for name in manifest(folder) if name not in {*first, *last, *copies}]
    parts, missing = [], most
    for piece in require([*first, *others, *last], folder):
        if missing <= 0:
            break
        parts.append(piece.read()[:missing])
        missing -= len(parts[-1])
    return b"".join(parts)
