"""What to show for each symbol: a letter, a base, or the word that a code stands for."""

import re

import numpy as np

from cmixpy import coded_text, wordlist
from cmixpy.coded_text import LISTED, WORDS, read_dictionary

OTHER, CAPITAL, CAPITALS, ESCAPE = "·", "ˆ", "ˆˆ", "‸"
LINE_FEED = "↵"
# One character of UTF-8 beyond ASCII.
_CHARACTER = re.compile(
    rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}"
)


def letters(
    symbols: np.ndarray, width: int, transform: int, parameters: bytes, count: int
) -> list[str]:
    """A string for each of the first `count` symbols; see prepare.Prepared for the others.

    A character of several bytes stands at its first, a word at the first byte of its code; for the
    rest of them and for bytes that are no text there is OTHER.
    """
    if width == 2:
        return ["ACGT"[symbol] for symbol in symbols[:count]]
    if transform in (WORDS, LISTED):
        size, dictionary, starts, lengths = read_dictionary(transform, symbols, parameters)
        known = [
            dictionary[start : start + length].tobytes() if length > 0 else b""
            for start, length in zip(starts.tolist(), lengths.tolist(), strict=True)
        ]
        plain = _plain(symbols[: min(size, count)].tobytes())
        # The dictionary in one paragraph: a line for each word would fill the page.
        plain = [LINE_FEED if letter == "\n" else letter for letter in plain]
        if 0 < size <= count:
            plain[-1] = "\n"
        return plain + _coded(symbols[size:count].tobytes(), known)
    return _plain(symbols[:count].tobytes())


def _plain(data: bytes) -> list[str]:
    """Each byte as a character, characters of UTF-8 at their first byte."""
    found = [chr(byte) if 32 <= byte < 127 or byte == 10 else OTHER for byte in data]
    for match in _CHARACTER.finditer(data):
        character = match.group().decode(errors="replace")
        if character.isprintable():
            found[match.start()] = character
    return found


def _coded(data: bytes, known: list[bytes]) -> list[str]:
    """Coded text behind its dictionary: words for codes, marks for flags and escapes."""
    found = _plain(data)
    marks = {coded_text.CAPITAL: CAPITAL, coded_text.CAPITALS: CAPITALS, coded_text.ESCAPE: ESCAPE}
    i = 0
    while i < len(data):
        byte = data[i]
        if byte == coded_text.ESCAPE:
            found[i] = ESCAPE
            # What follows is as it was: one byte, or a run of high ones.
            i += 1
            while i + 1 < len(data) and data[i] >= 128 and data[i + 1] >= 128:
                i += 1
        elif byte in marks:
            found[i] = marks[byte]
        elif byte >= wordlist.LEAST_CODE:
            number = byte - wordlist.LEAST_CODE
            if byte >= wordlist.FIRST_LEAD and i + 1 < len(data):
                number = wordlist.SINGLE + (byte - wordlist.FIRST_LEAD) * 128 + data[i + 1] - 128
                found[i + 1] = OTHER
            found[i] = OTHER
            if number < len(known):
                found[i] = known[number].decode("utf-8", errors="replace")
            i += byte >= wordlist.FIRST_LEAD
        i += 1
    return found
