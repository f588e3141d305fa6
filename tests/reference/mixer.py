"""FORMAT.md, "Pretrained mixers"."""

import lzma
from pathlib import Path
from typing import NamedTuple

import numpy as np

import cmixpy
from reference.shared import Entry
from reference.tables import LOGIT_LIMIT, clamp, squash, stretch


class Taught(NamedTuple):
    """Rows of each weight set and which of them have numbers; the numbers of all entries."""

    sets: list[tuple[np.ndarray, np.ndarray]]
    finals: list[tuple[np.ndarray, np.ndarray]]
    numbers: np.ndarray


def read_mixer(d, width: int) -> Taught:
    """What a description's mixer says."""
    name = f"mixer-{d.mixer[0].mixer}.xz"
    data = lzma.decompress(Path(cmixpy.__file__).with_name(name).read_bytes())
    found = []
    for part in (*d.sets, *d.finals):
        rows = part.values * ((1 << width) if part.partial else width)
        n = d.inputs if len(found) < len(d.sets) else len(d.sets)
        shift, means = data[0], np.frombuffer(data[1 : 1 + 2 * n], dtype="<i2")
        numbers = np.frombuffer(data[1 + 2 * n :][: n * rows], dtype=np.int8)
        numbers = numbers.reshape(n, rows).T.astype(np.int64)
        weights = 256 * means.astype(np.int64) + numbers * 2**shift
        found.append((weights.clip(-(4 << 20), 4 << 20), (numbers != 0).any(axis=1)))
        data = data[1 + 2 * n + n * rows :]
    sets = len(d.sets)
    return Taught(found[:sets], found[sets:], np.frombuffer(data, dtype=np.int8))


def taught_entry(first: int, number: int) -> Entry:
    """An entry whose probability of 16 bits was `first` in the beginning."""
    logit = clamp(stretch(first >> 4) + 64 * number, -LOGIT_LIMIT, LOGIT_LIMIT)
    return Entry(64 * clamp(squash(logit), 16, 65519), 60)


def entry_number(name: str, key, width: int) -> int:
    """The place of an entry among those of its table."""
    match name:
        case "maps":
            said, counts, run = key
            return said * 32 + counts * 4 + run
        case "lengths":
            slot, misses, k, expected = key
            return ((slot * 8 + misses) * 8 + k) * 2 + expected
        case "stages":
            *row, j = key
            if len(row) == 2:
                value, partial = row
                row = [(value << width) + partial]
            return row[0] * 33 + j
    return key


def learn_mixer(model) -> Taught:
    """Behind the primer, let a model take over what its mixer says."""
    d, width = model.description, model.width
    taught = read_mixer(d, width)
    for tables, selectors, sets in (
        (model.sets, d.sets, taught.sets), (model.finals, d.finals, taught.finals),
    ):  # fmt: skip
        for table, part, (weights, learnt) in zip(tables, selectors, sets, strict=True):
            table.learn(weights, learnt, 1 << width if part.partial else width)
    begin = 0
    for name, tables, sizes in (
        ("histories", model.histories, [256] * len(d.contexts)),
        ("lengths", model.lengths, [2048] * len(d.matches)),
        ("stages", model.stages, [s.rows(width) * 33 for s in d.stages]),
        ("experts", model.experts, [2048]), ("maps", model.maps, [1024] * len(d.contexts)),
        ("frames", model.frames, [7168]),
    ):  # fmt: skip
        for table, size in zip(tables, sizes, strict=False):
            table.learn(_teacher(name, taught.numbers[begin : begin + size], width))
            begin += size
    assert begin == len(taught.numbers)
    return taught


def _teacher(name: str, numbers, width: int):
    """Of a table's entries: what was learnt of one, None if nothing."""

    def taught(key, first: int):
        number = int(numbers[entry_number(name, key, width)])
        return taught_entry(first, number) if number else None

    return taught
