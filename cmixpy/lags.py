"""Distances at which bytes of the data repeat: record lengths, rows of images, channels.

Only the encoder looks; what it finds travels as the segment's hints. The measure, for each lag:
how often a byte equals the one that far back, counted only where it differs from the byte just
before. So runs, which any context foretells, do not count, and neither noise nor prose has a lag
that stands out. Counts are integers and ratios are compared as integers: the same bytes give the
same hints on every machine. (paq8's record model looks for equal gaps between equal bytes instead.)
"""

import numpy as np

from cmixpy.model.jit import kernel

LONGEST = 4096
# Samples: so many windows of so many bytes, each with LONGEST bytes before it.
WINDOWS = 4
WINDOW = 8192
# Shorter data have too few bytes to tell.
LEAST_LENGTH = 2048
# Lags up to here may be the length of an element in a row, a sample or a number.
LONGEST_ELEMENT = 32
# The least that the best lag must hit beyond chance, in per mille of the bytes that count and in
# per mille of chance. 64 KB samples: prose, source and JSON reach 45 and 1,300 beyond 30 … 70 of
# chance, busybox 60, images and records of all kinds 41 … 600; obj1, which loses, 36.
LEAST_EXCESS = 38
# The same where much of the data is strings: byte code and catalogues of messages reach 90, records
# of names and numbers 114 and more.
LEAST_EXCESS_OF_STRINGS = 100
LEAST_RATIO = 1250
# Or the least share, in per mille, of what chance does not hit.
LEAST_SHARE = 120
# Text has records where so many lines are there, and so many per cent of them have one length.
LEAST_LINES = 20
LEAST_EQUAL = 90
# A lag this near the best, in per mille, and shorter, is the one that the best is a multiple of.
NEAR = 750
NEAR_ROW = 900
# What a row must hit, in per mille of the multiples of its element before it.
LEAST_RISE = 1040


def find_lags(data: np.ndarray, least: int = LEAST_EXCESS) -> tuple[int, ...]:
    """The record length of uint8[n] and, if it has one, the length of its elements; () for none.

    A distance that is short itself (at most 32) comes alone, unless a longer one, no multiple that
    just fades away, stands out beside it: the row of an image whose pixels have three bytes.
    """
    if len(data) < LEAST_LENGTH:
        return ()
    hits, counted, chance = _hits(data)
    chance = max(chance, int(np.median(hits[1:])))
    excess = hits - chance
    excess[0] = 0
    best = int(excess.max())
    stands_out = (best + chance) * 1000 >= LEAST_RATIO * chance
    stands_out |= best * 1000 >= LEAST_SHARE * (counted - chance)
    if best == 0 or best * 1000 < least * counted or not stands_out:
        return ()
    first = int(np.argmax(excess * 1000 >= best * NEAR))
    if first > LONGEST_ELEMENT:
        element = int(np.argmax(excess[: LONGEST_ELEMENT + 1]))
        return (first, element) if 2 * excess[element] >= best else (first,)
    # From twice the first on, what only repeats it fades: a row rises above that.
    start = max(LONGEST_ELEMENT, 2 * first) + 1
    if start < len(excess):
        most = int(excess[start:].max())
        row = start + int(np.argmax(excess[start:]))
        parts = (part for part in range(start, row) if row % part == 0)
        row = next((part for part in parts if excess[part] * 1000 >= most * NEAR_ROW), row)
        fading = int(excess[2 * first : start].max())
        if most * 1000 > fading * LEAST_RISE and most * 2 >= best:
            return (row, first)
    return (first,)


def find_line_lags(data: np.ndarray) -> tuple[int, ...]:
    """As `find_lags`, for text whose lines nearly all have one length: a multiple of it, or ()."""
    ends = np.flatnonzero(data[: LONGEST + WINDOWS * WINDOW] == 10)
    if len(ends) < LEAST_LINES:
        return ()
    lengths = np.diff(ends)
    line = int(np.median(lengths))
    if np.count_nonzero(lengths == line) * 100 < LEAST_EQUAL * len(lengths):
        return ()
    found = find_lags(data)[:1]
    return found if found and found[0] % line == 0 else (line,)


def is_bitmap(data: np.ndarray) -> bool:
    """Whether uint8[n] looks like rows of one-bit pixels, the highest bit of a byte leftmost.

    Neighbouring pixels are mostly equal, also across the border of two bytes. (Scanned pages,
    calgary/pic: 1.4 changes within the seven borders of a byte; other binaries 2.4 or more.)
    """
    counted = changes = joined = 0
    for begin, end in _windows(len(data)):
        piece, before = data[begin:end], data[begin - 1 : end - 1]
        new = (piece != before) & (piece != 0) & (piece != 255)
        piece, before = piece[new], before[new]
        counted += len(piece)
        changes += int(np.unpackbits((piece ^ (piece >> 1)) & 127).sum())
        joined += int(np.count_nonzero(piece >> 7 == before & 1))
    return counted > 0 and changes * 10 < 20 * counted and joined * 10 > 7 * counted


def _windows(length: int) -> list[tuple[int, int]]:
    """(begin, end) of the samples; lags reach back before their beginning."""
    if length <= LONGEST + WINDOWS * WINDOW:
        return [(min(LONGEST, length // 4), length)]
    room = length - LONGEST - WINDOW
    starts = (LONGEST + room * i // (WINDOWS - 1) for i in range(WINDOWS))
    return [(start, start + WINDOW) for start in starts]


def _hits(data: np.ndarray) -> tuple[np.ndarray, int, int]:
    """Equal bytes at each lag, int64[longest + 1]; bytes that count; hits expected by chance."""
    windows = _windows(len(data))
    longest = windows[0][0]
    # Farthest first, as the bytes lie; a lag of 1 never hits where a byte counts.
    backwards = np.zeros(longest, dtype=np.int64)
    block = np.zeros(longest, dtype=np.uint8)
    counts = np.zeros((2, 256), dtype=np.int64)
    for begin, end in windows:
        here = data[begin:end]
        new = here != data[begin - 1 : end - 1]
        counts[0] += np.bincount(here, minlength=256)
        counts[1] += np.bincount(here[new], minlength=256)
        add_hits(here, data[begin - longest : end - 1], new, block, backwards)
    hits = np.concatenate((np.zeros(1, dtype=np.int64), backwards[::-1]))
    chance = int((counts[0] * counts[1]).sum()) // int(counts[0].sum())
    return hits, int(counts[1].sum()), chance


@kernel
def add_hits(here, before, new, block, hits):
    """Add for each lag how often the bytes that count equal the one that far back.

    here, new : uint8[n], bool[n]
    before : uint8[n + longest - 1], from `longest` bytes before the first of `here` on
    block : uint8[longest], zeros, and left so: hits of few enough bytes not to overflow. Single
        bytes throughout let the compiler compare and count dozens of lags at a time.
    hits : int64[longest], of lags longest … 1
    """
    counted = 0
    for i in range(len(here)):
        if new[i]:
            row = before[i : i + len(block)]
            for k in range(len(block)):
                block[k] += np.uint8(row[k] == here[i])
            counted += 1
        if counted == 255 or i == len(here) - 1:
            for k in range(len(block)):
                hits[k] += block[k]
                block[k] = 0
            counted = 0
