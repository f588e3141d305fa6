"""Sizes, and what the machine and its control groups leave."""

import subprocess
import sys

import numpy as np
import pytest

from benchmarks.data import CHECKOUT, generated_text
from cmixpy import memory, presets
from cmixpy.archive import Reader
from cmixpy.codec import DEFAULT_LEVEL
from cmixpy.coded_text import LISTED, WORDS
from cmixpy.early import PIECE, EarlyMemory
from cmixpy.errors import MemoryLimitError, OptionError
from cmixpy.header import NO_TRANSFORM
from cmixpy.segments import memory_to_decode, memory_to_encode, plan_of
from cmixpy.source import Source
from cmixpy.transform import NUCLEOTIDES
from cmixpy.x86 import ADDRESSES

# What each preset's symbols are made by, and at most how many of a hundred bytes.
TRANSFORMS = {
    "dna": (NUCLEOTIDES, 100), "genes": (NUCLEOTIDES, 100), "executable": (ADDRESSES, 100),
    "text": (WORDS, 90), "english": (LISTED, 90),
}  # fmt: skip


def test_sizes_are_read():
    texts = ("17", "64k", "2G", "1GiB", "3MB", " 5 ")
    sizes = [memory.parse_size(text) for text in texts]
    assert sizes == [17, 64 << 10, 2 << 30, 1 << 30, 3 << 20, 5]


@pytest.mark.parametrize("text", ["", "G", "-1", "1.5G", "two", "1X", "²"])
def test_what_is_no_size(text):
    with pytest.raises(OptionError, match="is no size"):
        memory.parse_size(text)


def test_sizes_are_written():
    sizes = [memory.format_size(n) for n in (0, 999, 1 << 20, 3 << 29, 1 << 50)]
    assert sizes == ["0 bytes", "999 bytes", "1 MiB", "1.5 GiB", "1.02e+03 TiB"]


def test_something_is_available():
    free = memory.available()
    assert free is None or free > 1 << 20


def test_requirements(monkeypatch):
    monkeypatch.setattr(memory, "available", lambda: 1000)
    memory.require(1000, None, "x")
    memory.require(5000, 5000, "x")
    with pytest.raises(MemoryLimitError) as caught:
        memory.require(5001, 5000, "x")
    assert str(caught.value) == (
        "x needs 4.88 KiB of memory, the limit is 4.88 KiB (--memory-limit)"
    )
    with pytest.raises(MemoryLimitError) as caught:
        memory.require(1001, None, "x")
    assert str(caught.value) == (
        "x needs 0.978 KiB of memory, 0.977 KiB are available (--memory-limit overrides)"
    )
    monkeypatch.setattr(memory, "available", lambda: None)
    memory.require(1 << 60, None, "x")


@pytest.mark.parametrize(
    ("files", "left"),
    [
        ({"max": "1000", "current": "600", "memory.stat": "anon 5\ninactive_file 100\n"}, 500),
        ({"max": "max", "current": "600", "memory.stat": ""}, None),
        ({"max": "1000", "current": "1200", "memory.stat": ""}, 0),
        ({"max": "1000"}, None),
    ],
)
def test_control_groups(tmp_path, files, left):
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    assert memory._left(tmp_path, "max", "current") == left


def resident(array: np.ndarray) -> int:
    """Bytes of the array that are in memory, by Linux's /proc."""
    first, last = array.ctypes.data // 4096, (array.ctypes.data + array.nbytes) // 4096
    with open("/proc/self/pagemap", "rb") as file:
        file.seek(8 * first)
        entries = np.frombuffer(file.read(8 * (last - first)), dtype=np.uint64)
    return int((entries >> np.uint64(63)).sum()) * 4096


def test_threads_share_early_memory_out():
    early = EarlyMemory(10 * PIECE)
    parts = [early.zeros((PIECE,), np.uint8) for _ in range(12)]
    early.wait(3)
    # Each piece once; none where the system cannot be asked.
    assert early.asked // PIECE in (0, 9, 10)
    for i, part in enumerate(parts):
        assert not part.any()
        part[:] = i + 1
    assert all((part == i + 1).all() for i, part in enumerate(parts))


@pytest.mark.skipif(sys.platform != "linux", reason="Linux's way to give memory back")
def test_what_was_not_taken_is_given_back():
    """A plan that needs other tables than were foreseen does not hold both."""
    early = EarlyMemory(10 * PIECE)
    part = early.zeros((2 * PIECE,), np.uint8)
    part[:] = 7
    large = early.zeros((11 * PIECE,), np.uint8)
    early.wait(2)
    assert (part == 7).all()
    assert resident(early._raw) < 3 * PIECE
    assert not early.zeros((PIECE,), np.uint8).any()
    assert not large.any()


@pytest.mark.parametrize("preset", presets.PRESETS)
def test_the_default_level_takes_two_gib_at_most(preset):
    length = presets.segment_size(DEFAULT_LEVEL, preset)
    transform, share = TRANSFORMS.get(preset, (NO_TRANSFORM, 100))
    symbols = length * share // 100
    plan = presets.choose(DEFAULT_LEVEL, preset, symbols)
    assert memory_to_encode(plan, symbols, transform, length) <= 2 << 30


def peak(*arguments: str) -> int:
    """Bytes that `cmixpy` took at most, as its parent's parent: a large parent is counted in."""
    code = (
        "import sys; from benchmarks import process; "
        "print(process.run([sys.executable, '-m', 'cmixpy', *sys.argv[1:]]).peak)"
    )
    command = sys.executable, "-c", code, *arguments
    done = subprocess.run(command, capture_output=True, text=True, cwd=CHECKOUT, check=False)
    assert not done.returncode, done.stderr
    return int(done.stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="peaks are of Linux's getrusage")
@pytest.mark.parametrize("level", [2, 5])
def test_limits_are_respected(level, tmp_path):
    """A process that may take what is said to be needed takes no more; one byte less is refused."""
    plain, packed, again = (tmp_path / name for name in ("plain", "packed", "again"))
    plain.write_bytes(generated_text(1, 300_000))
    there = "c", "-q", "-f", f"-{level}", "--threads", "2", str(plain), str(packed)
    peak(*there)
    with open(packed, "rb") as file:
        segment = next(iter(Reader(Source(file))))
    model = segment.model
    most = memory_to_encode(plan_of(segment), model.symbols, model.transform, segment.length)
    assert peak(*there, "--memory-limit", str(most)) <= most
    assert peak("d", "-q", str(packed), str(again)) <= memory_to_decode(segment)
    assert again.read_bytes() == plain.read_bytes()
    with pytest.raises(AssertionError, match="--memory-limit"):
        peak(*there, "--memory-limit", str(most - 1))
