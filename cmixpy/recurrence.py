"""Is this data the output of a recurrence x[n] = x[n - j] op x[n - k] + constant?

Additive, subtractive and xor generators with two lags, with and without carry, pass every test of
small contexts: to a context mixer they are noise, and to whoever knows the rule they are nothing
but their first symbols. The encoder looks for the rule here; it travels in the segment's hints and
a match model follows it (model/rule.py).

Ordinary data pay for a few histograms: where pairs of neighbours collide more often than
independent symbols would, contexts have something to say and no rule is looked for. What is left,
noise and compressed files, pays for a search of some 20 ms: differences of neighbours follow the
same rule without its constant, and for every first lag the second one is looked up by the few
differences that it must have (a two-list search, as for 2-SUM), instead of trying all pairs.
Two-letter data that follow no rule exactly are also searched for a rule behind noise: sums of
s[n] s[n - j] s[n - k], for one j and all k by a Fourier transform (the checks of Meier and
Staffelbach's fast correlation attacks, 1989).
"""

from itertools import islice
from typing import NamedTuple

import numpy as np

MOST_LAG = 4096
# A lag must be seen to work on most of the data.
LAGS_PER_LENGTH = 4
LEAST_LENGTH = 64
# At three places so many symbols are looked at, and pairs of symbols so far apart, which may
# collide this much (percent) more often than those of independent symbols. Longer samples would
# take the repetitions of generators with short periods for redundancy.
SAMPLE = 1 << 13
DISTANCES = (1, 2, 4)
MOST_COLLISIONS = 110
# The same for single symbols, against 256 equally likely ones.
MOST_UNEVEN = 150
# A rule must hold at so many places, evenly spread, of so many symbols each; the search for one
# starts at three of them.
PLACES = 16
TRIED = 4096
LEAST_TRIED = 1024
# Bits that the differences at neighbouring positions must agree in, to find one lag for another.
KEY_BITS = 40
# Candidates that are tried for an operation at a place: generators have one, or a few.
MOST_CANDIDATES = 32
# Pairs of lags to compare for one pair of carries: noise has 256, and data that soon repeat
# themselves, of which contexts know all, nearly 4096².
MOST_PAIRS = 1 << 20
# Standard deviations by which a rule must beat chance in all, and at each place.
LEAST_DEVIATIONS = 8
LEAST_DEVIATIONS_HERE = 3
# Percent of the symbols that it must explain beyond chance: where nothing else is known, and where
# contexts would say something too.
LEAST_EXCESS = 3
LEAST_EXCESS_OF_REDUNDANT = 90
# Positions that correlations are summed over: 20 % of noise on each symbol leaves 0.216 of them,
# 19 standard deviations.
CORRELATED = 8192
CORRELATION_DEVIATIONS = 8
# First lags that are tried behind noise: so many, and one more for so many bytes (0.35 ms each).
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
    least = _least_excess(data) if length >= LEAST_LENGTH else None
    if least is None:
        return None
    most_lag = min(MOST_LAG, length // LAGS_PER_LENGTH)
    room = length - most_lag - 1
    count = min(PLACES, max(1, room // LEAST_TRIED))
    tried = min(TRIED, room // count)
    places = [most_lag + 1 + (room - tried) * i // max(1, count - 1) for i in range(count)]
    for place in sorted({places[0], places[count // 2], places[-1]}):
        for operation, first, second in _candidates(data, place, most_lag):
            rule = _verified(data, place, places, tried, operation, first, second, least)
            if rule is not None:
                return rule
    if least == LEAST_EXCESS and len(np.unique(data[:SAMPLE])) == 2:
        for first, second in _correlated(data, most_lag):
            rule = _verified(data, places[0], places, tried, XOR, first, second, least)
            if rule is not None:
                return rule
    return None


def _least_excess(data: np.ndarray) -> int | None:
    """What a rule must explain beyond chance, percent; None where there is none to be looked for.

    Symbols whose neighbours seem independent of one another say nothing to small contexts. Bytes
    that are all equally likely may be redundant and yet no ordinary data: generators with small
    lags repeat their low bits soon.
    """
    starts = {0, max(0, len(data) - SAMPLE) // 2, max(0, len(data) - SAMPLE)}
    samples = [data[start:][:SAMPLE] for start in sorted(starts)]
    if all(map(_looks_memoryless, samples)):
        return LEAST_EXCESS
    return LEAST_EXCESS_OF_REDUNDANT if all(map(_looks_uniform, samples)) else None


def _equal_places(symbols: np.ndarray) -> int:
    """Pairs of different places with equal symbols."""
    counts = np.bincount(symbols)
    return int((counts * (counts - 1)).sum()) // 2


def _looks_uniform(sample: np.ndarray) -> bool:
    return 256 * 2 * 100 * _equal_places(sample) <= MOST_UNEVEN * len(sample) ** 2


def _looks_memoryless(sample: np.ndarray) -> bool:
    if (sample == sample[0]).all():
        return False
    equal = _equal_places(sample)
    expected = 2 * equal * equal // len(sample) ** 2
    allowed = MOST_COLLISIONS * expected + 600 * (1 + int(expected**0.5))
    return all(
        100 * _equal_places(sample[:-distance] * np.int64(256) + sample[distance:]) <= allowed
        for distance in DISTANCES
    )


def _candidates(data: np.ndarray, place: int, most_lag: int):
    """Yield (operation, first lag, second lag) that would explain the symbols from `place` on."""
    alphabet = len(np.unique(data[place - most_lag : place]))
    yield from islice(_xor_candidates(data, place, most_lag, alphabet), MOST_CANDIDATES)
    if alphabet > 128:
        for operation in (ADD, SUBTRACT):
            found = _sum_candidates(data, place, most_lag, operation)
            yield from islice(found, MOST_CANDIDATES)


def _xor_candidates(data, place, most_lag, alphabet):
    """Pairs of lags whose differences by xor agree in KEY_BITS bits or so, small lags first."""
    width = -(-KEY_BITS // max(1, alphabet.bit_length() - 1))
    width = min(width, len(data) - place)
    window = data[place - most_lag - 1 : place + width]
    differences = window[1:] ^ window[:-1]
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
    for first, second in pairs[np.argsort(pairs[:, 1], kind="stable")].tolist():
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
        if counts.sum() > MOST_PAIRS:
            continue
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


def _verified(data, place, places, tried, operation, first, second, least) -> Rule | None:
    """The rule with its constant and carries, if it beats chance at every place."""
    # Where it was found first: most candidates fail there.
    part = _part(data, place, min(tried, LEAST_TRIED), operation, first, second)
    if _best(data, [part], operation, LEAST_DEVIATIONS_HERE, least) is None:
        return None
    parts = [_part(data, place, tried, operation, first, second) for place in places]
    found = _best(data, parts, operation, LEAST_DEVIATIONS, least)
    return Rule(operation, first, second, *found) if found is not None else None


def _best(data, parts, operation, deviations, least) -> tuple[int, int, int] | None:
    """The constant, period and phase that explain most; None if that is no more than chance."""
    counts = np.bincount(np.concatenate([part.left for part in parts]), minlength=256)
    # Without carries one value is left; with them two neighbours, of which the constant is the
    # one that comes without a carry: the lower in a sum, the upper in a difference.
    pairs = counts + (np.roll(counts, -1) if operation == ADD else np.roll(counts, 1))
    constants, words = {int(counts.argmax())}, WORDS[:1]
    if operation != XOR:
        constants.add(int(pairs.argmax()))
        words = WORDS
    best, found = -1, None
    for constant in sorted(constants):
        for period, phase in words:
            hits = np.array([_hits(part, operation, constant, period, phase) for part in parts])
            if hits.sum() > best:
                best, found, at_places = int(hits.sum()), (constant, period, phase), hits
    chances = np.array([_chance(data, part) for part in parts])
    tried = np.array([len(part.left) for part in parts])
    variances = tried * chances * (1 - chances)
    excess = at_places - tried * chances
    enough = (excess * 100 >= tried * least).all()
    enough = enough and (excess >= LEAST_DEVIATIONS_HERE * variances**0.5).all()
    return found if enough and excess.sum() >= deviations * variances.sum() ** 0.5 else None


class _Part(NamedTuple):
    """A stretch of data under two lags: what they leave unexplained, and the sums they make."""

    place: int
    left: np.ndarray
    total: np.ndarray


def _part(data, place, tried, operation, first, second) -> _Part:
    here = data[place : place + tried].astype(np.int64)
    one = data[place - first : place - first + tried].astype(np.int64)
    other = data[place - second : place - second + tried].astype(np.int64)
    if operation == XOR:
        return _Part(place, here ^ one ^ other, one)
    total = one + other if operation == ADD else one - other
    return _Part(place, here - total & 255, total)


def _chance(data, part: _Part) -> float:
    """How often two symbols of this stretch are equal: what a rule that is none would explain."""
    counts = np.bincount(data[part.place : part.place + len(part.left)])
    return float((counts / len(part.left)) @ (counts / len(part.left)))


def _hits(part: _Part, operation, constant, period, phase) -> int:
    """How many symbols the rule explains, each carry taken from the symbol before as it was."""
    place, left, total = part
    if operation == XOR or period == 1:
        return int(np.count_nonzero(left == constant))
    signed = (left - constant + 128 & 255) - 128
    carried = np.where(np.abs(signed) <= 1, signed, 0)
    carry = np.concatenate(([0], total + constant + carried >> 8))[:-1]
    if period > 0:
        carry[(np.arange(place, place + len(left)) - phase) % period == 0] = 0
    return int(np.count_nonzero(signed == carry))
