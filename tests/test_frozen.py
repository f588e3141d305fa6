"""cmixpy/frozen.txt: the descriptions that archives name instead of holding."""

from pathlib import Path

import pytest

import cmixpy
from cmixpy import presets
from cmixpy.description import Description, frozen

LINES = Path(cmixpy.__file__).with_name("frozen.txt")


def test_lines_are_canonical():
    lines = LINES.read_text().split()
    assert len(set(lines)) == len(lines)
    for line in lines:
        description = Description.from_bytes(bytes.fromhex(line))
        assert description.to_bytes().hex() == line
        assert frozen(description.digest) == description


@pytest.mark.parametrize("level", presets.LEVELS)
@pytest.mark.parametrize("preset", presets.PRESETS)
def test_every_preset_is_frozen(level, preset):
    """Or its archives would hold the whole description."""
    description = presets.describe(level, preset)
    assert frozen(description.digest) == description
