"""Pretrained mixers: what the networks, maps and SSE rows begin with, learnt from other data.

A weight set has thousands of rows of a hundred weights, and an SSE stage two million entries: a
file of some hundred kilobytes is over before they have settled, and a primer is far too short for
them. A pretrained mixer holds what they were after megabytes of the same kind of data
(benchmarks/pretrain.py; which data, and what it gives: LOG.md, "Pretrained mixers"). It is given to
the model behind the primer, which is not like a text as a whole; the slots of the contexts stay as
they are. (paq8px trains on a text before it begins, and so has such weights, at the cost of the
time that takes.)

Weights are a mean of their set and a coarse difference, for the file is a part of every
decoder. A mixer never changes once archives may need it; a better one gets the next number.
FORMAT.md, "Pretrained mixers".
"""

import lzma
from typing import NamedTuple

import numpy as np

from cmixpy import shipped

MEAN_SHIFT = 8  # means have 12 fraction bits, weights 20
WEIGHT_LIMIT = 4 << 20
VISITS = 500  # how often a row with numbers of its own is said to have learnt
# Of an entry: what its logit differs in (1/256), how often it is said to have been touched.
LOGIT_STEP, TOUCHES = 64, 60


class Shape(NamedTuple):
    """What a mixer fits (Description.mixer_shape), and the length and XXH3-64 of its file."""

    inputs: int
    sets: int
    set_rows: int
    finals: int
    final_rows: int
    entries: int
    bytes: int
    digest: int


class Rows(NamedTuple):
    """One weight set as its file has it.

    shift : of the numbers, so that weights are kept to 2^shift
    means : int16[inputs], of all rows, to 2^MEAN_SHIFT
    numbers : int8[inputs, rows], what rows differ in
    """

    shift: int
    means: np.ndarray
    numbers: np.ndarray

    def to_bytes(self) -> bytes:
        means = self.means.astype("<i2").tobytes()
        return bytes([self.shift]) + means + self.numbers.astype(np.int8).tobytes()

    def weights(self) -> tuple[np.ndarray, np.ndarray]:
        """int32[rows, inputs], and bool[rows]: those with numbers of their own."""
        means, numbers = self.means.astype(np.int32), self.numbers.T.astype(np.int32)
        weights = (means << MEAN_SHIFT) + (numbers << self.shift)
        return weights.clip(-WEIGHT_LIMIT, WEIGHT_LIMIT), (numbers != 0).any(axis=1)


class Mixer(NamedTuple):
    """A mixer as it is read; all read-only.

    weights : int32[set rows, inputs]
    final_weights : int32[final rows, sets]
    learnt, final_learnt : bool[rows], those with numbers of their own
    numbers : int8[entries], what their logits differ in; 0: nothing is known of the entry
    """

    weights: np.ndarray
    learnt: np.ndarray
    final_weights: np.ndarray
    final_learnt: np.ndarray
    numbers: np.ndarray


# What a lesson changes of SharedArrays.
CHANGED = ("weights", "final_weights", "visits", "final_visits", "probability")
MIXERS: dict[int, Shape] = {
    1: Shape(96, 7, 14_216, 2, 384, 7_040_256, 649_808, 0x5029BAB33BF8D216),
    2: Shape(192, 13, 32_648, 3, 2_432, 11_410_176, 1_706_712, 0xE7C4EEF2D2050BF0),
    3: Shape(128, 7, 19_712, 3, 2_432, 11_396_096, 1_074_260, 0xDD60CA4D62D0E25C),
    4: Shape(160, 13, 32_648, 3, 2_432, 11_408_896, 1_595_208, 0x7FB3E186CEFB3D9C),
    5: Shape(96, 6, 37_248, 2, 2_304, 4_336_384, 337_476, 0x2FCF305EE19E317B),
    6: Shape(192, 8, 41_736, 2, 2_176, 4_380_672, 518_396, 0xBAE2A7D5282C19F3),
    7: Shape(96, 7, 14_216, 2, 384, 7_040_000, 330_508, 0x72D8FC081D61A5B7),
    8: Shape(192, 15, 35_208, 3, 2_432, 11_411_456, 1_327_252, 0x747AEBB0D59BADFC),
    9: Shape(128, 10, 22_792, 3, 2_432, 11_396_096, 839_936, 0xD1A43F21B03D3477),
    10: Shape(192, 15, 35_208, 3, 2_432, 11_410_176, 1_271_948, 0x51507E662B2CB9FE),
    11: Shape(128, 4, 20_736, 2, 2_176, 4_365_312, 396_320, 0xB7FD75D7AEAD0BC6),
    12: Shape(96, 5, 20_864, 2, 2_304, 4_334_848, 344_788, 0x7C673BC5F2859D12),
    13: Shape(128, 4, 20_736, 2, 2_176, 4_360_192, 378_828, 0xF88DE9296E7528E9),
    14: Shape(96, 5, 13_568, 2, 384, 7_039_744, 631_640, 0x740B55288E4FDE68),
    15: Shape(160, 6, 24_832, 2, 2_176, 4_371_712, 430_688, 0xF05505184FB4F9BC),
    16: Shape(160, 8, 19_840, 3, 2_432, 11_405_056, 1_254_492, 0x262C51E0839F0E7E),
    17: Shape(160, 10, 23_936, 3, 2_432, 11_406_336, 1_021_932, 0xF98F76DB23CC9B84),
}


def fits(number: int, shape: tuple[int, ...]) -> bool:
    """Whether a mixer is for a model of this shape (Description.mixer_shape)."""
    return MIXERS[number][: len(shape)] == shape


def pack_rows(weights: np.ndarray, visits: np.ndarray, shift: int, least: int) -> bytes:
    """One weight set: its shift, its mean row, then what rows differ in, input by input.

    Parameters
    ----------
    weights : [rows, inputs]
    visits : [rows], how often each has learnt
    shift : of the numbers, so that weights are kept to 2^shift
    least : visits of a row that has numbers of its own
    """
    share = visits / max(1, int(visits.sum()))
    means = np.rint(share @ weights / (1 << MEAN_SHIFT)).astype("<i2")
    differences = weights - (means.astype(np.int64) << MEAN_SHIFT)
    differences[visits < least] = 0
    numbers = np.rint(differences / 2.0**shift).clip(-127, 127).astype(np.int8)
    return Rows(shift, means, numbers.T).to_bytes()


def pack(sets: list[bytes], finals: list[bytes], numbers: np.ndarray) -> bytes:
    """A mixer as a file."""
    data = b"".join((*sets, *finals, numbers.astype(np.int8).tobytes()))
    return lzma.compress(data, preset=9 | lzma.PRESET_EXTREME)


def parse(
    data: bytes, inputs: int, set_rows, final_rows, entries: int
) -> tuple[list[Rows], list[Rows], np.ndarray]:
    """What a file says of the sets, the finals and the entries; `set_rows`: rows of each set."""
    given = np.frombuffer(lzma.decompress(data), dtype=np.int8)
    at = 0

    def take(count: int) -> np.ndarray:
        nonlocal at
        at += count
        return given[at - count : at]

    def take_set(rows: int, columns: int) -> Rows:
        shift = int(take(1)[0])
        return Rows(
            shift, take(2 * columns).view("<i2"), take(rows * columns).reshape(columns, rows)
        )

    sets = [take_set(rows, inputs) for rows in set_rows]
    finals = [take_set(rows, len(set_rows)) for rows in final_rows]
    return sets, finals, take(entries)


def unpack(data: bytes, inputs: int, set_rows, final_rows, entries: int) -> Mixer:
    """The inverse of `pack`, but for what was rounded."""
    sets, finals, numbers = parse(data, inputs, set_rows, final_rows, entries)

    def together(all_rows: list[Rows]) -> tuple[np.ndarray, np.ndarray]:
        weights, learnt = zip(*(rows.weights() for rows in all_rows), strict=True)
        return np.concatenate(weights), np.concatenate(learnt)

    mixer = Mixer(*together(sets), *together(finals), numbers)
    for array in mixer:
        array.flags.writeable = False
    return mixer


def read(number: int) -> bytes:
    """The file of mixer `number`.

    Raises
    ------
    RuntimeError
        It is not what archives were made with.
    """
    shape = MIXERS[number]
    return shipped.read(f"mixer-{number}.xz", shape.bytes, shape.digest).tobytes()


def mixer(number: int, inputs: int, set_rows, final_rows, entries: int) -> Mixer:
    """Pretrained mixer `number`: not kept, for it is as large as some models."""
    return unpack(read(number), inputs, set_rows, final_rows, entries)


def lesson(plan, arrays, shared) -> "Lesson | None":
    """The lesson of a segment whose shared arrays are as they are before the first step."""
    given = plan.description.pretrained_mixer
    return None if given is None else Lesson(plan, arrays, shared.probability, given)


class Lesson:
    """What a pretrained mixer makes of a segment's shared arrays, before step `at`."""

    def __init__(self, plan, arrays, first: np.ndarray, given: Mixer):
        """
        Parameters
        ----------
        plan : plan.Plan
        arrays : PlanArrays
        first : int64[entries], the counted entries before the first step
        given : a mixer that fits the plan
        """
        self.at = plan.primed
        self.mixer = given
        self.places = np.flatnonzero(self.mixer.numbers)
        limit = len(arrays.squash) // 2
        logits = arrays.stretch[first[self.places] >> 20].astype(np.int64)
        logits += LOGIT_STEP * self.mixer.numbers[self.places].astype(np.int64)
        probabilities = arrays.squash[logits.clip(-limit, limit) + limit].astype(np.int64)
        self.entries = probabilities.clip(16, 65519) << 16 | TOUCHES

    def change(self, shared) -> None:
        """Give the arrays of a segment (SharedArrays) what was learnt; entries of which nothing is
        known stay as they are."""
        m = self.mixer
        shared.weights[:] = m.weights
        shared.final_weights[:, : m.final_weights.shape[1]] = m.final_weights
        shared.visits[:] = np.where(m.learnt, VISITS, 0)
        shared.final_visits[:] = np.where(m.final_learnt, VISITS, 0)
        shared.probability[self.places] = self.entries
