"""Pairs of distances: found where they tell something, and nowhere else."""

import numba
import numpy as np
import pytest

from cmixpy import compress, decompress, lags, pairs, prepare
from cmixpy.pairs import LONGEST, MOST_PAIRS, find_pairs


def cells(kind_back: int, column_back: int, count: int = 6000) -> np.ndarray:
    """Records of 13 bytes: a value that its kind and its column settle together, and chance."""
    random = np.random.default_rng(7)
    values = random.integers(0, 256, (2, 64))
    record = random.integers(0, 2, (count, 13), dtype=np.uint8)
    columns, kinds = random.integers(0, 64, count), random.integers(0, 2, count)
    record[:, 12 - kind_back] = kinds
    record[:, 12 - column_back] = columns
    record[:, 12] = values[kinds, columns]
    return record.ravel()


@pytest.mark.parametrize(("kind", "column"), [(11, 5), (9, 3)])
def test_the_pair_is_found(kind, column):
    found = find_pairs(cells(kind, column), (13,))
    assert {kind, column} in [{*found[i : i + 2]} for i in range(0, len(found), 2)]


def test_threads_find_the_same():
    data = cells(11, 5)
    assert find_pairs(data, (13,)) == find_pairs(data, (13,), threads=3) != ()


def test_noise_has_none():
    assert find_pairs(np.random.default_rng(1).integers(0, 256, 50_000, np.uint8), ()) == ()


def test_all_kernels_of_the_search_are_loaded_ahead(monkeypatch):
    """Each is called with the types that it is called with in earnest: numba has one for each."""
    called = set()

    def recorded(name, function):
        def call(*given):
            called.add((name, tuple(map(str, map(numba.typeof, given)))))
            return function(*given)

        return call

    for module, name in ((pairs, "known_mix"), (pairs, "pair_costs"), (lags, "add_hits")):
        monkeypatch.setattr(module, name, recorded(name, getattr(module, name)))
    data = np.frombuffer(cells(11, 5).tobytes(), dtype=np.uint8)
    prepare.load_searches(data, "binary", 5)
    ahead = set(called)
    assert {name for name, _ in ahead} == {"known_mix", "pair_costs", "add_hits"}
    prepare.prepare(data, "binary", False, 5)
    assert called == ahead


@pytest.mark.parametrize("length", range(0, 70, 3))
def test_short_data(length):
    data = np.resize(cells(11, 5), length)
    prepare.load_searches(data, "binary", 5)
    found = find_pairs(data, (13,))
    assert len(found) <= 2 * MOST_PAIRS
    assert all(0 <= back <= LONGEST for back in found)


def test_the_model_reads_them(monkeypatch):
    data = cells(11, 5).tobytes()
    archive = compress(data, level=5, preset="records")
    assert decompress(archive) == data
    monkeypatch.setattr(prepare, "PAIRS_FROM", 10)
    assert len(archive) < 0.95 * len(compress(data, level=5, preset="records"))
