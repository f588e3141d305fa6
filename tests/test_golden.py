"""Archives in tests/golden (made by make_golden.py) decode, and are made again byte for byte."""

import pytest
from make_golden import CASES, FOLDER, keep

import cmixpy
from cmixpy.archive import Reader
from cmixpy.segments import plan_of
from cmixpy.source import Source


def test_all_are_there():
    assert {path.stem for path in FOLDER.glob("*.cmx")} == set(CASES)


@pytest.mark.parametrize("name", CASES)
def test_golden(name):
    data, options = CASES[name]
    archive = (FOLDER / f"{name}.cmx").read_bytes()
    assert cmixpy.decompress(archive) == data
    assert cmixpy.compress(data, **options) == archive


def groups_and_lstm(path) -> tuple[int, bool]:
    """Of the first segment: groups of lanes, and whether it has an LSTM."""
    with open(path, "rb") as file:
        plan = plan_of(next(iter(Reader(Source(file)))))
    return plan.groups, bool(plan.description.lstm)


def test_some_have_an_lstm_and_one_two_groups():
    """No preset of today has two groups of lanes; levels 7 to 9 had once."""
    assert groups_and_lstm(FOLDER / "network.cmx") == (1, True)
    assert groups_and_lstm(FOLDER / "earlier" / "network.cmx") == (2, True)


def test_earlier_presets():
    """Archives of this format that presets of another day made: NAME.cmx, NAME.2.cmx …"""
    archives = sorted((FOLDER / "earlier").glob("*.cmx"))
    assert archives
    for path in archives:
        assert cmixpy.decompress(path.read_bytes()) == CASES[path.name.split(".")[0]][0]


def test_what_is_replaced_is_kept(tmp_path):
    (tmp_path / "earlier").mkdir()
    for content in (b"first", b"second", b"third"):
        (tmp_path / "a-1.cmx").write_bytes(content)
        assert keep(tmp_path / "a-1.cmx").read_bytes() == content
    kept = {path.name for path in (tmp_path / "earlier").iterdir()}
    assert kept == {"a-1.cmx", "a-1.2.cmx", "a-1.3.cmx"}
