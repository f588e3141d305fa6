"""Primers: what the model has read before the segment begins.

A model that starts with nothing pays for the words of English and the look of a line of C again in
every small file. A primer is a text that comes with every decoder: both sides let the model learn
it first, without coding it (as preset dictionaries of zlib, zstd and brotli; paq8px trains its
text model so). Lanes share it out: each reads a part, all learn from the whole.

Text 1 was written for this: common words and phrases, then samples of JSON, tables, logs, markup,
programs, papers and mail, and prose of several kinds. Text 2 has no words, because it goes through
the words transform, whose list knows them; it begins with a walk over runs of two to four words
that occur in several sources (LOG.md, "Words that come with the decoder"), and has a longer sample
of a wiki. A primer never changes once archives may need it; a better one gets the next number.
"""

from functools import cache
from typing import NamedTuple

import numpy as np
import xxhash

from cmixpy import shipped
from cmixpy.words import apply_listed

# Bytes and XXH3-64 of each text.
TEXTS = {1: (63_907, 0x40C4B28D34E53517), 2: (94_915, 0x32A393F2AC7A017D)}


class Primer(NamedTuple):
    """A text, and how it is read.

    shared : whether several lanes share it out (else only a single one has it)
    words : number of the list with which the words transform writes it first; 0: it does not
    symbols, digest : how many symbols that makes, and their XXH3-64
    """

    text: int
    shared: bool
    words: int
    symbols: int
    digest: int


PRIMERS = {
    1: Primer(1, False, 0, *TEXTS[1]),
    2: Primer(1, True, 0, *TEXTS[1]),
    3: Primer(2, True, 1, 55_147, 0x5AF0BA15950AC661),
}
MOST_PRIMED = 1 << 16


@cache
def symbols(number: int) -> np.ndarray:
    """uint8[n], read-only: what lanes read of primer `number`.

    Raises
    ------
    RuntimeError
        It is not what archives were made with.
    """
    given = PRIMERS[number]
    read = shipped.read(f"primer-{given.text}.txt", *TEXTS[given.text])
    if given.words:
        read, _ = apply_listed(read, given.words, learn=False)
        if (len(read), xxhash.xxh3_64_intdigest(read.tobytes())) != (given.symbols, given.digest):
            raise RuntimeError(f"this version makes another primer {number}")
        read.flags.writeable = False
    return read


def primed_in_a_lane(number: int, primed: int, lanes: int) -> int:
    """Symbols that each of `lanes` lanes reads of the last `primed` bytes of primer `number`."""
    return primed // lanes if PRIMERS[number].shared or lanes == 1 else 0


def lay_out(primer: np.ndarray, lanes: int, length: int, symbols=None) -> np.ndarray:
    """The history before the first step: each lane's part of the primer, then its symbols.

    uint8[len(primer) + length], read-only; zeros in place of symbols that are not known yet.
    """
    history = np.zeros(len(primer) + length, dtype=np.uint8)
    # numpy splits as lanes are cut: lengths differ by at most one, longer ones first.
    parts = np.array_split(primer, lanes)
    for i, lane in enumerate(np.array_split(history, lanes)):
        lane[: len(parts[i])] = parts[i]
    if symbols is not None:
        lanes_of_symbols = np.array_split(symbols, lanes)
        for lane, part in zip(_behind(history, primer, lanes), lanes_of_symbols, strict=True):
            lane[:] = part
    history.flags.writeable = False
    return history


def symbols_behind(primer: np.ndarray, lanes: int, history: np.ndarray) -> np.ndarray:
    """The symbols of a history that begins as `lay_out` says."""
    if lanes == 1 or not len(primer):
        return history[len(primer) :]
    return np.concatenate(_behind(history, primer, lanes))


def _behind(history: np.ndarray, primer: np.ndarray, lanes: int) -> list[np.ndarray]:
    return [lane[len(primer) // lanes :] for lane in np.array_split(history, lanes)]
