"""FORMAT.md, "Integer tables"."""

from bisect import bisect_left, bisect_right
from functools import cache
from typing import NamedTuple

LOGIT_LIMIT = 3071


def clamp(x: int, low: int, high: int) -> int:
    return min(max(x, low), high)


def _squash_table() -> dict[int, int]:
    one = 1 << 120
    ratio = term = one
    for k in range(1, 40):
        term = term // (256 * k)
        ratio += term
    power = one
    table = {}
    for i in range(LOGIT_LIMIT + 1):
        table[i] = min(65535, (((power << 17) // (one + power)) + 1) >> 1)
        power = power * ratio >> 120
    for i in range(1, LOGIT_LIMIT + 1):
        table[-i] = max(1, 65536 - table[i])
    return table


SQUASH = _squash_table()


def squash(logit: int) -> int:
    return SQUASH[logit]


def _stretch_table() -> list[int]:
    # Ascending, so that bisection counts those below a bound.
    sums = sorted(SQUASH[x] + SQUASH[x + 1] for x in range(-LOGIT_LIMIT, LOGIT_LIMIT))
    upper = {i: bisect_left(sums, 2 * (16 * i + 8)) - LOGIT_LIMIT for i in range(2048, 4096)}
    return [upper[i] if i >= 2048 else -upper[4095 - i] for i in range(4096)]


STRETCH = _stretch_table()


def stretch(p12: int) -> int:
    return STRETCH[p12]


@cache
def run_strength(count: int) -> int:
    return 0 if count == 0 else stretch((65536 - 65536 // (2 * count + 2)) >> 4)


@cache
def softplus(x: int) -> int:
    return sum(SQUASH[-j] for j in range(x + 1, LOGIT_LIMIT + 1)) >> 16


@cache
def reciprocal(c: int) -> int:
    return (131072 + (2 * c + 3) // 2) // (2 * c + 3)


@cache
def lane_scale(m: int, power: int) -> int:
    # The largest s with s^1000 * m^power <= 65536^1000.
    return bisect_right(range(65537), 65536**1000, key=lambda s: s**1000 * m**power) - 1


class Triple(NamedTuple):
    """A bit history that is too long to be kept as a sequence."""

    n0: int
    n1: int
    last: int


def _discount(c: int) -> int:
    return c if c <= 2 else 1 + (c - 1).bit_length()


def _allowed(n0: int, n1: int) -> bool:
    low, high = sorted((n0, n1))
    return low < 7 and high <= (44, 24, 12, 8, 6, 5, 5)[low]


def _zeros_and_ones(state) -> tuple[int, int]:
    if isinstance(state, Triple):
        return state.n0, state.n1
    return state.count(0), state.count(1)


def _successor(state, bit: int):
    if not isinstance(state, Triple) and len(state) < 4:
        return (*state, bit)
    n0, n1 = _zeros_and_ones(state)
    if bit:
        n0, n1 = _discount(n0), n1 + 1
    else:
        n0, n1 = n0 + 1, _discount(n1)
    while not _allowed(n0, n1):
        mine, other = (n1, n0) if bit else (n0, n1)
        if other > 6 or (other > 0 and other >= mine):
            other -= 1
        else:
            mine -= 1
        n0, n1 = (other, mine) if bit else (mine, other)
    return Triple(n0, n1, bit)


def _histories() -> tuple[list, dict]:
    """The states in the order of their numbers, and the number of the successor by (state, bit)."""
    states, numbers, following = [()], {(): 0}, {}
    for number, state in enumerate(states):  # grows while it is walked
        for bit in (0, 1):
            after = _successor(state, bit)
            if after not in numbers:
                numbers[after] = len(states)
                states.append(after)
            following[number, bit] = numbers[after]
    return states, following


STATES, NEXT_STATE = _histories()


def next_state(state: int, bit: int) -> int:
    return NEXT_STATE[state, bit]


def history_probability(state: int) -> int:
    zeros, ones = _zeros_and_ones(STATES[state])
    return 65536 * (10 * ones + 4) // (10 * (zeros + ones) + 8)
