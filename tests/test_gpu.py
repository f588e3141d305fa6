"""On a GPU: python -m pytest -m gpu. The archives of the processor, made and read by the device."""

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
    data = ratio_sources.dna() if preset == "dna" else ratio_sources.text()
    data = data[: 2000 * lanes]
    options = {"level": level, "preset": preset, "lanes": lanes}
    archive = cmixpy.compress(data, device="cpu", **options)
    assert cmixpy.compress(data, device="cuda", **options) == archive
    assert cmixpy.decompress(archive, device="cuda") == data
