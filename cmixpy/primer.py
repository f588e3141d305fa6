"""Primers: what the model of a single lane has read before the segment begins.

A model that starts with nothing pays for the words of English and the look of a line of C again in
every small file. A primer is a text that comes with every decoder: both sides let the model learn
it first, without coding it (as preset dictionaries of zlib, zstd and brotli; paq8px trains its
text model so). Long segments hardly notice it; lanes would each have to read it, so it is for one.

The text was written for this: common words and phrases, then samples of JSON, tables, logs,
markup, programs, papers and mail, and prose of several kinds. A primer never changes once archives
may need it; a better one gets the next number.
"""

from functools import cache
from pathlib import Path

import numpy as np
import xxhash

# Bytes and XXH3-64 of each primer.
PRIMERS = {1: (63_907, 0x40C4B28D34E53517)}
MOST_PRIMED = 1 << 16


@cache
def primer(number: int) -> np.ndarray:
    """uint8[n], read-only: the text of that number.

    Raises
    ------
    RuntimeError
        The file is not the one that archives were made with.
    """
    text = Path(__file__).with_name(f"primer-{number}.txt").read_bytes()
    if (len(text), xxhash.xxh3_64_intdigest(text)) != PRIMERS[number]:
        raise RuntimeError(f"primer-{number}.txt of this installation has been changed")
    return np.frombuffer(text, dtype=np.uint8)
