"""Pretrained networks: weights that the LSTM and its output layer begin with, in place of noise.

A network of this size reads a megabyte before it knows what letters follow each other, and it
relearns that in every file. A pretrained one has read some megabytes of other texts beforehand
(benchmarks/pretrain.py; which texts: LOG.md, "Pretrained networks"), and goes on learning as any
other does. (paq8px has read a text before it begins; the Hutter prize's record of 2026 has a
small pretrained transformer inside.)

Weights are rounded to a few bits, for the file is a part of every decoder. A network never changes
once archives may need it; a better one gets the next number. FORMAT.md, "Pretrained networks".
"""

import lzma
from functools import cache
from typing import NamedTuple

import numpy as np

from cmixpy import shipped

SYMBOLS = 256  # only bytes have pretrained networks


class Shape(NamedTuple):
    """What a network fits, and the length and XXH3-64 of its file."""

    cells: int
    told: int
    gates: int
    bytes: int
    digest: int


class Network(NamedTuple):
    """Weights, int32: of the cells with 28 fraction bits, of the output layer with 20."""

    recurrent: np.ndarray  # [cells + 8, 3·cells]
    embedding: np.ndarray  # [features, 3·cells]
    gates: np.ndarray  # [256, gates + 1, cells], the bias last
    scalars: np.ndarray  # [256, gates]
    common: np.ndarray  # [gates, cells]


# 1 to 3: English, levels 7 to 9; 4, 8, 9: x86 code, levels 9, 7, 8; 5, 6, 7: other text, levels
# 9, 8, 7.
NETWORKS = {
    1: Shape(32, 15, 6, 366_396, 0xD57F25E6EE31AB8E),
    2: Shape(64, 15, 6, 706_524, 0xEE422A2D32881DE9),
    3: Shape(96, 15, 14, 1_026_284, 0x6485E2F6AA6C6315),
    4: Shape(96, 15, 9, 1_216_012, 0xE67CC711C446B0A5),
    5: Shape(96, 15, 16, 1_101_744, 0x312353DD0349DFD3),
    6: Shape(64, 15, 6, 749_368, 0x0D9FF86AFF566DFC),
    7: Shape(32, 15, 6, 281_704, 0xFD3EC2EA77E7B0D7),
    8: Shape(32, 15, 6, 457_820, 0xDEEC605CB19A7E8D),
    9: Shape(64, 15, 6, 865_412, 0x878C5C54433F2DC1),
    10: Shape(32, 15, 5, 353_444, 0x4E4D1EEA9D8E01F3),
    11: Shape(32, 15, 5, 351_124, 0xD6AC4835E1957B78),
}


def _shapes(cells: int, features: int, gates: int) -> tuple[tuple[int, ...], ...]:
    return (
        (cells + 8, 3 * cells), (features, 3 * cells), (SYMBOLS, gates + 1, cells),
        (SYMBOLS, gates), (gates, cells),
    )  # fmt: skip


def rounded(array: np.ndarray, bits: int) -> tuple[int, np.ndarray]:
    """A shift, and int8 numbers of `bits` bits: shifted left they come nearest to the weights."""
    weights, top = array.astype(np.float64), 1 << (bits - 1)
    found = []
    for shift in range(31):
        numbers = np.clip(np.rint(weights / 2.0**shift), -top, top - 1)
        found.append((float(np.square(numbers * 2.0**shift - weights).sum()), shift, numbers))
    _, shift, numbers = min(found, key=lambda one: one[0])
    return shift, numbers.astype(np.int8)


def _parts(network: Network, known: int) -> tuple[np.ndarray, ...]:
    """What is rounded alike, in the order of the file."""
    recurrent, embedding, *others = network
    return recurrent, embedding[:known], embedding[known:], *others


def pack(network: Network, known: int, bits: tuple[int, ...]) -> bytes:
    """A network as a file, rounded.

    Parameters
    ----------
    known : rows of the embedding for symbols; those behind are hashed, and rounded more
    bits : of the numbers of `_parts`
    """
    parts = []
    for array, width in zip(_parts(network, known), bits, strict=True):
        shift, numbers = rounded(array, width)
        parts += [bytes([shift]), numbers.tobytes()]
    return lzma.compress(b"".join(parts), preset=9 | lzma.PRESET_EXTREME)


def unpack(data: bytes, cells: int, known: int, features: int, gates: int) -> Network:
    """The inverse of `pack`, but for what was rounded; read-only arrays."""
    numbers = np.frombuffer(lzma.decompress(data), dtype=np.int8)
    at = 0

    def take(shape: tuple[int, ...]) -> np.ndarray:
        nonlocal at
        count = int(np.prod(shape))
        found = numbers[at + 1 : at + 1 + count].astype(np.int32) << int(numbers[at])
        at += 1 + count
        return found.reshape(shape)

    recurrent, (_, columns), *others = _shapes(cells, features, gates)
    first = take(recurrent)
    rows = np.concatenate((take((known, columns)), take((features - known, columns))))
    network = Network(first, rows, *map(take, others))
    for array in network:
        array.flags.writeable = False
    return network


@cache
def network(number: int, known: int, features: int) -> Network:
    """Pretrained network `number`.

    Raises
    ------
    RuntimeError
        It is not what archives were made with.
    """
    shape = NETWORKS[number]
    data = shipped.read(f"lstm-{number}.xz", shape.bytes, shape.digest)
    return unpack(data.tobytes(), shape.cells, known, features, shape.gates)
