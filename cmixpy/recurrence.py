"""Is this data the output of a recurrence x[n] = x[n - j] op x[n - k] + constant?

Additive, subtractive and xor generators with two lags, with and without carry, pass every test of
small contexts: to a context mixer they are noise, and to whoever knows the rule they are nothing
but their first symbols. The encoder looks for the rule here; it travels in the segment's hints and
a match model follows it (model/rule.py).

Ordinary data pay for one histogram of pairs of neighbours: where pairs collide more often than
independent symbols would, contexts have something to say and no rule is looked for. What is left,
noise and compressed files, pays for a search that takes some milliseconds: differences of
neighbours follow the same rule without its constant, and for every first lag the second one is
looked up by the few differences that it must have (a two-list search, as for 2-SUM), instead of
trying all pairs. Two-letter data that follow no rule exactly are also searched for a rule behind
noise: correlations of s[n] with s[n - j] s[n - k] for all pairs, one Fourier transform for each j
(triple correlations: Meier and Staffelbach's fast correlation attacks rest on the same checks).
"""

from typing import NamedTuple

import numpy as np

MOST_LAG = 4096
# A lag must be seen to work on most of the data.
LAGS_PER_LENGTH = 4
LEAST_LENGTH = 64
SAMPLE = 1 << 16
# Pairs may collide this much (percent) more often than those of independent symbols.
MOST_COLLISIONS = 110
# Places at which a search starts, positions on which a candidate is tried at each.
PLACES = 3
TRIED = 4096
# Bits that the differences at neighbouring positions must agree in, to find one lag for another.
KEY_BITS = 40
# Standard deviations, and share of the positions (percent), by which a rule must beat chance.
LEAST_DEVIATIONS = 8
LEAST_EXCESS = 3
# Positions that correlations are summed over: 20 % of noise on each symbol leaves 0.216 of them,
# 27 standard deviations at 16384.
CORRELATED = 8192
CORRELATION_DEVIATIONS = 8
# First lags that are tried behind noise: so many, and one more for so many bytes. One takes 0.35 ms.
FIRST_LAGS = 64
BYTES_PER_LAG = 4096

XOR, ADD, SUBTRACT = 1, 2, 3
# (words' length in symbols, place in the word): where carries start anew. 1: none; 0: never.
WORDS = [(1, 0), (0, 0), *((period, phase) for period in (2, 4, 8) for phase in range(period))]


class Rule(NamedTuple):
    """The hints of a rule, in their order (model/rule.py)."""

    operation: int
    first: int
    second: int
    constant: int
    period: int
    phase: int


def find_rule(data: np.ndarray) -> Rule | None:
    """The rule that uint8[n] follow at all places looked at, if one is found."""
    length = len(data)
    if length < LEAST_LENGTH or not looks_memoryless(data):
        return None
    most_lag = min(MOST_LAG, length // LAGS_PER_LENGTH)
    room = length - most_lag - 1
    tried = min(TRIED, room // PLACES)
    places = [most_lag + 1 + (room - tried) * i // (PLACES - 1) for i in range(PLACES)]
    for place in places:
        for operation, first, second in _candidates(data, place, most_lag):
            rule = _verified(data, places, tried, operation, first, second)
            if rule is not None:
                return rule
    if len(np.unique(data[:SAMPLE])) == 2:
        for first, second in _correlated(data, most_lag):
            rule = _verified(data, places, tried, XOR, first, second)
            if rule is not None:
                return rule
    return None


def looks_memoryless(data: np.ndarray) -> bool:
    """Whether neighbours seem independent of one another, and not all symbols are equal."""
    sample = data[(len(data) - SAMPLE) // 2 :][:SAMPLE] if len(data) > SAMPLE else data
    counts = np.bincount(sample, minlength=256)
    if np.count_nonzero(counts) < 2:
        return False
    pairs = np.bincount(sample[:-1] * np.int64(256) + sample[1:])
    count = len(sample) - 1
    # Pairs of places with equal symbols, among all: the chance that two symbols are equal.
    equal = int((counts * (counts - 1)).sum())
    expected = equal * equal * count // (2 * len(sample) ** 2 * count)
    found = int((pairs * (pairs - 1)).sum()) // 2
    slack = 6 * (1 + int(expected**0.5))
    return 100 * found <= MOST_COLLISIONS * expected + 100 * slack


def _candidates(data: np.ndarray, place: int, most_lag: int):
    """Yield (operation, first lag, second lag) that would explain the symbols from `place` on."""
    alphabet = len(np.unique(data[place - most_lag : place]))
    yield from _xor_candidates(data, place, most_lag, alphabet)
    if alphabet > 128:
        for operation in (ADD, SUBTRACT):
            yield from _sum_candidates(data, place, most_lag, operation)


def _xor_candidates(data, place, most_lag, alphabet):
    """Pairs of lags whose differences by xor agree in KEY_BITS bits or so, small lags first."""
    width = -(-KEY_BITS // max(1, alphabet.bit_length() - 1))
    width = min(width, len(data) - place)
    differences = data[place - most_lag : place + width] ^ data[place - most_lag - 1 :][
        : most_lag + width
    ]
    # A key folds `width` differences; rotating is linear, so keys obey the rule as they do.
    keys = np.zeros(most_lag + 1, dtype=np.uint64)
    for i in range(width):
        keys = (keys << np.uint64(5)) | (keys >> np.uint64(59))
        keys ^= differences[i : i + most_lag + 1].astype(np.uint64)
    by_lag = keys[:-1][::-1]  # of lags 1, 2, …
    order = np.argsort(by_lag, kind="stable")
    wanted = by_lag ^ keys[-1]
    found = np.searchsorted(by_lag[order], wanted)
    found = order[np.minimum(found, most_lag - 1)]
    firsts = np.flatnonzero(by_lag[found] == wanted)
    pairs = np.stack((firsts, found[firsts]), axis=1) + 1
    # Pairs that differ only in order are one; equal lags would cancel.
    pairs = pairs[pairs[:, 0] < pairs[:, 1]]
    for first, second in pairs[np.argsort(pairs[:, 1], kind="stable")][:8].tolist():
        yield XOR, first, second


def _sum_candidates(data, place, most_lag, operation):
    """Pairs of lags that explain six differences, each but for a carry on either side."""
    width = min(6, len(data) - place)
    window = data[place - most_lag - 1 : place + width].astype(np.int64)
    differences = window[1:] - window[:-1]
    # Rows are lags 1, 2, …; columns are the positions from `place` on.
    rows = np.lib.stride_tricks.sliding_window_view(differences, width)
    now, by_lag = rows[-1], rows[-2::-1]
    # The second lag's differences, from the first's: x = first + second, or x = first - second.
    wanted = now - by_lag if operation == ADD else by_lag - now
    keys = (by_lag[:, 0] & 255) << 8 | (by_lag[:, 1] & 255)
    order = np.argsort(keys, kind="stable")
    starts = np.concatenate(([0], np.cumsum(np.bincount(keys, minlength=65536))))
    for carries in range(9):
        key = (wanted[:, 0] + carries // 3 - 1 & 255) << 8 | (wanted[:, 1] + carries % 3 - 1 & 255)
        counts = starts[key + 1] - starts[key]
        firsts = np.repeat(np.arange(most_lag), counts)
        within = np.arange(len(firsts)) - np.repeat(np.cumsum(counts) - counts, counts)
        seconds = order[starts[key][firsts] + within]
        off = (wanted[firsts, 2:] - by_lag[seconds, 2:] + 1) & 255
        good = (off <= 2).all(axis=1) & (firsts != seconds)
        for first, second in zip(firsts[good].tolist(), seconds[good].tolist(), strict=True):
            yield operation, first + 1, second + 1


def _correlated(data: np.ndarray, most_lag: int):
    """Pairs of lags (first < second) whose product with the present is far from random."""
    count = min(CORRELATED, len(data) - most_lag)
    begin = (len(data) - count - most_lag) // 2
    signs = (data[begin : begin + most_lag + count] == data.max()).astype(np.float64)
    # Without the mean, or a bias would correlate everything with everything.
    signs -= signs.mean()
    size = len(signs)
    spectrum = np.conj(np.fft.rfft(signs))
    now = np.zeros(size)
    least = CORRELATION_DEVIATIONS * (count * signs.var() ** 3) ** 0.5
    for first in range(1, min(most_lag, FIRST_LAGS + len(data) // BYTES_PER_LAG)):
        now[most_lag:] = signs[most_lag:] * signs[most_lag - first : size - first]
        # Element s: the sum over n of now[n] · signs[n - s].
        sums = np.fft.irfft(np.fft.rfft(now) * spectrum, size)[: most_lag + 1]
        for second in np.flatnonzero(np.abs(sums) > least).tolist():
            if second > first:
                yield first, second
                break


def _verified(data, places, tried, operation, first, second) -> Rule | None:
    """The rule with its constant and carries, if it beats chance at all places together."""
    hits, best = None, None
    parts = [_part(data, place, tried, operation, first, second) for place in places]
    left = np.concatenate([left for left, _ in parts])
    counts = np.bincount(left & 255, minlength=256)
    # Without carries one value is left; with them two neighbours, of which the constant is the
    # one that comes without a carry: the lower in a sum, the upper in a difference.
    pairs = counts + (np.roll(counts, -1) if operation == ADD else np.roll(counts, 1))
    constants = {int(counts.argmax())}
    if operation != XOR:
        constants.add(int(pairs.argmax()))
    for constant in sorted(constants):
        for period, phase in WORDS if operation != XOR else WORDS[:1]:
            found = sum(
                _hits(part, place, operation, constant, period, phase)
                for part, place in zip(parts, places, strict=True)
            )
            if hits is None or found > hits:
                hits = found
                best = Rule(operation, first, second, constant, period, phase)
    total = len(left)
    shares = np.bincount(np.concatenate([data[place : place + tried] for place in places])) / total
    chance = float((shares**2).sum())
    deviation = (total * chance * (1 - chance)) ** 0.5
    excess = hits - total * chance
    least = max(LEAST_DEVIATIONS * deviation, total * LEAST_EXCESS / 100)
    return best if excess >= least else None


def _part(data, place, tried, operation, first, second):
    """What the rule leaves unexplained at one place, and the sums it makes without a constant."""
    here = data[place : place + tried].astype(np.int64)
    one = data[place - first : place - first + tried].astype(np.int64)
    other = data[place - second : place - second + tried].astype(np.int64)
    if operation == XOR:
        return here ^ one ^ other, one
    total = one + other if operation == ADD else one - other
    return here - total & 255, total


def _hits(part, place, operation, constant, period, phase) -> int:
    """How many symbols the rule explains, each carry taken from the symbol before as it was."""
    left, total = part
    if operation == XOR or period == 1:
        return int(np.count_nonzero(left == constant))
    signed = (left - constant + 128 & 255) - 128
    carried = np.where(np.abs(signed) <= 1, signed, 0)
    carry = np.concatenate(([0], total + constant + carried >> 8))[:-1]
    if period > 0:
        carry[(np.arange(place, place + len(left)) - phase) % period == 0] = 0
    return int(np.count_nonzero(signed == carry))
