"""Which preset suits these bytes: a look at samples, the same on every machine.

The choice is part of what makes an archive, so it may depend on nothing but the bytes.
"""

import numpy as np

from cmixpy.recurrence import find_rule
from cmixpy.x86 import is_executable

# Three samples of this size, or everything when that is less.
SAMPLE = 1 << 16
# Shares, in per mille of the sample, that separate the presets. Control bytes: tars of text and
# Calgary's trans have up to 19, object files, bitmaps and tables of numbers 80 or more.
LEAST_BASES = 995
MOST_CONTROLS = 30
MOST_INVALID = 20
# A text is a log, say, or JSON, from a digit for so many letters on: these have 1 to 7 letters for
# each, Calgary's trans has 4, its other files 10 and more, markup 20 to 30, prose hundreds.
LETTERS_FOR_A_DIGIT = 5
# Letters of other alphabets in an encoding of one byte (KOI8-R, Windows-1251 …) are text where a
# blank stands for every so many bytes; tables of such bytes have fewer.
BYTES_FOR_A_BLANK = 20
# Binary data with so many per cent of their bytes in strings of at least so many letters have more
# from the contexts of text than from those of other binaries: byte code, catalogues of messages.
STRING, STRINGS_SHARE = 8, 38
# Text is a table where so many lines have one number of separators, in per cent, and no fewer than
# that: logs have one in each time of the day. JSON and markup are none, whatever their commas.
LEAST_ROWS, LEAST_SHARE_OF_ROWS, LEAST_SEPARATORS = 12, 80, 2
NO_ROWS = b"{[<"
# What ends a cell.
SEPARATORS = tuple(b",;\t|")
# Below this a DNA model has no time to pay for itself.
LEAST_DNA_BYTES = 64
# What the transform may spend on line lengths, case and exceptions: 1/50 of a byte per byte.
# A base costs about 1.9 bits, so this is where its gain over a text model is used up.
MOST_PARAMETERS = 50


def detect(data: np.ndarray) -> str:
    """Name the preset for uint8[n]: "dna", "generator", "text", "executable" or "binary"."""
    counts, sample = _count(data)
    if _is_dna(counts, len(data)):
        return "dna"
    if find_rule(data) is not None:
        return "generator"
    if _is_text(counts, sample):
        return "text"
    return "executable" if is_executable(data) else "binary"


def kind_of_text(data: np.ndarray) -> str:
    """Name the preset of text more closely: "csv", "log" or, for all other, "text"."""
    if has_columns(data):
        return "csv"
    return "log" if has_figures(data) else "text"


def has_figures(data: np.ndarray) -> bool:
    """Whether many numbers stand in this text, as in logs, JSON and tables."""
    counts, _ = _count(data)
    # From 192 up: first bytes of UTF-8's letters, and letters where one byte is one.
    letters = int(counts[65:91].sum() + counts[97:123].sum() + counts[192:].sum())
    return int(counts[48:58].sum()) * LETTERS_FOR_A_DIGIT > letters


def has_columns(data: np.ndarray) -> bool:
    """Whether the lines of this text are rows of equally many cells, as in CSV (model/cells.py)."""
    rows = lines = 0
    counts = np.zeros(256, dtype=np.int64)
    for piece in _samples(data):
        (ends,) = np.nonzero(piece == 10)
        if len(ends) < 2:
            continue
        # Whole lines only.
        piece, ends = piece[ends[0] + 1 : ends[-1] + 1], ends[1:] - ends[0] - 1
        starts = np.concatenate(([0], ends[:-1] + 1))
        quotes = np.cumsum(piece == 34)
        before = np.repeat(quotes[starts] - (piece[starts] == 34), ends + 1 - starts)
        separators = np.isin(piece, SEPARATORS) & ((quotes - before) % 2 == 0)
        cells = np.add.reduceat(separators, starts)
        counts += np.bincount(np.minimum(cells, 255), minlength=256)
        rows += int(np.count_nonzero(~np.isin(piece[starts], list(NO_ROWS))))
        lines += len(starts)
    most = int(counts[LEAST_SEPARATORS:].max())
    return rows >= LEAST_ROWS and 100 * min(most, rows) >= LEAST_SHARE_OF_ROWS * lines


def has_strings(data: np.ndarray) -> bool:
    """Whether much of these binary data is strings."""
    sample = _samples(data)
    found = sum(_in_strings(piece) for piece in sample)
    return found * 100 >= STRINGS_SHARE * sum(map(len, sample)) > 0


def dna_is_cheap(length: int, parameters: bytes) -> bool:
    """Whether the nucleotide transform left little beside the bases."""
    return len(parameters) * MOST_PARAMETERS <= length


def _samples(data: np.ndarray) -> list[np.ndarray]:
    if len(data) <= 3 * SAMPLE:
        return [data]
    middle = (len(data) - SAMPLE) // 2
    return [data[:SAMPLE], data[middle : middle + SAMPLE], data[-SAMPLE:]]


def _count(data: np.ndarray) -> tuple[np.ndarray, list[np.ndarray]]:
    sample = _samples(data)
    counts = np.sum([np.bincount(piece, minlength=256) for piece in sample], axis=0)
    return counts, sample


def _is_dna(counts: np.ndarray, length: int) -> bool:
    bases = sum(int(counts[letter]) for letter in b"ACGTUacgtu")
    # Unknown bases and line ends say nothing either way: chromosomes begin with 10,000 of them.
    silent = sum(int(counts[letter]) for letter in b"Nn\r\n")
    told = int(counts.sum()) - silent
    return length >= LEAST_DNA_BYTES and 0 < told * LEAST_BASES <= bases * 1000


def _is_text(counts: np.ndarray, sample: list[np.ndarray]) -> bool:
    total = int(counts.sum())
    # Tab, line feed, form feed, carriage return and escape (coloured logs) occur in text.
    controls = int(counts[1:32].sum() + counts[127])
    controls -= sum(int(counts[byte]) for byte in b"\t\n\f\r\x1b")
    # Zeros count once a run: an archive of text files (tar) pads with thousands.
    controls += sum(_zero_runs(piece) for piece in sample)
    if controls * 1000 > total * MOST_CONTROLS or counts[0] * 2 > total:
        return False
    high = int(counts[128:].sum())
    # A few accents in an 8-bit encoding are text; many high bytes are only if they are UTF-8 or
    # stand in words.
    return (
        high * 10 <= total
        or _invalid_utf8(sample) * 1000 <= high * MOST_INVALID
        or _has_words(counts, total)
    )


def _has_words(counts: np.ndarray, total: int) -> bool:
    """Whether blanks and ends of lines part these bytes as they do words."""
    lines = int(counts[10] + counts[13])
    return counts[0] == 0 and lines > 0 and int(counts[32]) * BYTES_FOR_A_BLANK >= total


def _in_strings(piece: np.ndarray) -> int:
    """Bytes in runs of at least STRING that are ASCII's signs and blanks or letters of UTF-8."""
    legible = (piece >= 32) & (piece < 127) | (piece == 9) | (piece == 10) | (piece == 13)
    more = piece >> 6 == 2
    for width, lead in ((2, piece >> 5 == 6), (3, piece >> 4 == 14)):
        whole = np.logical_and.reduce([
            lead[: 1 - width], *(more[i : len(more) + 1 - width + i] for i in range(1, width))
        ])  # fmt: skip
        for i in range(width):
            legible[i : len(legible) + 1 - width + i] |= whole
    (ends,) = np.nonzero(np.diff(legible, prepend=False, append=False))
    lengths = ends[1::2] - ends[::2]
    return int(lengths[lengths >= STRING].sum())


def _zero_runs(piece: np.ndarray) -> int:
    return int(np.count_nonzero(np.diff(piece == 0, prepend=False, append=False)) + 1) // 2


def _invalid_utf8(sample: list[np.ndarray]) -> int:
    decoded = (piece.tobytes().decode("utf-8", "replace") for piece in sample)
    return sum(text.count("\N{REPLACEMENT CHARACTER}") for text in decoded)
