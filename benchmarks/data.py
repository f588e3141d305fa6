"""Pieces of the corpora: files, or their beginnings, that were found and verified (corpora.py)."""

import hashlib
import itertools
import random
import sysconfig
from dataclasses import dataclass
from pathlib import Path

from benchmarks import corpora
from benchmarks.corpora import CHECKOUT, CorpusError, directory

__all__ = [
    "CHECKOUT", "FILES", "TEXT_FILES", "Piece", "concatenated", "directory", "find",
    "generated_text", "require", "sources", "write_concatenated",
]  # fmt: skip
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


def find(specs, folder: Path) -> tuple[list[Piece], list[str]]:
    """The pieces that `specs` (name, name:bytes or set) stand for, and complaints about others."""
    pieces, complaints = [], []
    for spec in itertools.chain.from_iterable(map(corpora.names_of, specs)):
        name, _, size = spec.partition(":")
        try:
            path = corpora.locate(name, folder)
        except CorpusError as error:
            complaints.append(str(error))
            continue
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
    """The corpora's files one after the other, at most `most` bytes: text first, bases last.

    Every file occurs once, so that no match model lives off repetition.
    """
    parts, missing = [], most
    for piece in require(_in_a_row(), folder):
        if missing <= 0:
            break
        parts.append(piece.read()[:missing])
        missing -= len(parts[-1])
    return b"".join(parts)


def sources(most: int) -> bytes:
    """Python's and its packages' sources as installed here, at most `most` bytes: large, alike.

    No text that is read every day is as large and at hand; equal files are taken once.
    """
    parts: list[bytes] = []
    seen: set[bytes] = set()
    missing = most
    for folder in dict.fromkeys((sysconfig.get_path("purelib"), sysconfig.get_path("stdlib"))):
        for path in sorted(Path(folder).rglob("*.py")):
            content = path.read_bytes()
            digest = hashlib.sha256(content).digest()
            if digest not in seen:
                seen.add(digest)
                parts.append(content[:missing])
                missing -= len(parts[-1])
            if missing == 0:
                return b"".join(parts)
    return b"".join(parts)


def write_concatenated(folder: Path, length: int, target: Path) -> None:
    """`length` bytes to a file: those of `concatenated`, and generated text behind them."""
    with open(target, "wb") as sink:
        sink.write(concatenated(folder, length))
        seed = 0
        while sink.tell() < length:
            sink.write(generated_text(seed, min(1 << 20, length - sink.tell())))
            seed += 1


def generated_text(seed: int, length: int) -> bytes:
    """Words of a vocabulary of the seed's own, the likelier the lower their rank."""
    dice = random.Random(seed)
    letters = "etaoinshrdlucmfwygpbvkxqjz"
    words = [
        "".join(letters[int(26 * dice.random() ** 2)] for _ in range(2 + int(8 * dice.random())))
        for _ in range(4000)
    ]
    out: list[str] = []
    size = 0
    while size < length:
        out.append(words[int(4000 ** dice.random()) - 1])
        size += len(out[-1]) + 1
    return " ".join(out).encode()[:length].ljust(length, b"\n")


def _in_a_row() -> list[str]:
    copies = {"enwik6", "calgary/pic"}
    first = ("enwik8.4M", "dickens", "xml")
    last = ("E.coli", "human.chr20.4M")
    others = [
        entry.name
        for entry in corpora.registry().values()
        if entry.set in ("calgary", "canterbury", "misc") and entry.name not in copies
    ]
    return [*first, *others, *last]
