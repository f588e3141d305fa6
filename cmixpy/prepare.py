"""What happens to a segment's bytes before the model and after it: bytes → transform → symbols.

`prepare` also settles which preset codes them: a look at samples (detect.py) named one; what the
transform leaves, and the distances and rules found in the whole, may say better.
"""

from typing import NamedTuple

import numpy as np

from cmixpy.coded_text import LISTED, WORDS, dictionary_length, undo_words
from cmixpy.detect import dna_is_cheap, has_strings, kind_of_text
from cmixpy.genes import has_genes
from cmixpy.header import NO_TRANSFORM
from cmixpy.lags import (
    LEAST_EXCESS,
    LEAST_EXCESS_OF_STRINGS,
    LEAST_LENGTH,
    find_lags,
    find_line_lags,
    is_bitmap,
)
from cmixpy.pairs import find_pairs
from cmixpy.recurrence import find_rule
from cmixpy.transform import NUCLEOTIDES, apply_nucleotides, undo_nucleotides
from cmixpy.words import apply_best, apply_listed
from cmixpy.x86 import ADDRESSES, apply_addresses, undo_addresses

# Bytes that a transform's arrays take at their largest, for each byte of data.
TRANSFORM_MEMORY = {NO_TRANSFORM: 0, NUCLEOTIDES: 12, ADDRESSES: 3, WORDS: 4, LISTED: 4}
# What the order of a dictionary takes besides (vocabulary.py), at most and for each byte of data.
ORDER_MEMORY, ORDER_MEMORY_EACH = 140 << 20, 40
# The first level of records that reads pairs of distances (models/records.toml), and their place
# among the hints.
PAIRS_FROM = 5
FIRST_PAIR = 2
# Bytes that are searched for pairs only to have the kernels loaded.
TO_LOAD_PAIRS = 96


def transform_memory(transform: int, length: int) -> int:
    """Bytes that applying a transform to `length` bytes takes at most."""
    needed = TRANSFORM_MEMORY[transform] * length
    if transform in (WORDS, LISTED):
        needed += min(ORDER_MEMORY, ORDER_MEMORY_EACH * length)
    return needed


def load_searches(data: np.ndarray, preset: str, level: int) -> None:
    """Load the kernels with which `prepare` looks for records in uint8[n]: it searches a few bytes.

    Then the search can go on while others are loaded.
    """
    few = data[:LEAST_LENGTH]
    if preset in ("binary", "records"):
        find_lags(few)
        if level >= PAIRS_FROM:
            find_pairs(few[:TO_LOAD_PAIRS], ())


class Prepared(NamedTuple):
    """A segment as the model gets it.

    symbols : uint8[m]
    parameters : what the inverse of the transform needs
    hints : numbers found in the data, for the model (plan.Plan)
    """

    preset: str
    symbols: np.ndarray
    transform: int = NO_TRANSFORM
    parameters: bytes = b""
    hints: tuple[int, ...] = ()


def prepare(data: np.ndarray, preset: str, sure: bool, level: int, threads: int = 1) -> Prepared:
    """Preset, symbols and hints for uint8[n]; `sure`: the user named the preset."""
    if preset in ("dna", "genes"):
        bases, parameters = apply_nucleotides(data)
        if sure or dna_is_cheap(len(data), parameters):
            if not sure and has_genes(bases):
                preset = "genes"
            return Prepared(preset, bases, NUCLEOTIDES, parameters)
        # The samples looked like DNA, the whole does not.
        preset = "text"
    if preset == "executable":
        symbols, parameters = apply_addresses(data)
        return Prepared(preset, symbols, ADDRESSES if parameters else NO_TRANSFORM, parameters)
    if preset == "generator":
        return Prepared(preset, data, hints=tuple(find_rule(data) or ()))
    if preset == "records":
        return Prepared(preset, data, hints=_record_hints(data, find_lags(data), level, threads))
    if preset == "bitmap":
        return Prepared(preset, data, hints=find_lags(data))
    if preset == "lines" or (preset == "text" and not sure):
        hints = find_line_lags(data)
        if hints or preset == "lines":
            return Prepared("lines", data, hints=hints)
    if preset == "binary" and not sure:
        wordy = has_strings(data)
        hints = find_lags(data, LEAST_EXCESS_OF_STRINGS if wordy else LEAST_EXCESS)
        if hints and is_bitmap(data):
            return Prepared("bitmap", data, hints=hints)
        if hints:
            return Prepared("records", data, hints=_record_hints(data, hints, level, threads))
        if wordy:
            return Prepared("log", data)
    if preset == "text" and not sure and (kind := kind_of_text(data)) != "text":
        return Prepared(kind, data)
    best = None
    if preset == "text":
        best = apply_best(data)
    elif preset == "english":
        best = LISTED, *apply_listed(data)
        if len(best[1]) > len(data):  # no English: escapes make it longer
            best = None
    if best is not None:
        transform, symbols, parameters = best
        # The model reads the dictionary too: hint 1 is its length (model/text.py). The primer of
        # "english" is written with the words of the list.
        hints = (0, dictionary_length(parameters))
        preset = "english" if transform == LISTED else "text"
        return Prepared(preset, symbols, transform, parameters, hints)
    return Prepared(preset, data)


def _record_hints(
    data: np.ndarray, lags: tuple[int, ...], level: int, threads: int
) -> tuple[int, ...]:
    """The lags of records and, behind them, the pairs of distances that contexts read."""
    if level < PAIRS_FROM:
        return lags
    pairs = find_pairs(data, lags, threads)
    return ((*lags, 0, 0)[:FIRST_PAIR] + pairs) if pairs else lags


def restore(transform: int, symbols: np.ndarray, parameters: bytes, length: int) -> np.ndarray:
    """The bytes that were prepared; DamagedError when they cannot have `length`."""
    if transform == NUCLEOTIDES:
        return undo_nucleotides(symbols, parameters, length)
    if transform == ADDRESSES:
        return undo_addresses(symbols, parameters)
    if transform in (WORDS, LISTED):
        return undo_words(transform, symbols, parameters, length)
    return symbols
