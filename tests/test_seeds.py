"""The seed experiments: recurrences shrink to almost nothing, independent symbols to entropy."""

import numpy as np
import pytest

import cmixpy
from benchmarks.generated import (
    biased,
    binary_entropy,
    entropy_bytes,
    flipped,
    lagged,
    shift_register,
)

N = 1_000_000
REGISTERS = (10, 20, 30, 40, 50, 60, 100, 1000)
# Published lags: Knuth, TAOCP 2, table 3.2.2-1; Marsaglia and Zaman 1991 for those that borrow.
GENERATORS = [
    ("add", 24, 55), ("add", 37, 100), ("subtract", 30, 127), ("subtract", 83, 258),
    ("xor", 107, 378), ("add", 273, 607), ("xor", 1029, 2281), ("add", 576, 3217),
    ("borrow", 10, 24), ("borrow", 22, 43), ("carry", 24, 55), ("subtract", 4095, 4096),
]  # fmt: skip
# Lags so small that the generator repeats itself soon, of which match models make use too.
SMALL = [("add", 1, 2), ("subtract", 2, 3), ("xor", 4, 7), ("borrow", 2, 1)]


def compressed(data: np.ndarray, **options) -> int:
    return len(cmixpy.compress(data.astype(np.uint8).tobytes(), threads=1, **options))


@pytest.mark.parametrize(
    ("n", "p", "most"),
    [(N // 5, 0.5, 1.005), (N // 5, 0.3, 1.005), (N, 0.1, 1.005), (N, 0.01, 1.02)],
)
def test_independent_symbols(n, p, most):
    """One lane: several learn as fast, but code less with what they have learnt."""
    data = biased(1, n, p)
    assert compressed(data, lanes=1) <= most * entropy_bytes(data) + 100


@pytest.mark.parametrize("k", REGISTERS)
def test_shift_registers(k):
    level = 5 if k in (10, 60, 1000) else 1
    assert compressed(shift_register(k, N, k), level=level) * 8 <= 0.005 * N


@pytest.mark.parametrize("k", [10, 60, 1000])
def test_shift_registers_behind_noise(k):
    """Better than the best that k noisy symbols tell.

    x^k + x^(k-1) + 1 is the only check among k + 1 neighbours: they have k free bits. So of the k
    symbols before it, each true with probability 0.8, only two say something of the next one, and
    the parity of three noisy bits is wrong with probability (1 - 0.6^3) / 2. Its squares are
    checks too, between symbols further apart, by which the model gets below that.
    """
    best = binary_entropy((1 - 0.6**3) / 2)
    bits = compressed(flipped(k, shift_register(k, N, k), 0.2)) * 8 / N
    assert bits < best
    assert bits < 0.92


@pytest.mark.parametrize(("kind", "j", "k"), GENERATORS)
def test_generators(kind, j, k):
    data = lagged(k, N, kind, j, k)
    level = 5 if (j, k) in ((24, 55), (10, 24)) else 1
    # The first symbols are random, and the rest next to nothing.
    assert compressed(data, level=level) <= max(j, k) + 260 < N / 100


@pytest.mark.parametrize(("kind", "j", "k"), SMALL)
def test_generators_of_small_lags(kind, j, k):
    assert compressed(lagged(k, N // 8, kind, j, k), level=2) < N / 8 / 100


def test_generators_of_words():
    words = lagged(1, N // 4, "add", 24, 55, base=1 << 32)
    assert compressed(words.astype("<u4").view(np.uint8)) < N / 1000


@pytest.mark.parametrize("lanes", [1, 3])
def test_preset_without_a_rule(lanes):
    """It must still work, where it was named and in several lanes."""
    for data in (b"no rule here, " * 200, lagged(2, 3000, "add", 5, 17).astype(np.uint8).tobytes()):
        packed = cmixpy.compress(data, preset="generator", lanes=lanes)
        assert len(packed) < len(data) / 2
        assert cmixpy.decompress(packed) == data


@pytest.mark.parametrize("kind", ["xor", "add", "borrow"])
def test_round_trip(kind):
    data = lagged(3, 20_000, kind, 10, 24).astype(np.uint8).tobytes()
    for level in (1, 6):
        assert cmixpy.decompress(cmixpy.compress(data, level=level, lanes=2)) == data
