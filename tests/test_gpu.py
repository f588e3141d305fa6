"""On a GPU: python -m pytest -m gpu. The archives of the processor, made and read by the device.

The data are files of the corpora where they are at hand (CMIXPY_DATA), generated ones elsewhere.
"""

import itertools
import shutil
import subprocess
import sys

import pytest
import ratio_sources
from small_models import lstm_from

import cmixpy
from cmixpy import presets
from cmixpy.cuda import availability

pytestmark = pytest.mark.gpu
# A warp that has one lane to itself, odd numbers, more lanes than multiprocessors.
LANES = (1, 2, 33, 150, 256)
LEAST, A_LANE = 5_000, 600  # bytes
FILES = {
    "text": "misc/gensim_py.tar", "english": "enwik6", "dna": "E.coli", "genes": "E.coli",
    "binary": "calgary/obj2", "executable": "misc/busybox", "records": "canterbury/kennedy.xls",
    "bitmap": "canterbury/ptt5", "lines": "misc/illumina.qual.1M", "log": "misc/Hadoop_2k.log",
    "generator": "canterbury/sum", "csv": "misc/Hadoop_2k.log",
}  # fmt: skip
CASES = [
    (preset, level, LANES[place % len(LANES)])
    for place, (preset, level) in enumerate(itertools.product(presets.PRESETS, range(1, 7)))
]
LSTM_CASES = (
    ("text", 7, 1), ("english", 9, 2), ("binary", 8, 3), ("executable", 7, 33), ("english", 7, 256),
)  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def gpu():
    reason = availability.why_not()
    assert reason is None, reason


def content(preset: str, size: int) -> bytes:
    """Bytes from the middle of a file of the preset's kind, or generated ones."""
    found = ratio_sources.content(FILES[preset])
    if found is None:
        found = ratio_sources.dna() if preset in ("dna", "genes") else ratio_sources.text()
    first = max(0, len(found) // 2 - size // 2)
    data = found[first : first + size]
    return b">a sequence\n" + data if preset == "genes" else data


def same(preset: str, level: int, lanes: int, size: int) -> None:
    """Assert that both devices make one archive of `size` bytes, and that the GPU reads it."""
    data = content(preset, size)
    options = {"level": level, "preset": preset, "lanes": lanes}
    archive = cmixpy.compress(data, device="cpu", **options)
    assert cmixpy.compress(data, device="cuda", **options) == archive
    assert cmixpy.decompress(archive, device="cuda") == data


@pytest.mark.parametrize(("preset", "level", "lanes"), CASES)
def test_same_archive(preset, level, lanes):
    same(preset, level, lanes, max(LEAST, A_LANE * lanes))


@pytest.mark.parametrize(("preset", "level", "lanes"), LSTM_CASES)
def test_same_archive_with_lstm(preset, level, lanes, monkeypatch):
    # A small file, which has none otherwise; five horizons, so that graphs are replayed.
    lstm_from(monkeypatch, preset, 1)
    same(preset, level, lanes, 500 * lanes)


def test_no_races_within_blocks(tmp_path):
    """racecheck, where it is installed: it watches the memory that a block's threads share."""
    program = shutil.which("compute-sanitizer")
    if program is None:
        pytest.skip("compute-sanitizer is not installed")
    source, target = tmp_path / "in", tmp_path / "out"
    source.write_bytes(content("english", 300))
    done = subprocess.run(
        [program, "--tool", "racecheck", "--error-exitcode", "9", sys.executable, "-m", "cmixpy",
         "c", "-2", "--preset", "english", "--lanes", "3", "--device", "cuda", source, target],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert target.is_file()
