"""Words: a reversible text transform that writes frequent words as one or two bytes.

The words that occur often enough in the segment make a dictionary, which precedes the text in the
symbol stream; in the text a word of the dictionary becomes a code of bytes from 128 up, a capital
letter at its beginning or a word all in capitals becomes a flag before the small letters. Contexts
of a few bytes then see several words, and there are a third fewer bytes to code. Words used alike
have the first byte of their codes in common (vocabulary.py). The idea is the word replacing
transform of Skibiński, Grabowski and Deorowicz (WRT, "Revisiting dictionary-based compression",
2005), in PAQ8 since 2006; here the dictionary is learnt from the data, not shipped.

Any bytes at all survive it: bytes from 128 up that are no code stand behind an escape.
"""

import re
from collections import Counter

import numpy as np

from cmixpy import varint, vocabulary
from cmixpy.errors import DamagedError

WORDS = 3
CAPITAL, CAPITALS, ESCAPE = 1, 2, 3
# Codes of one byte: 128 … 191; the others are lead bytes of codes of two bytes.
SINGLE = 64
LEAST_CODE = 128
FIRST_LEAD = LEAST_CODE + SINGLE
MOST_WORDS = SINGLE + (256 - FIRST_LEAD) * 128
LONGEST_WORD = 255
# How often a word must occur to be worth a code (LOG.md, "Words").
LEAST_COUNT = 24
# Share of the bytes, percent, that must be saved for the transform to be worth it: texts with
# few words of their own lose more by it than they gain (LOG.md, "Words").
LEAST_SAVING = 10
# Shorter texts are coded as they are: a model that has read a primer (primer.py) knows their words,
# and codes would hide them (LOG.md, "Primers").
LEAST_LENGTH = 1 << 17
# Text is worked on in pieces of about this many bytes, so that memory stays small.
PIECE = 1 << 18

_HIGH = re.compile(rb"[\x80-\xff]+")
# Bytes that belong to no word, code, flag or escape.
_SEPARATES = np.array([ESCAPE < b < 128 and not chr(b).isalpha() for b in range(256)])


def apply_words(data: np.ndarray) -> tuple[np.ndarray, bytes]:
    """Text to dictionary and coded text.

    Parameters
    ----------
    data : uint8[n]

    Returns
    -------
    symbols : uint8[m]
    parameters : bytes, the number of words and the length of the dictionary, varints
    """
    # Not at the top: the import of numba takes a second, and decoding does without.
    from cmixpy.model.tokens import Tokens

    text = Tokens(data)
    words = _frequent(dict(zip(text.words, text.counts.tolist(), strict=True)))
    code = dict(zip(words, map(_code, range(len(words))), strict=True))
    body = text.rewrite([_written(word, code) for word in text.words])
    dictionary = _arranged(words, body)
    symbols = np.concatenate((np.frombuffer(dictionary, dtype=np.uint8), body))
    return symbols, varint.pack(dictionary.count(b"\n")) + varint.pack(len(dictionary))


def _arranged(words: list[bytes], body: np.ndarray) -> bytes:
    """The dictionary, its words numbered anew; rewrites their codes in `body`."""
    if not words:
        return b""
    found, begin = [], 0
    while begin < len(body):
        end = _end_of_piece(body, begin)
        kinds = _Kinds(body[begin:end])
        numbers = kinds.word_numbers(body[begin:end])
        found.append((kinds.codes + begin, kinds.code_lengths, numbers))
        begin = end
    places, sizes, numbers = map(np.concatenate, zip(*found, strict=True))
    if len(words) < vocabulary.LEAST_WORDS:
        parts, leaves = [np.arange(len(words))[:SINGLE]], [np.arange(len(words))[SINGLE:]]
    else:
        counts = vocabulary.count_neighbours(body, places, sizes, numbers, len(words))
        parts, leaves = vocabulary.arrange(counts, SINGLE)

    def by_alphabet(part: np.ndarray) -> list[int]:
        return sorted(part.tolist(), key=words.__getitem__)

    first = [number for part in parts for number in by_alphabet(part)]
    after = np.zeros(len(words), dtype=np.int64)
    after[first] = np.arange(len(first))
    lines = [words[number] for number in first]
    for leaf in map(by_alphabet, filter(len, leaves)):
        # A leaf begins a new lead byte; the words that it lacks are empty.
        lines += [b""] * (-(len(lines) - SINGLE) % vocabulary.LEAF)
        after[leaf] = np.arange(len(leaf)) + len(lines)
        lines += [words[number] for number in leaf]
    numbers = after[numbers]
    pair = sizes == 2
    body[places[~pair]] = LEAST_CODE + numbers[~pair]
    lead, rest = np.divmod(numbers[pair] - SINGLE, 128)
    body[places[pair]] = FIRST_LEAD + lead
    body[places[pair] + 1] = 128 + rest
    return b"".join(line + b"\n" for line in lines)


def dictionary_length(parameters: bytes) -> int:
    """Symbols that the dictionary takes."""
    return int(varint.unpack_array(np.frombuffer(parameters, dtype=np.uint8))[1])


def pays(length: int, symbols: int) -> bool:
    """Whether a text of so many bytes is better coded as so many symbols."""
    return symbols * 100 <= length * (100 - LEAST_SAVING)


def _end_of_piece(data: np.ndarray, begin: int) -> int:
    """Where a piece may end, at least PIECE bytes on."""
    end = begin + PIECE
    while end < len(data):
        stops = np.flatnonzero(_SEPARATES[data[end - 1 : end + PIECE]])
        if len(stops):
            return end + int(stops[0])
        end += PIECE
    return len(data)


def _folded(word: bytes) -> tuple[bytes, bytes] | None:
    """Flag and small letters of a word, or None for one like "iPhone"."""
    small = word.lower()
    if small == word:
        return b"", word
    if word[:1] != small[:1] and word[1:] == small[1:]:
        return bytes([CAPITAL]), small
    if word == word.upper():
        return bytes([CAPITALS]), small
    return None


def _frequent(found: dict[bytes, int]) -> list[bytes]:
    """The most frequent words, those that occur the most first."""
    counts: Counter = Counter()
    for word, count in found.items():
        folded = _folded(word)
        if folded and 1 < len(word) <= LONGEST_WORD:
            counts[folded[1]] += count
    frequent = [word for word, count in counts.items() if count >= LEAST_COUNT]
    frequent.sort(key=lambda word: (-counts[word], word))
    return frequent[:MOST_WORDS]


def _code(number: int) -> bytes:
    if number < SINGLE:
        return bytes([LEAST_CODE + number])
    lead, rest = divmod(number - SINGLE, 128)
    return bytes([FIRST_LEAD + lead, 128 + rest])


def _written(word: bytes, code: dict[bytes, bytes]) -> bytes:
    folded = _folded(word)
    flag, small = folded if folded else (b"", word)
    if small in code and folded:
        return flag + code[small]
    return flag + _HIGH.sub(lambda found: b"\x03" + found.group(), small)


def undo_words(symbols: np.ndarray, parameters: bytes, length: int) -> np.ndarray:
    """The inverse of `apply_words`; never makes more than `length` bytes.

    Raises
    ------
    DamagedError
        The parameters do not fit `symbols` and `length`, or the coded text is none.
    """
    try:
        return _undo(symbols, parameters, length)
    except ValueError as error:
        raise DamagedError(f"the words transform is damaged: {error}") from None


def _undo(symbols: np.ndarray, parameters: bytes, length: int) -> np.ndarray:
    values = varint.unpack_array(np.frombuffer(parameters, dtype=np.uint8))
    if len(values) != 2 or values[0] > MOST_WORDS or values[1] > len(symbols):
        raise ValueError("its parameters")
    count, size = (int(value) for value in values)
    starts, lengths = _read_dictionary(symbols[:size], count)
    body = symbols[size:]
    text = np.empty(length, dtype=np.uint8)
    done, begin = 0, 0
    while begin < len(body):
        end = _end_of_piece(body, begin)
        piece = _decoded(body[begin:end], symbols, starts, lengths, length - done)
        text[done : done + len(piece)] = piece
        done, begin = done + len(piece), end
    if done != length:
        raise ValueError("its length")
    return text


def _decoded(body, dictionary, starts, lengths, most: int) -> np.ndarray:
    """The text of one piece, at most `most` bytes."""
    kinds = _Kinds(body)
    number = kinds.word_numbers(body)
    if len(number) and number.max() >= len(starts):
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


def _read_dictionary(dictionary: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """First byte and length of every word."""
    feeds = np.flatnonzero(dictionary == 10)
    if len(feeds) != count or (count and feeds[-1] != len(dictionary) - 1):
        raise ValueError("its dictionary")
    starts = np.concatenate(([0], feeds[:-1] + 1)) if count else feeds
    return starts, feeds - starts


class _Kinds:
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
