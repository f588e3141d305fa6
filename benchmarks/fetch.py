"""Fetches corpora that are not on this machine into the cache, with pooch; each is verified.

    python -m benchmarks fetch NAME|SET …
"""

import gzip
import shutil
import sys
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

from benchmarks import corpora
from benchmarks.corpora import CorpusError, Entry

PIECE = 1 << 20
UNREADABLE = (OSError, EOFError, zlib.error, zipfile.BadZipFile, tarfile.TarError)
NOT_BASES = bytes(set(range(256)) - set(b"ACGT"))


def download(address: str, folder: Path) -> Path:
    """The file at an address, in `folder`; it is the unpacked file that is verified."""
    try:
        import pooch
    except ImportError:
        raise CorpusError("fetching needs pooch: pip install 'cmixpy[bench]'") from None
    try:
        return Path(pooch.retrieve(address, known_hash=None, path=folder, progressbar=False))
    except Exception as error:  # requests' errors have no common base but this
        raise CorpusError(f"{address}: {error}") from None


def unpack(packed: Path, member: str, target: Path) -> None:
    """A member of a zip or tar archive; without `member`, what a compressed file holds."""
    if member and zipfile.is_zipfile(packed):
        with zipfile.ZipFile(packed) as archive, archive.open(member) as source:
            _copy(source, target)
    elif member:
        with tarfile.open(packed) as archive:
            found = [one for one in archive.getmembers() if Path(one.name).name == member]
            if not found:
                raise CorpusError(f"{packed.name} has no {member}")
            _copy(archive.extractfile(found[0]), target)
    else:
        import bz2

        openers = {".gz": gzip.open, ".bz2": bz2.open}
        with openers.get(packed.suffix, open)(packed, "rb") as source:
            _copy(source, target)


def _copy(source, target: Path) -> None:
    with open(target, "wb") as sink:
        shutil.copyfileobj(source, sink, PIECE)


def keep_bases(source: Path, target: Path) -> None:
    """The letters A, C, G, T of a FASTA file in capitals, without its header lines."""
    with open(source, "rb") as lines, open(target, "wb") as sink:
        for line in lines:
            if not line.startswith(b">"):
                sink.write(line.upper().translate(None, NOT_BASES))


def cut(source: Path, begin: int, end: int, target: Path) -> None:
    """Bytes begin … end - 1 of a file."""
    with open(source, "rb") as file, open(target, "wb") as sink:
        file.seek(begin)
        while begin < end and (part := file.read(min(PIECE, end - begin))):
            sink.write(part)
            begin += len(part)


def fetch(name: str, folder: Path, get: Callable[[str, Path], Path] = download) -> Path:
    """The verified file, fetched into the cache when neither directory has it.

    Raises
    ------
    CorpusError
        It cannot be had, or is not what it must be (then nothing is kept).
    """
    entry = corpora.registry().get(name)
    places = (folder, corpora.cache_directory())
    if entry is None or any((place / name).is_file() for place in places):
        return corpora.locate(name, folder)
    if entry.origin == corpora.OFFLINE:
        raise CorpusError(f"{name}: no address is known; it is looked for in {folder}")
    cache = corpora.cache_directory()
    target = cache / name
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as work:
        made = Path(work) / "made"
        _make(entry, made, Path(work), folder, get)
        made.replace(target)
    return target


def _make(entry: Entry, made: Path, work: Path, folder: Path, get) -> None:
    """Write the file to `made` from its origin, and verify it."""
    if entry.slice:
        whole, begin, end = entry.slice
        cut(fetch(whole, folder, get), begin, end, made)
        corpora.verify(entry, made)
        return
    address, _, transform = entry.origin.partition("|")
    address, _, member = address.partition("!")
    # Archives stay in the cache: several files may come from one.
    packed = get(address, corpora.cache_directory() / "downloads")
    try:
        unpack(packed, member, work / "sequence" if transform else made)
        if transform == "bases":
            keep_bases(work / "sequence", made)
        corpora.verify(entry, made)
    except (CorpusError, *UNREADABLE) as error:
        # Or the next try would find the same bytes again.
        packed.unlink()
        raise CorpusError(f"{address}: {error}") from None


def main(specs: list[str], folder: Path) -> int:
    """Fetch files and sets; 1 when something could not be had."""
    failed = 0
    for spec in specs:
        for name in corpora.names_of(spec):
            try:
                path = fetch(name, folder)
            except CorpusError as error:
                print(error, file=sys.stderr)
                failed = 1
                continue
            entry = corpora.registry()[name]
            unknown = entry.sha256 == corpora.UNKNOWN
            how = "length right; its SHA-256 is not known here" if unknown else "SHA-256 right"
            print(f"{name}: {path} ({how})")
    return failed
