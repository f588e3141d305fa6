"""On a GPU: python -m pytest -m gpu. The archives of the processor, made and read by the device."""

import shutil
import subprocess
import sys

import pytest
import ratio_sources

import cmixpy
from cmixpy import presets
from cmixpy.cuda import availability

pytestmark = pytest.mark.gpu
LANES = (1, 2, 33, 64, 256)


@pytest.fixture(scope="module", autouse=True)
def gpu():
    reason = availability.why_not()
    assert reason is None, reason


@pytest.mark.parametrize("level", range(1, 7))
@pytest.mark.parametrize("preset", presets.PRESETS)
@pytest.mark.parametrize("lanes", LANES)
def test_same_archive(preset, level, lanes):
    data = ratio_sources.dna() if preset in ("dna", "genes") else ratio_sources.text()
    data = data[: 2000 * lanes]
    options = {"level": level, "preset": preset, "lanes": lanes}
    archive = cmixpy.compress(data, device="cpu", **options)
    assert cmixpy.compress(data, device="cuda", **options) == archive
    assert cmixpy.decompress(archive, device="cuda") == data


@pytest.mark.parametrize("level", [7, 8, 9])
@pytest.mark.parametrize("lanes", [1, 2, 33])
def test_same_archive_with_an_lstm(level, lanes, monkeypatch):
    monkeypatch.setitem(presets._preset("text"), "lstm_from", 1)
    data = ratio_sources.text()[: 500 * (lanes + 3)]
    options = {"level": level, "preset": "text", "lanes": lanes}
    archive = cmixpy.compress(data, device="cpu", **options)
    assert cmixpy.compress(data, device="cuda", **options) == archive
    assert cmixpy.decompress(archive, device="cuda") == data


def test_no_races_within_blocks(tmp_path):
    """racecheck, where it is installed: it watches the memory that a block's threads share."""
    program = shutil.which("compute-sanitizer")
    if program is None:
        print("compute-sanitizer is not installed")
        return
    (tmp_path / "in").write_bytes(ratio_sources.text()[:600])
    done = subprocess.run(
        [program, "--tool", "racecheck", "--error-exitcode", "9", sys.executable, "-m", "cmixpy",
         "c", "-1", "--lanes", "3", "--device", "cuda", "in"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
