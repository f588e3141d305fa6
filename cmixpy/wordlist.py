"""Lists of words that come with every decoder, each word at the place of its code.

A list has a line for each code of the words transform (words.py), in their order: 64 of one byte,
then 64 lead bytes with 128 codes each. Words that are used alike share a lead byte, and so on down
its bits and those of the second byte. Empty lines are places for words of the text's own.

List 1 was made for English: words that occur in several of a dozen sources (encyclopedia, novels,
verse, documentation, programs), parted by what stands to their left and right in these sources
(LOG.md, "Words that come with the decoder"). A list never changes once archives may need it; a
better one gets the next number.
"""

from functools import cache

import numpy as np

from cmixpy import shipped

# Bytes and XXH3-64 of each list.
LISTS = {1: (58_494, 0x8C55703AF8D6F6F5)}
# Codes of one byte: 128 … 191; the others are lead bytes of codes of two bytes.
SINGLE = 64
LEAST_CODE = 128
FIRST_LEAD = LEAST_CODE + SINGLE
LEADS = 256 - FIRST_LEAD
LEAF = 128  # codes of a lead byte
MOST_WORDS = SINGLE + LEADS * LEAF


@cache
def words(number: int) -> tuple[bytes, ...]:
    """The word of each place, b"" where there is none; of list 0 there is none anywhere."""
    if number == 0:
        return (b"",) * MOST_WORDS
    lines = shipped.read(f"words-{number}.txt", *LISTS[number]).tobytes().split(b"\n")
    return tuple(lines[:MOST_WORDS])


@cache
def places(number: int) -> dict[bytes, int]:
    """The place of each word."""
    return {word: place for place, word in enumerate(words(number)) if word}


@cache
def letters(number: int) -> np.ndarray:
    """int32[MOST_WORDS], read-only: how long each word is, 0 where there is none."""
    lengths = np.array([len(word) for word in words(number)], dtype=np.int32)
    lengths.flags.writeable = False
    return lengths


def free(number: int) -> list[np.ndarray]:
    """For each lead byte its places without a word."""
    empty = np.flatnonzero(letters(number)[SINGLE:] == 0) + SINGLE
    return [empty[(empty - SINGLE) // LEAF == lead] for lead in range(LEADS)]


def fill(number: int, more: list[bytes], leads: np.ndarray) -> dict[bytes, int]:
    """Places for words beside the list's, given the lead byte of each, which has room for it."""
    place: dict[bytes, int] = {}
    for lead, empty in enumerate(free(number)):
        chosen = sorted(word for word, its in zip(more, leads.tolist(), strict=True) if its == lead)
        place |= zip(chosen, empty[: len(chosen)].tolist(), strict=True)
    return place


def write(place: dict[bytes, int]) -> bytes:
    """The dictionary that says which words stand where: an empty line goes on to the next lead."""
    lines, lead = [], 0
    for word, at in sorted(place.items(), key=lambda pair: pair[1]):
        skipped = (at - SINGLE) // LEAF - lead
        lines += [b""] * skipped + [word]
        lead = (at + 1 - SINGLE) // LEAF
    return b"".join(line + b"\n" for line in lines)


def read(number: int, dictionary: np.ndarray, starts: np.ndarray, lengths: np.ndarray):
    """All words of a text that was written with a list: bytes, their first bytes and lengths.

    Parameters
    ----------
    dictionary : uint8[n], and int64[lines], the first byte and the length of each line

    Returns
    -------
    uint8[…], int64[MOST_WORDS], int64[MOST_WORDS]: a length of -1 where there is no word

    Raises
    ------
    ValueError
        There is no such list, or no room for so many words.
    """
    if number not in LISTS:
        raise ValueError(f"word list {number}, which this version does not have")
    listed = np.frombuffer(b"".join(words(number)), dtype=np.uint8)
    all_lengths = letters(number).astype(np.int64)
    all_starts = np.cumsum(all_lengths) - all_lengths
    empty = all_lengths == 0
    all_lengths[empty] = -1
    empty[:SINGLE] = False
    place = SINGLE
    for start, length in zip(starts.tolist(), lengths.tolist(), strict=True):
        if length == 0:
            place += LEAF - (place - SINGLE) % LEAF
            continue
        while place < MOST_WORDS and not empty[place]:
            place += 1
        if place >= MOST_WORDS:
            raise ValueError("its dictionary")
        all_starts[place], all_lengths[place] = len(listed) + start, length
        place += 1
    return np.concatenate((listed, dictionary)), all_starts, all_lengths
