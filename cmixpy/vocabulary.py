"""The order of the dictionary: words that are used alike share the first byte of their codes.

A model that knows the last word foresees the kind of the next one (a verb, a name, a plural) far
sooner than the word itself. So the words with codes of two bytes are parted by what stands to
their left and right, in halves, and the halves in halves: each leaf has a lead byte of its own,
and the bits of that byte go from the coarse to the fine. Within a leaf the order is the alphabet's,
which keeps the dictionary short. (Classes from neighbours: Brown et al., "Class-based n-gram
models", 1992; dictionaries in an order of meaning: paq8hp, Ratushnyak, by hand.)

A list that comes with the decoder (wordlist.py) has such an order already; words that it lacks are
put where they fit best.

Everything is integers, or float64 that holds integers below 2^53, so that the same data give the
same archive everywhere.
"""

import numpy as np

from cmixpy.wordlist import LEAF

# Below this many words there are no leaves; above, about LEAST_LEAF words in one or more.
LEAST_WORDS = 256
LEAST_LEAF = 8
MOST_DEPTH = 6
SINGLES_DEPTH = 3  # the codes of one byte have the same lead: only their order is at stake
NEIGHBOURS = 192  # most frequent words that are told apart as neighbours
BYTES = 128  # values of the bytes beside a word
COLUMNS = 256  # that are looked at, those with the largest counts
ROUNDS = 5  # of the power iteration
# Occurrences of the whole that are added to those of a lead byte's words, and to those of a word.
OF_LEADS, OF_WORDS = 256, 4
BLANK, LAST_FLAG = 32, 2
PIECE = 1 << 18  # codes that are looked at together, so that memory stays small


def count_neighbours(
    body: np.ndarray, places: np.ndarray, sizes: np.ndarray, numbers: np.ndarray, words: int
) -> list[np.ndarray]:
    """How often each word stands beside each byte and frequent word.

    Parameters
    ----------
    body : uint8[n], coded text; word numbers go by frequency
    places, sizes, numbers : int64, uint8, uint16[m], first byte, length and word of every code
    words : how many words there are

    Returns
    -------
    int64[words, …] for the two bytes on the left, the two on the right, the word on the left and
    the word on the right
    """
    padded = np.concatenate(([10, 10], body, [10, 10]), dtype=np.uint8, casting="unsafe")
    widths = *([BYTES] * 4), *([NEIGHBOURS + 2] * 2)
    counts = [np.zeros(words * width, dtype=np.int64) for width in widths]
    for begin in range(0, len(places), PIECE):
        # With the code before and the code behind, where there are such.
        before = min(begin, 1)
        here = slice(begin - before, begin + PIECE + 1)
        last = before + min(PIECE, len(places) - begin)
        at, word = places[here], numbers[here].astype(np.int64)
        columns = _neighbours(padded, at, at + sizes[here], np.minimum(word, NEIGHBOURS))
        for sums, width, column in zip(counts, widths, columns, strict=True):
            where = word[before:last] * width + column[before:last]
            sums += np.bincount(where, minlength=len(sums))
    return [sums.reshape(words, -1) for sums in counts]


def _neighbours(
    padded: np.ndarray, places: np.ndarray, ends: np.ndarray, known: np.ndarray
) -> list[np.ndarray]:
    """What stands beside each of some codes in a row, as a number: see `count_neighbours`.

    padded : uint8[n + 4], the coded text behind two bytes
    known : int64[m], the codes' words, NEIGHBOURS for all that are not told apart
    """

    def kind(at: np.ndarray) -> np.ndarray:
        return np.minimum(padded[at], BYTES - 1).astype(np.int64)

    # The next code stands directly behind one blank, or behind it and a flag.
    gap = places[1:] - ends[:-1]
    beside = (padded[ends[:-1] + 2] == BLANK) & (
        (gap == 1) | ((gap == 2) & (padded[ends[:-1] + 3] <= LAST_FLAG))
    )
    none = np.array([NEIGHBOURS + 1])
    left = np.concatenate((none, np.where(beside, known[:-1], none)))
    right = np.concatenate((np.where(beside, known[1:], none), none))
    return [kind(places + 1), kind(places), kind(ends + 2), kind(ends + 3), left, right]


def arrange(counts: list[np.ndarray], singles: int) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """The words' numbers, parted: those below `singles`, in a row, and the leaves of the others."""
    total = counts[0].sum(axis=1)
    points = _points(_columns(counts), total)
    weights = np.floor(np.sqrt(total)) + 1
    rest = len(points) - singles
    depth = min(MOST_DEPTH, (rest // LEAST_LEAF).bit_length())
    first = _part(points[:singles], weights[:singles], SINGLES_DEPTH)
    others = _part(points[singles:], weights[singles:], depth)
    return first, [part + singles for part in others]


def find_leads(
    counts: list[np.ndarray], leads: np.ndarray, more: np.ndarray, room: np.ndarray
) -> np.ndarray:
    """The lead byte whose words each new word is the most like.

    Parameters
    ----------
    counts : of all words, as `count_neighbours` gives them
    leads : int64[words], the lead byte of each word, -1 if it has none
    more : int64[m], the new words, which choose in this order
    room : int64[leads], how many new words each may take; their sum >= m

    Returns
    -------
    int64[m]
    """
    table = _columns(counts)
    whole = table.sum(axis=0)
    of_leads = np.zeros((len(room), table.shape[1]), dtype=np.int64)
    np.add.at(of_leads, leads[leads >= 0], table[leads >= 0])
    # A few occurrences of the whole, so that what was seldom seen stands near the middle.
    total = max(int(counts[0].sum()), 1)
    kinds = _points(of_leads + (whole * OF_LEADS // total))
    likeness = _points(table[more] * OF_LEADS + whole * OF_WORDS * OF_LEADS // total) @ kinds.T
    left = room.copy()
    found = np.empty(len(more), dtype=np.int64)
    for i, order in enumerate(np.argsort(-likeness, axis=1, kind="stable")):
        found[i] = order[np.argmax(left[order] > 0)]
        left[found[i]] -= 1
    return found


def _columns(counts: list[np.ndarray]) -> np.ndarray:
    """int64[words, …]: the columns with the largest counts, of all kinds side by side."""
    table = np.concatenate(counts, axis=1)
    return table[:, np.argsort(-table.sum(axis=0), kind="stable")[:COLUMNS]]


def _points(table: np.ndarray, total: np.ndarray | None = None) -> np.ndarray:
    """Square roots of shares of the total: their distance is Hellinger's. At most 2^8."""
    total = table.sum(axis=1) if total is None else total
    return np.floor(np.sqrt((table << 16) // np.maximum(total, 1)[:, None]))


def _part(points: np.ndarray, weights: np.ndarray, depth: int) -> list[np.ndarray]:
    """Indices of the points in 2^depth parts, neighbours in the list being alike."""
    count = len(points)
    if depth == 0 or count < 2:
        return [np.arange(count)]
    along = _principal(points, weights)
    order = np.argsort(along, kind="stable")
    half = LEAF << (depth - 1)
    low = max(count // 4, count - half, 1)
    high = min(count - count // 4, half, count - 1)
    # Two means on the line, between the bounds: the largest sum of squares between the parts.
    heavy = weights[order]
    mass = np.cumsum(heavy)
    moment = np.cumsum(heavy * along[order])
    cut = np.arange(low, high + 1)
    left, mass_left = moment[cut - 1], mass[cut - 1]
    right, mass_right = moment[-1] - left, mass[-1] - mass_left
    best = int(cut[np.argmax(left * left / mass_left + right * right / mass_right)])
    parts = []
    for half_of in (order[:best], order[best:]):
        parts += [half_of[p] for p in _part(points[half_of], weights[half_of], depth - 1)]
    return parts


def _principal(points: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The points' places along about the direction in which they differ most; integers.

    Points <= 2^8 in at most 2^10 columns and direction < 2^12 make places < 2^30. The weights
    of at most 2^13 words that occur at most 2^30 times sum to less than 2^22 (Cauchy-Schwarz), so
    sums of weighted places stay below 2^52.
    """
    columns = points.shape[1]
    direction = (np.arange(columns) * 0x9E3779B1 >> 12 & 255) - 128.0
    mass = weights.sum()
    for _ in range(ROUNDS):
        along = points @ direction
        along = along - np.floor((weights * along).sum() / mass)
        direction = _scaled((weights * _scaled(along)) @ points)
    along = points @ direction
    return along - np.floor((weights * along).sum() / mass)


def _scaled(values: np.ndarray) -> np.ndarray:
    """Values divided by a power of two, floored, so that they stay within 2^12."""
    largest = int(np.abs(values).max())
    return np.floor(values / float(1 << max(0, largest.bit_length() - 12)))
