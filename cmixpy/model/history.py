"""Bit histories: one byte that remembers what happened in a context, and how lately.

A state stands for (n0, n1, last bit): how many zeros and ones were seen, bounded, and which came
last. A bit that contradicts a long run cuts the run's count down, since nonstationary data says
"forget" exactly then (indirect modelling: PAQ6 onwards, Mahoney). Histories of up to
`EXACT_BITS` bits are kept as exact sequences, because early order carries the most information.
The table is generated, not listed: the rule below is the definition.
"""

import numpy as np

EXACT_BITS = 4
# Largest count allowed for one bit value when the other has been seen 0, 1, 2, … times.
BOUNDS = (44, 24, 12, 8, 6, 5, 5)


def _discounted(count: int) -> int:
    """What is left of `count` after the opposite bit is seen."""
    return count if count <= 2 else 1 + (count - 1).bit_length()


def _allowed(n0: int, n1: int) -> bool:
    low, high = min(n0, n1), max(n0, n1)
    return low < len(BOUNDS) and high <= BOUNDS[low]


def _bounded(n0: int, n1: int, bit: int) -> tuple[int, int, int]:
    """Shrink counts until the pair is allowed, the older evidence first."""
    while not _allowed(n0, n1):
        if bit:
            if n0 > len(BOUNDS) - 1 or (n0 and n0 >= n1):
                n0 -= 1
            else:
                n1 -= 1
        elif n1 > len(BOUNDS) - 1 or (n1 and n1 >= n0):
            n1 -= 1
        else:
            n0 -= 1
    return n0, n1, bit


def _successor(state, bit: int):
    if isinstance(state, str):
        longer = state + str(bit)
        if len(longer) <= EXACT_BITS:
            return longer
        state = (state.count("0"), state.count("1"), int(state[-1]))
    n0, n1, _ = state
    if bit:
        n0, n1 = _discounted(n0), n1 + 1
    else:
        n0, n1 = n0 + 1, _discounted(n1)
    return _bounded(n0, n1, bit)


def _states() -> list:
    """All states reachable from the empty history, in breadth-first order."""
    order, seen = [""], {""}
    for state in order:
        for bit in (0, 1):
            after = _successor(state, bit)
            if after not in seen:
                seen.add(after)
                order.append(after)
    return order


def _counts(state) -> tuple[int, int]:
    return (state.count("0"), state.count("1")) if isinstance(state, str) else state[:2]


def next_state_table() -> np.ndarray:
    """uint8[512]: state after (2 * state + bit); state 0 is the empty history."""
    states = _states()
    if len(states) > 256:
        raise AssertionError(f"{len(states)} bit-history states do not fit a byte")
    number = {state: i for i, state in enumerate(states)}
    table = np.zeros(512, dtype=np.uint8)
    for i, state in enumerate(states):
        for bit in (0, 1):
            table[2 * i + bit] = number[_successor(state, bit)]
    return table


def count_table() -> np.ndarray:
    """uint8[256, 2]: (zeros, ones) that each state stands for."""
    table = np.zeros((256, 2), dtype=np.uint8)
    for i, state in enumerate(_states()):
        table[i] = _counts(state)
    return table


def initial_probability_table() -> np.ndarray:
    """int32[256]: 16-bit probability of a one that each history suggests before any is seen."""
    table = np.full(256, 32768, dtype=np.int32)
    for i, state in enumerate(_states()):
        zeros, ones = _counts(state)
        # Krichevsky-Trofimov-like with 0.4: histories here are mostly deterministic.
        table[i] = (65536 * (10 * ones + 4)) // (10 * (zeros + ones) + 8)
    return table
