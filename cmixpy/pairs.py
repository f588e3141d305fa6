"""Pairs of distances that, with the byte before, foretell the coming byte of records.

What a field of a record holds may depend on bytes that no fixed context sees together: the kind of
the record eleven bytes back and the column's number five back. The encoder looks for such pairs;
they travel in the segment's hints, and contexts of the model read the bytes there
(models/records.toml).

The measure is what a pair adds to a small context mixer (orders 1 to 6, the bytes above): each of
its bits is mixed with what a context of the byte before and those two would say, and the cost is
added up. Pairs are found greedily: the best single distance, then what goes best with it, and
again behind a mixer that knows the pairs found so far. Everything is integer, so that the same
bytes give the same hints on every machine. (paq8's sparse contexts have fixed distances; choosing
contexts by the code length of a sample is what its users do by hand.)
"""

from concurrent.futures import Executor, ThreadPoolExecutor
from functools import cache
from itertools import chain
from threading import local
from typing import NamedTuple

import numpy as np

from cmixpy.model.jit import block, kernel
from cmixpy.model.logistic import LOGIT_LIMIT, softplus_table, squash_table, stretch_table

MOST_PAIRS = 3
LONGEST = 32
# The sample: so many windows of so many bytes. Pairs need some hundred records to be seen in, but
# the search should not take long beside the coding: of short data the sample is one byte in
# SAMPLED_SHORT up to the first length, then one in SAMPLED up to the second.
WINDOWS = 2
SHORT_WINDOW, LONGEST_WINDOW = 4096, 8192
SAMPLED_SHORT, SAMPLED = 8, 32
# Candidates are tried on more and more: first on the beginning of each of WINDOWS equal parts of
# what costs anything in the sample, one byte in so many of it; so many of them are worth the next.
LOOKS = ((8, 8), (4, 3), (1, 1))
# A pair must save one in so many of what costs anything, or it is not worth a context. (In noise
# the best of them seems to save one in 525.)
LEAST_SAVED = 300
# Bytes that the small mixer foresees this well (1/256 nat) say nothing about what is missing in it.
LEAST_COST = 8
TABLE_BITS = 18
# What the small mixer knows: orders, and sparse contexts as in models/records.toml.
KNOWN = (
    (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4), (1, 2, 3, 4, 5, 6), (2,), (2, 3), (1, 3), (3, 4), (5, 6),
)  # fmt: skip
# Odd constants for hashes of 64 bits.
FIRST = np.uint64(0x9E3779B97F4A7C15)
SECOND = np.uint64(0xD6E8FEB86659FD93)
THIRD = np.uint64(0x2545F4914F6CDD1D)
COUNT_BITS = 8
MOST_COUNT = 120
# Weights and probabilities have 16 fraction bits.
ONE = 1 << 16
HALF = ONE // 2 << COUNT_BITS
FIRST_WEIGHT = 26214
FIRST_WEIGHT_OF_PAIR = 9830
LEAST_ERROR = 600
RATE, RATE_OF_PAIR = 6, 3
CONFIDENT = (1, 2, 4, 11, 31)  # counts from which on a pair's weights are others


def find_pairs(data: np.ndarray, lags: tuple[int, ...], threads: int = 1) -> tuple[int, ...]:
    """Distances for uint8[n] with these `lags`, two by two, the second 0 where one is enough.

    How many `threads` look makes no difference to what is found.
    """
    places = _sampled(len(data))
    if not len(places):
        return ()
    above = [context for lag in lags[:1] for context in ((1, lag), (lag, 2 * lag))]
    search = _Search(data, places, [*KNOWN, *above], threads)
    found: list[tuple[int, ...]] = []
    with ThreadPoolExecutor(threads) as pool:
        while len(found) < MOST_PAIRS:
            plain, (cost, pair) = search.cost_without(), search.best(pool)
            if (plain - cost) * LEAST_SAVED < plain:
                break
            found.append(pair)
            search.know(pair)
    return tuple(chain.from_iterable((*pair, 0)[:2] for pair in found))


def _sampled(length: int) -> np.ndarray:
    """int64[m]: where the sampled bytes are; each has all its distances before it."""
    first = min(2 * LONGEST, length)
    short = min(length // (SAMPLED_SHORT * WINDOWS), SHORT_WINDOW)
    window = max(short, min(length // (SAMPLED * WINDOWS), LONGEST_WINDOW))
    if length - first <= WINDOWS * window:
        return np.arange(first, length)
    room = length - first - window
    starts = (first + room * (2 * i + 1) // (2 * WINDOWS) for i in range(WINDOWS))
    return np.concatenate([np.arange(start, start + window) for start in starts])


def _table_size(count: int) -> int:
    """Entries for so many bytes: four to eight times as many as bits. Few are soon cleared."""
    return 1 << min((32 * count).bit_length(), TABLE_BITS)


class Sample(NamedTuple):
    """Bytes that cost something, and what a small mixer says of their bits.

    places : int64[m], where they are in the data
    logits : int16[m, 8]
    """

    places: np.ndarray
    logits: np.ndarray

    def at(self, which: np.ndarray) -> "Sample":
        """Some of them."""
        return Sample(*(field[which] for field in self))


class _Search:
    """A sample, the beginnings of its parts, and what it would cost to know more."""

    def __init__(
        self, data: np.ndarray, places: np.ndarray, contexts: list[tuple[int, ...]], threads: int
    ):
        self.data = data
        self.threads = threads
        self.fixed = _fixed()
        self.scratch = local()
        entries = np.full((len(contexts), _table_size(len(places))), HALF, dtype=np.int32)
        weights = np.full((256, len(contexts)), FIRST_WEIGHT, dtype=np.int64)
        keys, said = np.zeros(len(contexts), np.uint64), np.zeros((len(contexts), 2), np.int64)
        logits = np.zeros((len(places), 8), dtype=np.int16)
        costs = np.zeros(len(places), dtype=np.int64)
        distances = np.zeros((len(contexts), max(map(len, contexts))), dtype=np.int64)
        for row, context in zip(distances, contexts, strict=True):
            row[: len(context)] = context
        known_mix(data, places, distances, entries, weights, self.fixed, keys, said, logits, costs)
        dear = np.flatnonzero(costs >= LEAST_COST)
        self.whole = Sample(places, logits).at(dear)
        parts = np.array_split(np.arange(len(dear)), WINDOWS)
        self.looks = []
        for one_in, worth in LOOKS:
            beginnings = [part[: len(places) // one_in] for part in parts]
            self.looks.append((np.concatenate(beginnings), worth))

    def cost_without(self) -> int:
        """1/256 nat, with a context that never comes twice: the mixer mends what is too sure."""
        return int(self._costs(self.whole, [()])[0])

    def know(self, pair: tuple[int, ...]) -> None:
        """From now on the mixer knows the context of the byte before and these."""
        self._costs(self.whole, [pair])
        self.whole = self.whole._replace(logits=self.scratch.better.copy())

    def best(self, pool: Executor) -> tuple[int, tuple[int, ...]]:
        """The least cost, and for which distances."""
        distances = range(2, LONGEST + 1)
        alone = self._cheapest(pool, [(d,) for d in distances])
        _, (first,) = alone
        pairs = [tuple(sorted((first, second))) for second in distances if second != first]
        return min(alone, self._cheapest(pool, pairs))

    def _cheapest(self, pool: Executor, candidates: list[tuple[int, ...]]):
        """(cost, distances) of the best."""
        ranked: list[tuple[int, tuple[int, ...]]] = []
        for which, worth in self.looks:
            ranked = self._ranked(pool, self.whole.at(which), candidates)[:worth]
            candidates = [candidate for _, candidate in ranked]
        return ranked[0]

    def _ranked(self, pool: Executor, sample: Sample, candidates):
        """[(cost, distances)], the least first; one call a thread, for between calls a thread waits
        for Python's lock while another loads the model's kernels."""
        shares = [candidates[i :: self.threads] for i in range(self.threads)]
        costs = pool.map(lambda share: self._costs(sample, share).tolist(), shares)
        return sorted(zip(chain(*costs), chain(*shares), strict=True))

    def _costs(self, sample: Sample, pairs: list[tuple[int, ...]]) -> np.ndarray:
        """int64[pairs], of each alone; the logits of the last in the calling thread's `better`."""
        mine = self.scratch
        if not hasattr(mine, "entries"):
            mine.entries = np.empty(1 << TABLE_BITS, dtype=np.int32)
            mine.weights = np.empty((8, len(CONFIDENT) + 1, 2), dtype=np.int64)
            mine.better = np.empty_like(self.whole.logits)
        distances = np.array([(*pair, 0, 0)[:2] for pair in pairs], np.int64).reshape(-1, 2)
        costs = np.zeros(len(pairs), dtype=np.int64)
        entries = mine.entries[: _table_size(len(sample.places))]
        pair_costs(
            self.data, *sample, distances, entries, mine.weights, self.fixed,
            mine.better, costs,
        )  # fmt: skip
        return costs


class Fixed(NamedTuple):
    """Tables that do not change: of logistic.py, and by how often a context was seen.

    reciprocals, confidence : int64[MOST_COUNT + 1], 2^16 / (n + 1.5), and n / (n + 1.5) in 1/256
    """

    stretch: np.ndarray
    squash: np.ndarray
    softplus: np.ndarray
    reciprocals: np.ndarray
    confidence: np.ndarray


@cache
def _fixed() -> Fixed:
    twice = 2 * np.arange(MOST_COUNT + 1, dtype=np.int64)
    tables = stretch_table(), squash_table(), softplus_table()
    return Fixed(*tables, (1 << 17) // (twice + 3), 256 * twice // (twice + 3))


@block
def with_byte(key, data, place):
    """A hash of one more byte; uint64 wraps around."""
    return (key + np.uint64(data[max(place, 0)]) + np.uint64(1)) * THIRD


@block
def place_of(key, node, entries):
    """Where the entry of a node (1 … 255) of a context is, among 2^n."""
    h = (key * FIRST + np.uint64(node) * SECOND) * FIRST
    return np.int64((h >> np.uint64(32)) & np.uint64(len(entries) - 1))


@block
def entry_after(entry, bit, reciprocals):
    """A probability of 16 bits and its count, after a bit."""
    count = entry & 255
    p = entry >> COUNT_BITS
    p += ((bit * 65535 - p) * reciprocals[count]) >> 16
    return (p << COUNT_BITS) | min(count + 1, MOST_COUNT)


@block
def cost_of(logit, bit, softplus):
    """-ln of the bit's probability in 1/256."""
    size = abs(logit)
    wrong = (logit > 0) != (bit > 0)
    return np.int64(softplus[size]) + wrong * size


@kernel
def known_mix(data, places, distances, entries, weights, fixed, keys, said, logits, costs):
    """Mix contexts bit by bit, weights by partial symbol.

    data, places : uint8[n], int64[m]
    distances, entries : int64[contexts, most], then zeros, and int32[contexts, 2^n]
    weights : int64[256, contexts]
    keys, said : uint64[contexts] and int64[contexts, 2], scratch
    logits, costs : int16[m, 8] and int64[m], written
    """
    contexts, most = distances.shape
    for i in range(len(places)):
        for c in range(contexts):
            keys[c] = np.uint64(0)
            for j in range(most):
                if distances[c, j] > 0:
                    keys[c] = with_byte(keys[c], data, places[i] - distances[c, j])
        node = 1
        for k in range(8):
            w = weights[node]
            total = np.int64(0)
            for c in range(contexts):
                said[c, 0] = place_of(keys[c], node, entries[c])
                entry = np.int64(entries[c, said[c, 0]])
                sure = fixed.confidence[entry & 255]
                said[c, 1] = fixed.stretch[entry >> (COUNT_BITS + 4)] * sure >> 8
                total += said[c, 1] * w[c]
            logit = min(max(total >> 16, -LOGIT_LIMIT), LOGIT_LIMIT)
            bit = (np.int64(data[places[i]]) >> (7 - k)) & 1
            logits[i, k] = logit
            costs[i] += cost_of(logit, bit, fixed.softplus)
            error = (bit << 16) - fixed.squash[logit + LOGIT_LIMIT]
            for c in range(contexts):
                if abs(error) > LEAST_ERROR:
                    w[c] += (said[c, 1] * error * RATE) >> 16
                entry = np.int64(entries[c, said[c, 0]])
                entries[c, said[c, 0]] = entry_after(entry, bit, fixed.reciprocals)
            node = node * 2 + bit


@kernel
def pair_costs(data, places, logits, pairs, entries, weights, fixed, better, costs):
    """Mix one more context into `logits`, for each pair alone: costs, and the last's new logits.

    data, places, logits : uint8[n], int64[m], int16[m, 8]
    pairs : int64[candidates, 2], zeros behind a pair's distances; without any it never comes twice
    entries, weights : int32[2^n] and int64[8, len(CONFIDENT) + 1, 2], by bit and how often the
        context was seen, both scratch
    better, costs : int16[at least m, 8] and int64[candidates], written
    """
    for c in range(len(pairs)):
        entries[:] = HALF
        weights[:, :, 0] = ONE
        weights[:, :, 1] = FIRST_WEIGHT_OF_PAIR
        cost = np.int64(0)
        for i in range(len(places)):
            key = np.uint64(i) * SECOND
            if pairs[c, 0] > 0:
                key = with_byte(np.uint64(0), data, places[i] - 1)
                key = with_byte(key, data, places[i] - pairs[c, 0])
            if pairs[c, 1] > 0:
                key = with_byte(key, data, places[i] - pairs[c, 1])
            node = 1
            for k in range(8):
                slot = place_of(key, node, entries)
                entry = np.int64(entries[slot])
                step = 0
                for least in CONFIDENT:
                    step += (entry & 255) >= least
                w = weights[k, step]
                known = np.int64(logits[i, k])
                said = np.int64(fixed.stretch[entry >> (COUNT_BITS + 4)])
                logit = min(max((known * w[0] + said * w[1]) >> 16, -LOGIT_LIMIT), LOGIT_LIMIT)
                bit = (np.int64(data[places[i]]) >> (7 - k)) & 1
                better[i, k] = logit
                cost += cost_of(logit, bit, fixed.softplus)
                error = (bit << 16) - fixed.squash[logit + LOGIT_LIMIT]
                if abs(error) > LEAST_ERROR:
                    w[0] += (known * error * RATE_OF_PAIR) >> 16
                    w[1] += (said * error * RATE_OF_PAIR) >> 16
                entries[slot] = entry_after(entry, bit, fixed.reciprocals)
                node = node * 2 + bit
        costs[c] = cost
