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
# Samples: so many windows of so many bytes.
WINDOWS = 2
WINDOW = 8192
# The first look is at so many bytes from the beginning of each of WINDOWS equal parts of the
# sample, and so many candidates are worth the whole.
FIRST_LOOK = 1024
WORTH_THE_WHOLE = 6
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
    begins = _begins(len(data))
    if not len(begins):
        return ()
    above = [context for lag in lags[:1] for context in ((1, lag), (lag, 2 * lag))]
    search = _Search(data, begins, [*KNOWN, *above])
    found: list[tuple[int, ...]] = []
    with ThreadPoolExecutor(threads) as pool:
        while len(found) < MOST_PAIRS:
            plain, (cost, pair) = search.cost_without(), search.best(pool)
            if (plain - cost) * LEAST_SAVED < plain:
                break
            found.append(pair)
            search.know(pair)
    return tuple(chain.from_iterable((*pair, 0)[:2] for pair in found))


def _begins(length: int) -> np.ndarray:
    """int64[m]: where the sampled bytes are; each has all its distances before it."""
    first = min(2 * LONGEST, length)
    if length - first <= WINDOWS * WINDOW:
        return np.arange(first, length)
    room = length - first - WINDOW
    starts = (first + room * (2 * i + 1) // (2 * WINDOWS) for i in range(WINDOWS))
    return np.concatenate([np.arange(start, start + WINDOW) for start in starts])


class Sample(NamedTuple):
    """Bytes that cost something, and what a small mixer says of their bits.

    places : int64[m], where they are in the data
    symbols : uint8[m]
    logits : int16[m, 8]
    """

    places: np.ndarray
    symbols: np.ndarray
    logits: np.ndarray

    def at(self, which: np.ndarray) -> "Sample":
        """Some of them."""
        return Sample(*(field[which] for field in self))


class _Search:
    """A sample, the beginnings of its parts, and what it would cost to know more."""

    def __init__(self, data: np.ndarray, places: np.ndarray, contexts: list[tuple[int, ...]]):
        self.data = data
        self.fixed = _fixed()
        self.scratch = local()
        entries = np.full((len(contexts), 1 << TABLE_BITS), HALF, dtype=np.int32)
        keys = np.array([self.keys(places, context) for context in contexts])
        weights = np.full((256, len(contexts)), FIRST_WEIGHT, dtype=np.int64)
        said = np.zeros((len(contexts), 2), dtype=np.int64)
        logits = np.zeros((len(places), 8), dtype=np.int16)
        costs = np.zeros(len(places), dtype=np.int64)
        known_mix(data[places], keys, entries, weights, self.fixed, said, logits, costs)
        dear = np.flatnonzero(costs >= LEAST_COST)
        self.whole = Sample(places, data[places], logits).at(dear)
        parts = np.array_split(np.arange(len(dear)), WINDOWS)
        self.beginnings = np.concatenate([part[:FIRST_LOOK] for part in parts])
        self.first = self.whole.at(self.beginnings)

    def keys(self, places: np.ndarray, distances) -> np.ndarray:
        """uint64[m]: a hash of the bytes that far back."""
        keys = np.zeros(len(places), dtype=np.uint64)
        for distance in distances:
            keys += self.data[np.maximum(places - distance, 0)].astype(np.uint64) + np.uint64(1)
            keys *= THIRD
        keys *= FIRST
        return keys ^ (keys >> np.uint64(29))

    def cost_with(self, pair: tuple[int, ...], sample: Sample | None = None) -> int:
        """1/256 nat, when a context of the byte before and these is known as well."""
        sample = sample or self.whole
        return self._mixed(sample, self.keys(sample.places, (1, *pair)))[0]

    def cost_without(self) -> int:
        """The same with a context that never comes twice: the mixer mends what is too sure."""
        keys = np.arange(len(self.whole.places)).astype(np.uint64) * SECOND
        return self._mixed(self.whole, keys)[0]

    def _mixed(self, sample: Sample, keys: np.ndarray) -> tuple[int, np.ndarray]:
        """The cost, and the logits, in an array of the calling thread's."""
        mine = self.scratch
        if not hasattr(mine, "entries"):
            mine.entries = np.empty(1 << TABLE_BITS, dtype=np.int32)
            mine.better = np.empty_like(self.whole.logits)
        mine.entries[:] = HALF
        weights = np.empty((8, len(CONFIDENT) + 1, 2), dtype=np.int64)
        weights[:] = ONE, FIRST_WEIGHT_OF_PAIR
        cost = pair_mix(
            sample.symbols, keys, sample.logits, mine.entries, weights, self.fixed, mine.better
        )
        return cost, mine.better

    def know(self, pair: tuple[int, ...]) -> None:
        """From now on the mixer knows this context."""
        _, better = self._mixed(self.whole, self.keys(self.whole.places, (1, *pair)))
        self.whole = self.whole._replace(logits=better.copy())
        self.first = self.whole.at(self.beginnings)

    def best(self, pool: Executor) -> tuple[int, tuple[int, ...]]:
        """The least cost, and for which distances."""
        distances = range(2, LONGEST + 1)
        alone = self._cheapest(pool, [(d,) for d in distances])
        _, (first,) = alone
        pairs = [tuple(sorted((first, second))) for second in distances if second != first]
        return min(alone, self._cheapest(pool, pairs))

    def _cheapest(self, pool: Executor, candidates: list[tuple[int, ...]]):
        """(cost, distances) of the best: a first look at all, the whole for the best of that."""
        looks = pool.map(lambda candidate: self.cost_with(candidate, self.first), candidates)
        likely = [c for _, c in sorted(zip(looks, candidates, strict=True))[:WORTH_THE_WHOLE]]
        return min(zip(pool.map(self.cost_with, likely), likely, strict=True))


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
def place_of(key, node):
    """Where the entry of a node (1 … 255) of a context is; uint64 wraps around."""
    h = key + np.uint64(node) * SECOND
    return np.int64((h * FIRST) >> np.uint64(64 - TABLE_BITS))


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
def known_mix(symbols, keys, entries, weights, fixed, said, logits, costs):
    """Mix contexts bit by bit, weights by partial symbol.

    symbols : uint8[n]
    keys, entries : uint64[contexts, n], int32[contexts, 2^TABLE_BITS]
    weights : int64[256, contexts]
    said : int64[contexts, 2], scratch
    logits, costs : int16[n, 8] and int64[n], written
    """
    contexts, n = keys.shape
    for i in range(n):
        node = 1
        for k in range(8):
            w = weights[node]
            total = np.int64(0)
            for c in range(contexts):
                said[c, 0] = place_of(keys[c, i], node)
                entry = np.int64(entries[c, said[c, 0]])
                sure = fixed.confidence[entry & 255]
                said[c, 1] = fixed.stretch[entry >> (COUNT_BITS + 4)] * sure >> 8
                total += said[c, 1] * w[c]
            logit = min(max(total >> 16, -LOGIT_LIMIT), LOGIT_LIMIT)
            bit = (np.int64(symbols[i]) >> (7 - k)) & 1
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
def pair_mix(symbols, keys, logits, entries, weights, fixed, better):
    """Mix one more context into `logits`; its cost, and the new logits in `better`.

    keys, entries : uint64[n], int32[2^TABLE_BITS]
    weights : int64[8, len(CONFIDENT) + 1, 2], by bit and how often the context was seen
    """
    cost = np.int64(0)
    for i in range(len(symbols)):
        node = 1
        for k in range(8):
            slot = place_of(keys[i], node)
            entry = np.int64(entries[slot])
            step = 0
            for least in CONFIDENT:
                step += (entry & 255) >= least
            w = weights[k, step]
            known = np.int64(logits[i, k])
            said = np.int64(fixed.stretch[entry >> (COUNT_BITS + 4)])
            logit = min(max((known * w[0] + said * w[1]) >> 16, -LOGIT_LIMIT), LOGIT_LIMIT)
            bit = (np.int64(symbols[i]) >> (7 - k)) & 1
            better[i, k] = logit
            cost += cost_of(logit, bit, fixed.softplus)
            error = (bit << 16) - fixed.squash[logit + LOGIT_LIMIT]
            if abs(error) > LEAST_ERROR:
                w[0] += (known * error * RATE_OF_PAIR) >> 16
                w[1] += (said * error * RATE_OF_PAIR) >> 16
            entries[slot] = entry_after(entry, bit, fixed.reciprocals)
            node = node * 2 + bit
    return cost
