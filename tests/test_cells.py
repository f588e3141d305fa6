"""Cells of delimited text: the kernels' fields are those of FORMAT.md after every byte."""

import random

import numpy as np
import pytest
from reference.cells import Cells

from cmixpy import compress
from cmixpy.detect import SEPARATORS
from cmixpy.model import fields as f
from cmixpy.model.cells import COLUMNS, cell_bytes, is_separator, update_cells
from cmixpy.model.jit import routine
from cmixpy.presets import TEXT, describe

PICKS = TEXT.index("cell")


@routine
def take(lane, byte, history):
    update_cells(lane, byte, history)
    return cell_bytes(lane, history)


def rows(seed: int, n: int) -> bytes:
    """Rows of few and many cells, with quotes, blank cells, and quotes that do not close."""
    rng = random.Random(seed)
    towns = [f'"Ny {i}, East"' if i % 3 else f"Sund{i}" for i in range(9)]
    found, size = [], 0
    while size < n:
        town = rng.randrange(9)
        cells = [towns[town], str(town * 7919), str(rng.randrange(50)), rng.choice(("", 'a"', "x"))]
        cells += ["0"] * rng.choice((0, 0, 0, COLUMNS + 3))
        found.append(rng.choice(",;\t|").join(cells) + "\n")
        size += len(found[-1])
    return "".join(found).encode()[:n]


@pytest.mark.parametrize("seed", range(4))
def test_fields_are_those_of_the_format(seed):
    data = np.frombuffer(rows(seed, 20_000), dtype=np.uint8)
    lane, reference = np.zeros(f.FIELDS, dtype=np.int64), Cells()
    history, known = np.zeros(len(data) + 1, dtype=np.uint8), bytearray(len(data) + 1)
    met = dict.fromkeys(("last column", "quoted separator", "same", "another", "first row"), 0)
    picked = [f.CELL, f.CELL_COLUMN, f.CELL_1, f.CELL_2, f.CELL_ABOVE]
    for here, byte in enumerate(data.tolist()):
        lane[f.POSITION] = here
        history[here] = known[here] = byte
        found = take(lane, byte, history)
        reference.take(byte, here, known)
        assert [*lane[picked].tolist(), found] == reference.picks(known), here
        met["last column"] += lane[f.CELL_COLUMN] == COLUMNS - 1
        met["quoted separator"] += byte == 44 and lane[f.CELL_QUOTED] == 1
        met["same"] += lane[f.CELL_PLACE] > 0 and lane[f.CELL_SAME] == 1
        met["another"] += lane[f.CELL_PLACE] > 0 and lane[f.CELL_SAME] == 0
        met["first row"] += lane[f.CELL_PLACE] == 0
    assert all(count >= 20 for count in met.values()), met


def test_tables_are_known_by_what_ends_their_cells():
    assert {byte for byte in range(256) if is_separator.py_func(byte)} == {*SEPARATORS}


def test_tables_read_them():
    for level in (2, 3, 5, 6):
        picks = [c.a >> PICKS for c in describe(level, "csv").contexts if c.function == 12]
        assert sum(pick > 0 for pick in picks) == {2: 1, 3: 2, 5: 7, 6: 7}[level]


def test_cells_that_settle_one_another_are_learnt():
    """What the first cell settles, behind one that says nothing."""
    rng = random.Random(5)
    of = {town: rng.randbytes(9).hex() for town in range(60)}
    table = "".join(
        f"{town},{rng.randrange(10**6)},{of[town]}\n" for town in rng.choices(range(60), k=3000)
    ).encode()
    as_table, as_log = (len(compress(table, level=5, preset=preset)) for preset in ("csv", "log"))
    assert as_table < 0.97 * as_log
