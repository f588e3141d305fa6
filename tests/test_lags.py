"""The distances that the encoder finds, and that it finds none where there are none."""

import random

import numpy as np
import pytest

from cmixpy import presets
from cmixpy.lags import LONGEST, add_hits, find_lags, find_line_lags, is_bitmap
from cmixpy.plan import Plan


def table(record: int, rows: int) -> bytes:
    """Records of a small number, a category, a constant and noise."""
    rng = random.Random(record)
    return b"".join(
        bytes([rng.randrange(9), 0, rng.choice((3, 5, 9)), 1, 2]) + rng.randbytes(record - 5)
        for _ in range(rows)
    )


def image(width: int, height: int, pixel: int) -> np.ndarray:
    """Smooth rows of pixels of several bytes, with noise."""
    rng = np.random.default_rng(width)
    y, x, c = np.mgrid[:height, :width, :pixel]
    value = 120 + 50 * np.sin(x / 31) + 40 * np.cos(y / 23) + 11 * c + rng.integers(0, 3, x.shape)
    return value.astype(np.uint8).ravel()


def page(row: int, height: int) -> np.ndarray:
    """Black discs on white, a bit a pixel."""
    y, x = np.mgrid[:height, : 8 * row]
    black = np.zeros(x.shape, dtype=bool)
    for i in range(150):
        black |= (x - i * 131 % (8 * row)) ** 2 + (y - i * 197 % height) ** 2 < 6 * i
    return np.packbits(black, axis=1).ravel()


@pytest.mark.parametrize(
    ("count", "longest"), [(1, 1), (254, 3), (255, 7), (256, 64), (6000, LONGEST)]
)
def test_hits_are_counted(count, longest):
    """More than 255 in a row at a lag, too: the counts of a block are single bytes."""
    data = np.resize(np.arange(7, dtype=np.uint8), longest + count)
    data[::11] = 200
    here, new = data[longest:], np.arange(count) % 5 > 0
    block, hits = np.zeros(longest, dtype=np.uint8), np.ones(longest, dtype=np.int64)
    add_hits(here, data[:-1], new, block, hits)
    lags = range(longest, 0, -1)
    equal = [(data[longest - lag : len(data) - lag] == here) & new for lag in lags]
    assert hits.tolist() == [1 + np.count_nonzero(here) for here in equal]
    assert not block.any()


@pytest.mark.parametrize("record", [8, 13, 20, 60])
def test_records_are_found(record):
    data = np.frombuffer(table(record, 40_000 // record), dtype=np.uint8)
    assert find_lags(data)[0] == record
    assert not is_bitmap(data)


def test_rows_and_pixels_are_found():
    data = image(150, 100, 3)
    assert find_lags(data) == (450, 3)
    assert not is_bitmap(data)


def test_bitmaps_are_known():
    data = page(54, 800)
    assert find_lags(data)[0] == 54
    assert is_bitmap(data)


@pytest.mark.parametrize("size", [0, 1, 5, 300, 5000, 100_000])
def test_nothing_is_found_where_there_is_nothing(size):
    rng = np.random.default_rng(size)
    assert find_lags(rng.integers(0, 256, size).astype(np.uint8)) == ()
    assert find_lags(np.zeros(size, dtype=np.uint8)) == ()
    source = random.Random(size)
    words = ["".join(source.choices("etaoinshr", k=source.randint(1, 11))) for _ in range(200)]
    prose = " ".join(source.choices([*words, "end.\n"], k=size)).encode()[:size]
    prose = np.frombuffer(prose, dtype=np.uint8)
    assert find_lags(prose) == ()
    assert find_line_lags(prose) == ()


def test_lines_of_one_length_are_found():
    rng = random.Random(3)
    lines = [bytes(rng.choices(b"#!?5AC", k=40)) + b"\n" for _ in range(900)]
    assert find_line_lags(np.frombuffer(b"".join(lines), dtype=np.uint8)) == (41,)
    lines = [line[rng.randrange(20) :] for line in lines]
    assert find_line_lags(np.frombuffer(b"".join(lines), dtype=np.uint8)) == ()


@pytest.mark.parametrize("hints", [(0,) * 9, (1 << 20,), (-1,)])
def test_hints_out_of_bounds_are_refused(hints):
    with pytest.raises(ValueError, match="hints"):
        Plan(presets.describe(1, "records"), 1, 1, 6, hints)
