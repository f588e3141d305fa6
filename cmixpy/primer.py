"""Primers: what the model has read before the segment begins.

A model that starts with nothing pays for the words of English and the look of a line of C again in
every small file. A primer is a text that comes with every decoder: both sides let the model learn
it first, without coding it (as preset dictionaries of zlib, zstd and brotli; paq8px trains its
text model so). Lanes share it out: each reads a part, all learn from the whole.

The text was written for this: common words and phrases, then samples of JSON, tables, logs,
markup, programs, papers and mail, and prose of several kinds. A primer never changes once archives
may need it; a better one gets the next number.
"""

from functools import cache
from pathlib import Path

import numpy as np
import xxhash

# Bytes and XXH3-64 of each text.
TEXTS = {1: (63_907, 0x40C4B28D34E53517)}
# The text of each primer, and whether several lanes share it out (else only a single one has it).
PRIMERS = {1: (1, False), 2: (1, True)}
MOST_PRIMED = 1 << 16


@cache
def text(number: int) -> np.ndarray:
    """uint8[n], read-only: the text of that number.

    Raises
    ------
    RuntimeError
        The file is not the one that archives were made with.
    """
    read = Path(__file__).with_name(f"primer-{number}.txt").read_bytes()
    if (len(read), xxhash.xxh3_64_intdigest(read)) != TEXTS[number]:
        raise RuntimeError(f"primer-{number}.txt of this installation has been changed")
    return np.frombuffer(read, dtype=np.uint8)


def length_of(number: int) -> int:
    """Bytes of the text of primer `number`."""
    length, _ = TEXTS[PRIMERS[number][0]]
    return length


def primed_in_a_lane(number: int, primed: int, lanes: int) -> int:
    """Symbols that each of `lanes` lanes reads of the last `primed` bytes of primer `number`."""
    _, shared = PRIMERS[number]
    return primed // lanes if shared or lanes == 1 else 0


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
