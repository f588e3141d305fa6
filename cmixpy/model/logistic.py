"""stretch(p) = ln(p / (1 - p)) and squash, its inverse, as integer tables.

Units: probabilities are 16 bits (65536 = 1), logits are 1/256 and lie in -3071 … 3071 (about
±12), wide enough that predictable data is not taxed by a floor on the probability. The tables
come from an integer recurrence on fixed-point powers of e^(1/256), so no floating-point library
has a say in them. The idea of mixing in the logistic domain is PAQ7's (Mahoney 2005).
"""

from functools import lru_cache

import numpy as np

LOGIT_LIMIT = 3071
FRACTION_BITS = 120


def exponentials(count: int, steps: int = 256) -> list[int]:
    """e^(k/steps) for k = 0 … count-1 in fixed point with FRACTION_BITS fraction bits."""
    one = 1 << FRACTION_BITS
    ratio, term = one, one
    for k in range(1, 40):
        term = term // (steps * k)
        ratio += term
    values = [one]
    for _ in range(count - 1):
        values.append(values[-1] * ratio >> FRACTION_BITS)
    return values


def squash_table() -> np.ndarray:
    """int32[6143]: 16-bit probability of logit index - 3071, in 1 … 65535."""
    return np.array(_squashed(), dtype=np.int32)


@lru_cache(maxsize=1)
def _squashed() -> list[int]:
    one = 1 << FRACTION_BITS
    upper = []
    for power in exponentials(LOGIT_LIMIT + 1):
        # p = e^x / (1 + e^x), rounded to 16 bits
        upper.append(min(65535, ((power << 17) // (one + power) + 1) >> 1))
    lower = [max(1, 65536 - p) for p in upper[:0:-1]]
    return lower + upper


def stretch_table() -> np.ndarray:
    """int16[4096]: logit (1/256) of the 12-bit probability (i + 1/2) / 4096, within ±2292.

    The logit is the one whose squash is nearest to the 16-bit probability 16·i + 8, the one nearer
    to 0 where several are; the lower half mirrors the upper.
    """
    squash = squash_table().astype(np.int64)
    # The nearest logit changes where the midpoints of neighbouring probabilities are crossed.
    doubled = squash[1:] + squash[:-1]
    upper = np.searchsorted(doubled, 2 * (16 * np.arange(2048, 4096) + 8)) - LOGIT_LIMIT
    return np.concatenate((-upper[::-1], upper)).astype(np.int16)


def softplus_table() -> np.ndarray:
    """int32[3072]: ln(1 + e^-x) in 1/256 of x = index / 256, as the sum of its slope squash(-x)."""
    slopes = squash_table()[:LOGIT_LIMIT][::-1].astype(np.int64)  # squash(-1), squash(-2), …
    sums = np.concatenate((np.cumsum(slopes[::-1])[::-1], [0]))
    return (sums >> 16).astype(np.int32)


def reciprocal_table(size: int) -> np.ndarray:
    """int32[size]: round(65536 / (n + 1.5)), the step of an average of n earlier bits."""
    n = np.arange(size, dtype=np.int64)
    return ((2 * 65536 + (2 * n + 3) // 2) // (2 * n + 3)).astype(np.int32)
