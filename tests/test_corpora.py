"""The registry of corpora: nothing unverified is used, nothing missing is passed over."""

import bz2
import gzip
import hashlib
import io
import tarfile
import threading
import zipfile
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from benchmarks import corpora, data, fetch
from benchmarks.corpora import CorpusError, Entry

WHOLE = bytes(range(256)) * 40
SEQUENCE = b">20 a header with ACGT\nNNNNacgtn\nGGTTAA\n"


@pytest.fixture
def place(tmp_path, monkeypatch):
    """An empty data directory, a cache beside it, and a registry of files."""
    (tmp_path / "data").mkdir()
    monkeypatch.setenv("CMIXPY_CORPORA", str(tmp_path / "cache"))

    def entry(name, content, origin, known=True):
        digest = hashlib.sha256(content).hexdigest() if known else corpora.UNKNOWN
        return Entry(name, "few", len(content), digest, origin, "")

    entries = [
        entry("whole", WHOLE, "http://x/all.zip!whole"),
        entry("part", WHOLE[100:5000], "whole[100:5000]"),
        entry("bases", b"ACGTGGTTAA", "http://x/20.fa.gz|bases"),
        entry("new", b"never seen", "http://x/new.bz2", known=False),
        entry("within", b"seen", "new[6:10]"),
        entry("deep/inside", b"in a tar", "http://x/all.tar.gz!inside"),
        entry("here", b"only here", "-"),
    ]
    monkeypatch.setattr(corpora, "registry", lambda: {e.name: e for e in entries})
    return tmp_path / "data"


def served(address, folder):
    """What the addresses of the registry hold."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / address.rpartition("/")[2]
    if path.name == "all.zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("whole", WHOLE)
    elif path.name == "all.tar.gz":
        with tarfile.open(path, "w:gz") as archive:
            member = tarfile.TarInfo("./some/inside")
            member.size = 8
            archive.addfile(member, io.BytesIO(b"in a tar"))
    else:
        pack = gzip.compress if path.suffix == ".gz" else bz2.compress
        path.write_bytes(pack(SEQUENCE if path.suffix == ".gz" else b"never seen"))
    return path


def test_fetched_from_every_kind_of_origin(place):
    assert fetch.fetch("part", place, served).read_bytes() == WHOLE[100:5000]
    assert fetch.fetch("whole", place, None).read_bytes() == WHOLE  # is in the cache by now
    assert fetch.fetch("bases", place, served).read_bytes() == b"ACGTGGTTAA"
    with pytest.raises(CorpusError, match="here: no address is known"):
        fetch.fetch("here", place, served)


def test_members_of_tar_archives(tmp_path):
    packed = served("http://x/all.tar.gz", tmp_path)
    fetch.unpack(packed, "inside", tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == b"in a tar"
    with pytest.raises(CorpusError, match="has no outside"):
        fetch.unpack(packed, "outside", tmp_path / "out")


def test_pooch_downloads(tmp_path):
    """From a server on this machine; and what is said when there is none."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "x.gz").write_bytes(gzip.compress(WHOLE))
    handler = partial(Quiet, directory=str(tmp_path / "there"))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/x.gz"
        path = fetch.download(address, tmp_path / "cache")
        server.shutdown()
    fetch.unpack(path, "", tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == WHOLE
    with pytest.raises(CorpusError, match=f"^{address}: "):
        fetch.download(address, tmp_path / "empty")


def test_the_wrong_bytes_are_refused(place):
    (place / "whole").write_bytes(WHOLE[:-1] + b"?")
    with pytest.raises(CorpusError, match=r"the SHA-256 of .*whole is not that of corpora.tsv"):
        corpora.locate("whole", place)
    (place / "whole").write_bytes(WHOLE[:-1])
    with pytest.raises(CorpusError, match="has 10239 bytes, not 10240"):
        corpora.locate("whole", place)


# Named, because gzip writes the time, and xdist wants the same names in each process.
@pytest.mark.parametrize(
    "content",
    [b"no archive", gzip.compress(b"other bytes"), b""],
    ids=["no archive", "other bytes", "empty"],
)
def test_a_bad_download_is_not_kept(place, content):
    def bad(address, folder):
        path = served(address, folder)
        path.write_bytes(content)
        return path

    with pytest.raises(CorpusError, match=r"http://x/20.fa.gz: "):
        fetch.fetch("bases", place, bad)
    assert not list((place.parent / "cache").rglob("*.gz"))
    assert fetch.fetch("bases", place, served).read_bytes() == b"ACGTGGTTAA"


def test_the_first_digest_of_an_unknown_file_holds(place):
    path = fetch.fetch("new", place, served)
    assert corpora.locate("new", place) == path
    path.write_bytes(b"never sEEn")
    with pytest.raises(CorpusError, match=r"not that of .*first-seen.tsv"):
        corpora.locate("new", place)


def test_a_known_part_of_an_unknown_file_must_be_in_it(place):
    (place / "new").write_bytes(b"never sEEn")
    with pytest.raises(CorpusError, match="new: .*: within is not in its place"):
        corpora.locate("new", place)
    (place / "new").write_bytes(b"NEVER seen")
    assert corpora.locate("new", place) == place / "new"


def test_what_is_missing_is_named(place):
    (place / "here").write_bytes(b"only here")
    pieces, complaints = data.find(["few", "here:4", "here:99", "nowhere"], place)
    assert [piece.name for piece in pieces] == ["here", "here:4"]
    assert pieces[1].read() == b"only"
    assert [complaint.partition(":")[0] for complaint in complaints] == [
        "whole", "part", "bases", "new", "within", "deep/inside", "here", "nowhere",
    ]  # fmt: skip
    assert "fetch whole" in complaints[0]
    with pytest.raises(SystemExit, match="not in corpora.tsv"):
        data.require(["nowhere"], place)


def test_the_registry_is_sound():
    entries = corpora.registry()
    assert len(entries) > 50
    digest = "2b49720ec4d78c3c9fabaee6e4179a5e997302b3a70029f30f2d582218c024a8"
    assert entries["enwik8"].sha256 == digest
    for entry in entries.values():
        assert entry.size > 0
        assert entry.sha256 == corpora.UNKNOWN or len(bytes.fromhex(entry.sha256)) == 32
        if entry.slice:
            whole, begin, end = entry.slice
            assert end - begin == entry.size
            assert end <= entries[whole].size
        else:
            assert entry.origin == corpora.OFFLINE or entry.origin.startswith("http")
