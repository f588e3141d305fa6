"""Coded text: what the words transform (words.py) makes of a text, and the way back.

A dictionary, a word a line, precedes the text; in it a code is one byte or two from 128 up. Flags
before a word make its first letter or all of it capital; bytes from 128 up that are no code, and
those that look like flags, stand behind an escape. It may come from a damaged archive: whatever
it holds, it is refused or becomes a text of the length that was said.
"""

import numpy as np

from cmixpy import varint, wordlist
from cmixpy.errors import DamagedError
from cmixpy.wordlist import FIRST_LEAD, LEAST_CODE, MOST_WORDS, SINGLE

# The transforms: all words learnt from the text, or most of them from a list.
WORDS, LISTED = 3, 4
CAPITAL, CAPITALS, ESCAPE = 1, 2, 3
# Text is worked on in pieces of about this many bytes, so that memory stays small.
PIECE = 1 << 18
# Bytes that belong to no word, code, flag or escape.
_SEPARATES = np.array([ESCAPE < b < 128 and not chr(b).isalpha() for b in range(256)])


def end_of_piece(data: np.ndarray, begin: int) -> int:
    """Where a piece may end, at least PIECE bytes on."""
    end = begin + PIECE
    while end < len(data):
        stops = np.flatnonzero(_SEPARATES[data[end - 1 : end + PIECE]])
        if len(stops):
            return end + int(stops[0])
        end += PIECE
    return len(data)


def dictionary_length(parameters: bytes) -> int:
    """Symbols that the dictionary takes."""
    return int(varint.unpack_array(np.frombuffer(parameters, dtype=np.uint8))[1])


def undo_words(transform: int, symbols: np.ndarray, parameters: bytes, length: int) -> np.ndarray:
    """The inverse of `apply_words` and `apply_listed`; never makes more than `length` bytes.

    Raises
    ------
    DamagedError
        The parameters do not fit `symbols` and `length`, or the coded text is none.
    """
    try:
        return _undo(transform, symbols, parameters, length)
    except ValueError as error:
        raise DamagedError(f"the words transform is damaged: {error}") from None


def read_dictionary(transform: int, symbols: np.ndarray, parameters: bytes):
    """The words of a coded text: where it begins, and bytes, starts and lengths of its words.

    Raises
    ------
    ValueError
        There is no such dictionary.
    """
    values = varint.unpack_array(np.frombuffer(parameters, dtype=np.uint8))
    if len(values) != 2 or values[1] > len(symbols):
        raise ValueError("its parameters")
    number, size = (int(value) for value in values)
    dictionary = symbols[:size]
    feeds = np.flatnonzero(dictionary == 10)
    if len(feeds) != (number if transform == WORDS else len(feeds)) or (
        size and (not len(feeds) or feeds[-1] != size - 1)
    ):
        raise ValueError("its dictionary")
    starts = np.concatenate(([0], feeds[:-1] + 1)) if len(feeds) else feeds
    if transform == LISTED:
        return size, *wordlist.read(number, dictionary, starts, feeds - starts)
    if number > MOST_WORDS:
        raise ValueError("its parameters")
    return size, dictionary, starts, feeds - starts


def _undo(transform: int, symbols: np.ndarray, parameters: bytes, length: int) -> np.ndarray:
    size, dictionary, starts, lengths = read_dictionary(transform, symbols, parameters)
    body = symbols[size:]
    text = np.empty(length, dtype=np.uint8)
    done, begin = 0, 0
    while begin < len(body):
        end = end_of_piece(body, begin)
        piece = _decoded(body[begin:end], dictionary, starts, lengths, length - done)
        text[done : done + len(piece)] = piece
        done, begin = done + len(piece), end
    if done != length:
        raise ValueError("its length")
    return text


def _decoded(body, dictionary, starts, lengths, most: int) -> np.ndarray:
    """The text of one piece, at most `most` bytes."""
    kinds = Kinds(body)
    number = kinds.word_numbers(body)
    if len(number) and (number.max() >= len(starts) or lengths[number].min() < 0):
        raise ValueError("a code without a word")
    # Bytes that each byte of the body stands for; codes stand at their first byte.
    made = kinds.literal.astype(np.int64)
    made[kinds.codes] = lengths[number]
    ends = np.cumsum(made)
    if int(ends[-1]) > most:
        raise ValueError("its length")
    begins = ends - made
    text = np.empty(int(ends[-1]), dtype=np.uint8)
    text[begins[kinds.literal]] = body[kinds.literal]
    sizes = lengths[number]
    inside = np.arange(int(sizes.sum())) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    text[np.repeat(begins[kinds.codes], sizes) + inside] = dictionary[
        np.repeat(starts[number], sizes) + inside
    ]
    _raise_letters(text, begins[kinds.capital], begins[kinds.capitals])
    return text


class Kinds:
    """What each byte of a coded text is: a literal, a flag, an escape, the start of a code."""

    def __init__(self, body: np.ndarray):
        # An escape makes what follows it a literal, also an escape; so in a row of escapes every
        # second one is.
        escapes = np.flatnonzero(body == ESCAPE)
        first = np.flatnonzero(np.diff(escapes, prepend=-2) != 1)
        row = np.repeat(escapes[first], np.diff(np.append(first, len(escapes))))
        escaping = np.zeros(len(body) + 1, dtype=bool)
        escaping[escapes[(escapes - row) % 2 == 0] + 1] = True
        if escaping[-1]:
            raise ValueError("its end")
        escaped = escaping[:-1]
        is_escape = escaping[1:]
        high = body >= LEAST_CODE
        # A run of high bytes is raw behind an escape, else it is one code.
        edges = np.flatnonzero(np.diff(high, prepend=False, append=False))
        run_starts, run_ends = edges[::2], edges[1::2]
        raw = escaped[run_starts]
        self.codes = run_starts[~raw]
        self.code_lengths = (run_ends - run_starts)[~raw]
        in_code = np.zeros(len(body) + 1, dtype=np.int8)
        in_code[self.codes] = 1
        in_code[self.codes + self.code_lengths] -= 1
        in_code = np.cumsum(in_code[:-1], dtype=np.int8).astype(bool)
        if np.any(escaped & (body < LEAST_CODE) & ((body > ESCAPE) | (body == 0))):
            raise ValueError("an escape")
        self.capital = (body == CAPITAL) & ~escaped
        self.capitals = (body == CAPITALS) & ~escaped
        self.literal = ~(is_escape | in_code | self.capital | self.capitals)

    def word_numbers(self, body: np.ndarray) -> np.ndarray:
        first = body[self.codes].astype(np.int64)
        single = first < FIRST_LEAD
        if np.any(self.code_lengths != np.where(single, 1, 2)):
            raise ValueError("a code")
        number = first - LEAST_CODE
        pair = self.codes[~single]
        number[~single] = SINGLE + (first[~single] - FIRST_LEAD) * 128 + body[pair + 1] - 128
        return number


def _raise_letters(text: np.ndarray, capital: np.ndarray, capitals: np.ndarray) -> None:
    """Make the letter at each place of `capital`, and the words at `capitals`, capital ones."""
    if np.any(capital >= len(text)) or np.any(capitals >= len(text)):
        raise ValueError("a flag at the end")
    small = (text >= ord("a")) & (text <= ord("z"))
    chosen = np.zeros(len(text), dtype=bool)
    chosen[capital] = True
    if len(capitals):
        other = np.append(np.flatnonzero(~small & (text < LEAST_CODE)), len(text))
        ends = other[np.searchsorted(other, capitals)]
        marks = np.zeros(len(text) + 1, dtype=np.int32)
        np.add.at(marks, capitals, 1)
        np.add.at(marks, ends, -1)
        chosen |= np.cumsum(marks[:-1]) > 0
    text[chosen & small] -= 32
