"""sigmoid and tanh as tables made with integers, and first weights from an integer generator."""

import numpy as np

from cmixpy.model.logistic import FRACTION_BITS, exponentials

STEPS = 1024  # table steps for 1.0
REACH = 8  # the tables end at ±8
HALF = STEPS * REACH
SPAN = 2 * HALF + 1


def _rounded(numerator: int, denominator: int) -> int:
    return (2 * numerator + denominator) // (2 * denominator)


def sigmoid_table() -> np.ndarray:
    """int64[SPAN]: 32768 · sigmoid(j / STEPS - REACH)."""
    one = 1 << FRACTION_BITS
    upper = [_rounded(32768 * e, one + e) for e in exponentials(HALF + 1, STEPS)]
    return np.array([32768 - s for s in upper[:0:-1]] + upper, dtype=np.int64)


def tanh_table() -> np.ndarray:
    """int64[SPAN]: 32768 · tanh(j / STEPS - REACH)."""
    one = 1 << FRACTION_BITS
    squares = exponentials(2 * HALF + 1, STEPS)[::2]
    upper = [_rounded(32768 * (e - one), one + e) for e in squares]
    return np.array([-t for t in upper[:0:-1]] + upper, dtype=np.int64)


def uniform(seed: int, count: int) -> np.ndarray:
    """int64[count] in -32768 … 32767: the high bits of splitmix64 (Steele et al. 2014)."""
    with np.errstate(over="ignore"):
        z = np.uint64(seed << 32) + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(
            0x9E3779B97F4A7C15
        )
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    return (z >> np.uint64(48)).astype(np.int64) - 32768
