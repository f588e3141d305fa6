"""Reversible preparations of a segment's bytes: bytes → (symbols, parameters) and back.

A DNA file is four letters and a little of something else: line feeds every 60 or 70 letters,
soft-masked stretches in lower case, runs of N, header lines. "Nucleotides" takes the something
else out in three layers, each cheap for what it is made for, so that what is left for the model
is bases and nothing but bases, two bits each (the layers are those of MFCompress and cmix's
FASTA handling: line lengths, case mask, exceptions):

1. lines: the lengths between line feeds, run-length coded;
2. case: stretches of lower-case letters, which go on as upper case;
3. exceptions: runs of one byte that is none of the four letters.

Any bytes at all survive it; bytes that are no DNA merely cost a lot.
"""

import numpy as np

from cmixpy import varint
from cmixpy.errors import DamagedError

NUCLEOTIDES = 1
LINE_FEED = 10
# Symbol s stands for the letter at s; the complement of s is 3 - s.
DNA_LETTERS = b"ACGT"
RNA_LETTERS = b"ACGU"


def apply_nucleotides(data: np.ndarray) -> tuple[np.ndarray, bytes]:
    """Bytes to bases.

    Parameters
    ----------
    data : uint8[n]

    Returns
    -------
    symbols : uint8[m], 0 … 3, m <= n
    parameters : bytes
    """
    stream, lines = _take_lines(data)
    stream, case = _take_case(stream)
    rna = np.count_nonzero(stream == ord("U")) > np.count_nonzero(stream == ord("T"))
    letters = np.frombuffer(RNA_LETTERS if rna else DNA_LETTERS, dtype=np.uint8)
    symbol_of = np.full(256, 255, dtype=np.uint8)
    symbol_of[letters] = np.arange(4)
    symbols = symbol_of[stream]
    exceptions = _runs_of_exceptions(stream, symbols)
    sizes = [int(rna), len(lines), len(case), len(exceptions)]
    values = np.concatenate([lines.ravel(), case.ravel(), exceptions.ravel()])
    # Not at the top: the import of numba takes a second, and most data need no transform.
    from cmixpy.model.numbers import encode_numbers

    code = encode_numbers(values, _kinds(*sizes[1:]))
    return symbols[symbols < 4], b"".join(map(varint.pack, sizes)) + code


def undo_nucleotides(symbols: np.ndarray, parameters: bytes, length: int) -> np.ndarray:
    """The inverse of `apply_nucleotides`; never makes more than `length` bytes.

    Raises
    ------
    DamagedError
        The parameters do not fit `symbols` and `length`.
    """
    try:
        rna, lines, case, exceptions = _split(parameters, length)
        letters = np.frombuffer(RNA_LETTERS if rna else DNA_LETTERS, dtype=np.uint8)
        stream = _put_exceptions(letters[symbols], exceptions, length)
        _put_case(stream, case)
        return _put_lines(stream, lines, length)
    except ValueError as error:
        raise DamagedError(f"the nucleotide parameters are damaged: {error}") from None


def _kinds(lines: int, case: int, exceptions: int) -> np.ndarray:
    """What each number of the lists is (model/numbers.py), uint8[numbers]."""
    parts = ((0, 1), lines), ((2, 3), case), ((4, 5, 6), exceptions)
    return np.concatenate([np.tile(np.array(kinds, dtype=np.uint8), n) for kinds, n in parts])


def _split(parameters: bytes, length: int):
    from cmixpy.model.numbers import MOST_PER_BYTE, decode_numbers

    rest = iter(parameters)
    try:
        rna, lines, case, exceptions = [varint.unpack(rest.__next__) for _ in range(4)]
    except StopIteration:
        raise ValueError("their beginning") from None
    if rna > 1 or max(lines, case, exceptions) > length:
        raise ValueError("their beginning")
    code = bytes(rest)
    if 2 * lines + 2 * case + 3 * exceptions > MOST_PER_BYTE * (len(code) + 1):
        raise ValueError("their number")
    numbers = decode_numbers(code, _kinds(lines, case, exceptions))
    # No honest value is larger, and sums of such values cannot overflow.
    if len(numbers) and numbers.max() > max(length, 255):
        raise ValueError("a length")
    case_start, exception_start = 2 * lines, 2 * lines + 2 * case
    return (
        rna,
        numbers[:case_start].reshape(-1, 2),
        numbers[case_start:exception_start].reshape(-1, 2),
        numbers[exception_start:].reshape(-1, 3),
    )


def _runs(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Start and length of every run of equal neighbours."""
    if len(values) == 0:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    starts = np.concatenate(([0], np.flatnonzero(values[1:] != values[:-1]) + 1))
    return starts, np.diff(np.concatenate((starts, [len(values)])))


def _take_lines(data: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The bytes that are no line feed, and rows (number of lines, their length)."""
    feeds = np.flatnonzero(data == LINE_FEED)
    lengths = np.diff(np.concatenate(([-1], feeds))) - 1
    starts, repeats = _runs(lengths)
    return data[data != LINE_FEED], np.stack((repeats, lengths[starts]), axis=1)


def _put_lines(stream: np.ndarray, lines: np.ndarray, length: int) -> np.ndarray:
    feeds = length - len(stream)
    if int(lines[:, 0].sum()) != feeds:
        raise ValueError("the number of lines")
    ends = np.cumsum(np.repeat(lines[:, 1], lines[:, 0]) + 1) - 1
    if feeds and ends[-1] >= length:
        raise ValueError("the lengths of the lines")
    data = np.empty(length, dtype=np.uint8)
    text = np.ones(length, dtype=bool)
    text[ends] = False
    data[ends] = LINE_FEED
    data[text] = stream
    return data


def _take_case(stream: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The bytes in upper case, and rows (gap before, length) of lower-case stretches."""
    lower = (stream >= ord("a")) & (stream <= ord("z"))
    edges = np.flatnonzero(np.diff(lower, prepend=False, append=False))
    gaps = np.diff(edges, prepend=0).reshape(-1, 2)
    return np.where(lower, stream - 32, stream).astype(np.uint8), gaps


def _put_case(stream: np.ndarray, case: np.ndarray) -> None:
    if len(case) == 0:
        return
    edges = np.cumsum(case.ravel())
    if edges[-1] > len(stream):
        raise ValueError("the lower-case stretches")
    flips = np.zeros(len(stream) + 1, dtype=np.int32)
    np.add.at(flips, edges[::2], 1)
    np.add.at(flips, edges[1::2], -1)
    lower = np.cumsum(flips[:-1], out=flips[:-1]) > 0
    stream[lower] += 32


def _runs_of_exceptions(stream: np.ndarray, symbols: np.ndarray) -> np.ndarray:
    """Rows (bases since the exception before, run length, byte)."""
    places = np.flatnonzero(symbols == 255)
    other = stream[places].astype(np.int64)
    # A run is broken by a base in between as well as by another byte.
    bases_before = places - np.arange(len(places))
    starts, counts = _runs(bases_before * 256 + other)
    gaps = np.diff(bases_before[starts], prepend=0)
    return np.stack((gaps, counts, other[starts]), axis=1)


def _put_exceptions(bases: np.ndarray, exceptions: np.ndarray, length: int) -> np.ndarray:
    gaps, counts, other = exceptions.T
    extra = int(counts.sum())
    if len(bases) + extra > length or int(gaps.sum()) > len(bases):
        raise ValueError("the exceptions' lengths")
    if len(exceptions) == 0:
        return bases
    if other.max() > 255:
        raise ValueError("an exception that is no byte")
    starts = np.cumsum(gaps) + np.cumsum(counts) - counts
    stream = np.empty(len(bases) + extra, dtype=np.uint8)
    is_base = np.ones(len(stream), dtype=bool)
    places = np.repeat(starts - (np.cumsum(counts) - counts), counts) + np.arange(extra)
    is_base[places] = False
    stream[places] = np.repeat(other, counts).astype(np.uint8)
    stream[is_base] = bases
    return stream
