"""FORMAT.md, "Transform 4": the words of list 1, how a text is written with them; the primers."""

import re
from functools import cache
from pathlib import Path

import cmixpy

PLACES = 64 + 64 * 128
SHIPPED = Path(cmixpy.__file__).parent


@cache
def list_1() -> tuple[bytes, ...]:
    return tuple((SHIPPED / "words-1.txt").read_bytes().split(b"\n")[:PLACES])


@cache
def listed_words(dictionary: bytes) -> list[bytes]:
    """The words of the list, with those of a dictionary in its empty places."""
    words = list(list_1())
    empty = [place for place in range(64, PLACES) if not words[place]]
    place = 64
    for line in dictionary.split(b"\n")[:-1]:
        if not line:
            place = 64 + ((place - 64) // 128 + 1) * 128
            continue
        later = [one for one in empty if one >= place]
        if not later:
            break
        words[later[0]] = line
        place = later[0] + 1
    return words


@cache
def primer_3() -> bytes:
    """Text 2 with the codes of list 1."""
    code = {}
    for place, word in enumerate(list_1()):
        lead, rest = divmod(place - 64, 128)
        code[word] = bytes([128 + place]) if place < 64 else bytes([192 + lead, 128 + rest])

    def written(found: re.Match) -> bytes:
        word, flag = found.group(), b""
        if word[:1].isupper() and word[1:] == word[1:].lower():
            flag, word = b"\1", word.lower()
        elif word == word.upper() != word.lower():
            flag, word = b"\2", word.lower()
        if word in code:
            return flag + code[word]
        return flag + re.sub(rb"[\x80-\xff]+", lambda high: b"\3" + high.group(), word)

    text = (SHIPPED / "primer-2.txt").read_bytes()
    return re.sub(rb"[A-Za-z\x80-\xff]+", written, text)


def first_text(description, lanes: int) -> list[int]:
    """The primer's last bytes that a description asks for, as many as the lanes can share."""
    for start in description.start:
        if start.primer == 3:
            text = primer_3()
            return list(text[len(text) - start.primed // lanes * lanes :])
        if start.primer == 2 or lanes == 1:
            text = (SHIPPED / "primer-1.txt").read_bytes()
            return list(text[len(text) - start.primed // lanes * lanes :])
    return []
