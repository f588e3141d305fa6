"""A description's bytes: the later lists are there only if they, or any behind, are used."""

from dataclasses import replace

import pytest

from cmixpy import presets
from cmixpy.description import Description
from cmixpy.parts import Eager, Threshold


def test_a_threshold_is_the_last_list():
    plain = replace(presets.describe(4, "text"), start=(), eager=(), threshold=())
    d = replace(plain, threshold=(Threshold(300),))
    # Behind the empty lists of the LSTM, its gates, the primer and eager rows; 300 is a varint.
    assert d.to_bytes() == plain.to_bytes() + bytes([0, 0, 0, 0, 1, 0xAC, 2])
    eager = replace(d, eager=(Eager(5, 200),))
    for one in (plain, d, eager):
        assert Description.from_bytes(one.to_bytes()) == one
    assert replace(eager, threshold=()).to_bytes() == eager.to_bytes()[:-3]


def test_a_floor_is_behind_all_others():
    d = presets.describe(9, "text")
    assert (d.floor[0].mean, d.least_mean) == (16000, 16000)
    assert Description.from_bytes(d.to_bytes()) == d
    without = replace(d, floor=())
    assert without.least_mean == 1
    assert d.to_bytes() == without.to_bytes() + bytes([1, 0x80, 0x7D])


@pytest.mark.parametrize("error", [0, 65536])
def test_limits_of_a_threshold(error):
    with pytest.raises(ValueError):
        replace(presets.describe(4, "text"), threshold=(Threshold(error),))


@pytest.mark.parametrize(
    "more", [b"\0\0\0\0\0", b"\0\0\0\0\2\1\1", b"\0\0\0\0\1", b"\0\0\0\0\1\1\0"]
)
def test_bytes_that_are_no_description(more):
    plain = replace(presets.describe(4, "text"), start=(), eager=(), threshold=())
    with pytest.raises(ValueError):
        Description.from_bytes(plain.to_bytes() + more)
