"""Archives in tests/golden (made by make_golden.py) decode, and are made again byte for byte."""

import pytest
from make_golden import CASES, FOLDER

import cmixpy


def test_all_are_there():
    assert {path.stem for path in FOLDER.glob("*.cmx")} == set(CASES)


@pytest.mark.parametrize("name", CASES)
def test_golden(name):
    data, options = CASES[name]
    archive = (FOLDER / f"{name}.cmx").read_bytes()
    assert cmixpy.decompress(archive) == data
    assert cmixpy.compress(data, **options) == archive


def test_earlier_presets():
    """Archives of this format that presets of another day made: NAME.cmx, NAME.2.cmx …"""
    archives = sorted((FOLDER / "earlier").glob("*.cmx"))
    assert archives
    for path in archives:
        assert cmixpy.decompress(path.read_bytes()) == CASES[path.name.split(".")[0]][0]
