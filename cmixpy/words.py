"""Words: a reversible text transform that writes frequent words as one or two bytes.

The words that occur often enough in the segment make a dictionary, which precedes the text in the
symbol stream; in the text a word of the dictionary becomes a code of bytes from 128 up, a capital
letter at its beginning or a word all in capitals becomes a flag before the small letters. Contexts
of a few bytes then see several words, and there are a third fewer bytes to code. Words used alike
have the first byte of their codes in common (vocabulary.py). The idea is the word replacing
transform of Skibiński, Grabowski and Deorowicz (WRT, "Revisiting dictionary-based compression",
2005), in PAQ8 since 2006.

There are two transforms. In one the whole dictionary is learnt from the data. In the other, for
English, most of its words come with every decoder (wordlist.py), and what precedes the text are
only the words that are frequent in it and not among them.

Any bytes at all survive both: bytes from 128 up that are no code stand behind an escape.
What comes of it, and the way back: coded_text.py.
"""

import re
from collections import Counter
from collections.abc import Iterable

import numpy as np

from cmixpy import varint, vocabulary, wordlist
from cmixpy.coded_text import CAPITAL, CAPITALS, LISTED, WORDS, Kinds, end_of_piece
from cmixpy.wordlist import FIRST_LEAD, LEAST_CODE, MOST_WORDS, SINGLE

LONGEST_WORD = 255
# How often a word must occur to be worth a code (LOG.md, "Words").
LEAST_COUNT = 24
# Share of the bytes, percent, that must be saved for the transform to be worth it: texts with
# few words of their own lose more by it than they gain (LOG.md, "Words").
LEAST_SAVING = 10
# Shorter texts learn no words: the dictionary costs more than it saves (LOG.md, "Primers").
LEAST_LENGTH = 1 << 17
LIST = 1  # the list of words that transform LISTED takes today

_HIGH = re.compile(rb"[\x80-\xff]+")


class Draft:
    """A text with the words that are to have codes, before all codes are settled.

    Attributes
    ----------
    text : model.tokens.Tokens
    numbers : the words, those that occur the most first, and the numbers of their codes so far
    written : list of bytes, what stands for each distinct word of the text
    symbols : how many symbols that makes, without a dictionary
    """

    def __init__(self, text, numbers: dict[bytes, int]):
        self.text, self.numbers = text, numbers
        code = {word: _code(number) for word, number in numbers.items()}
        self.written = [_written(word, code) for word in text.words]
        sizes = np.array([len(one) for one in self.written], dtype=np.int64)
        self.symbols = int(sizes @ text.counts) + text.outside

    def codes(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """The coded text, and of every code in it the place, the length and which word it is.

        int64, uint8 and uint16: there is a code for every six bytes of a text. Can be called once.
        """
        body = self.text.rewrite(self.written)
        self.written.clear()
        word = np.zeros(MOST_WORDS, dtype=np.uint16)
        word[list(self.numbers.values())] = np.arange(len(self.numbers))
        none = np.zeros(0, dtype=np.int64)
        found, begin = [(none, none.astype(np.uint8), none.astype(np.uint16))], 0
        while begin < len(body):
            end = end_of_piece(body, begin)
            kinds = Kinds(body[begin:end])
            which = word[kinds.word_numbers(body[begin:end])]
            found.append((kinds.codes + begin, kinds.code_lengths.astype(np.uint8), which))
            begin = end
        places, sizes, which = map(np.concatenate, zip(*found, strict=True))
        return body, places, sizes, which


def apply_best(data: np.ndarray) -> tuple[int, np.ndarray, bytes] | None:
    """The transform that leaves less to code, its symbols and parameters; None if neither pays.

    Parameters
    ----------
    data : uint8[n]
    """
    text, counts = _read(data)
    transform, draft = LISTED, Draft(text, _listed(counts))
    # A dictionary of its own costs shorter texts more than it saves.
    if len(data) >= LEAST_LENGTH:
        learnt = Draft(text, _learnt(counts))
        if learnt.symbols + sum(len(word) + 1 for word in learnt.numbers) < draft.symbols:
            transform, draft = WORDS, learnt
    if not pays(len(data), draft.symbols):
        return None
    return transform, *(finish_words if transform == WORDS else finish_listed)(draft)


def apply_words(data: np.ndarray) -> tuple[np.ndarray, bytes]:
    """Text to dictionary and coded text, all words of the dictionary learnt.

    Parameters
    ----------
    data : uint8[n]

    Returns
    -------
    symbols : uint8[m]
    parameters : bytes, the number of words and the length of the dictionary, varints
    """
    text, counts = _read(data)
    return finish_words(Draft(text, _learnt(counts)))


def apply_listed(
    data: np.ndarray, number: int = LIST, learn: bool = True
) -> tuple[np.ndarray, bytes]:
    """The same with the words of a list, and, if `learn`, frequent words that are not in it.

    Returns
    -------
    symbols : uint8[m]
    parameters : bytes, the number of the list and the length of the dictionary, varints
    """
    text, counts = _read(data)
    return finish_listed(Draft(text, _listed(counts, number, learn)), number)


def _read(data: np.ndarray):
    """The distinct words of a text (model.tokens.Tokens), and `_counts` of them."""
    # Not at the top: the import of numba takes a second, and decoding does without.
    from cmixpy.model.tokens import Tokens

    text = Tokens(data)
    return text, _counts(zip(text.words, text.counts.tolist(), strict=True))


def _counts(found: Iterable[tuple[bytes, int]]) -> Counter:
    """How often each word that may have a code occurs, in small letters."""
    counts: Counter = Counter()
    for word, count in found:
        folded = _folded(word)
        if folded and 1 < len(word) <= LONGEST_WORD:
            counts[folded[1]] += count
    return counts


def _frequent(counts: Counter) -> list[bytes]:
    """The most frequent words, those that occur the most first."""
    frequent = [word for word, count in counts.items() if count >= LEAST_COUNT]
    return _by_count(frequent, counts)[:MOST_WORDS]


def _learnt(counts: Counter) -> dict[bytes, int]:
    """The frequent words, those with codes of one byte first."""
    return {word: number for number, word in enumerate(_frequent(counts))}


def _listed(counts: Counter, number: int = LIST, learn: bool = True) -> dict[bytes, int]:
    """Words of the list that occur, and the most frequent others that it has room for."""
    listed = wordlist.places(number)
    room = np.concatenate(wordlist.free(number)).tolist() if learn else []
    more = [word for word in _frequent(counts) if word not in listed]
    numbers = {word: listed[word] for word in counts if word in listed}
    numbers |= zip(more, room, strict=False)
    return {word: numbers[word] for word in _by_count(numbers, counts)}


def _by_count(words: Iterable[bytes], counts: Counter) -> list[bytes]:
    return sorted(words, key=lambda word: (-counts[word], word))


def finish_words(draft: Draft) -> tuple[np.ndarray, bytes]:
    """Symbols and parameters of transform WORDS; see `apply_words`."""
    body, *codes = draft.codes()
    dictionary = _arranged(list(draft.numbers), body, *codes)
    symbols = np.concatenate((np.frombuffer(dictionary, dtype=np.uint8), body))
    return symbols, varint.pack(dictionary.count(b"\n")) + varint.pack(len(dictionary))


def finish_listed(draft: Draft, number: int = LIST) -> tuple[np.ndarray, bytes]:
    """Symbols and parameters of transform LISTED; see `apply_listed`."""
    listed = wordlist.places(number)
    more = [word for word in draft.numbers if word not in listed]
    body, places, sizes, which = draft.codes()
    learnt = {}
    if more:
        counts = vocabulary.count_neighbours(body, places, sizes, which, len(draft.numbers))
        known = np.array([listed.get(word, -1) for word in draft.numbers])
        leads = np.where(known < SINGLE, -1, (known - SINGLE) // wordlist.LEAF)
        room = np.array(list(map(len, wordlist.free(number))))
        found = vocabulary.find_leads(counts, leads, np.flatnonzero(known < 0), room)
        learnt = wordlist.fill(number, more, found)
        after = np.array(list((draft.numbers | learnt).values()))
        _renumber(body, places, sizes, which, after)
    dictionary = wordlist.write(learnt)
    symbols = np.concatenate((np.frombuffer(dictionary, dtype=np.uint8), body))
    return symbols, varint.pack(number) + varint.pack(len(dictionary))


def _arranged(words: list[bytes], body, places, sizes, numbers) -> bytes:
    """The dictionary, its words numbered anew; rewrites their codes in `body`."""
    if not words:
        return b""
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
    _renumber(body, places, sizes, numbers, after)
    return b"".join(line + b"\n" for line in lines)


def _renumber(body, places, sizes, words, after: np.ndarray) -> None:
    """Write the number after[word] in the place of every code; none gets longer or shorter."""
    for begin in range(0, len(places), vocabulary.PIECE):
        here = slice(begin, begin + vocabulary.PIECE)
        at, numbers, pair = places[here], after[words[here]], sizes[here] == 2
        body[at[~pair]] = LEAST_CODE + numbers[~pair]
        lead, rest = np.divmod(numbers[pair] - SINGLE, 128)
        body[at[pair]] = FIRST_LEAD + lead
        body[at[pair] + 1] = 128 + rest


def pays(length: int, symbols: int) -> bool:
    """Whether a text of so many bytes is better coded as so many symbols."""
    return symbols * 100 < length * (100 - LEAST_SAVING)


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
