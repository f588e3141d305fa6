"""What a segment on a device holds beside the CPU kernels' arrays, and how much that is."""

from typing import NamedTuple

import numpy as np

from cmixpy.cuda.commits import UNCLAIMED
from cmixpy.model import state
from cmixpy.model.arrays import PrivateArrays, SharedArrays


class NoteArrays(NamedTuple):
    """What lanes tell each other between kernels, and other views of arrays (packed.py)."""

    clock: np.ndarray  # int64[2]: the half-step, for `code` and `gather`; for `apply`
    slot_claims: np.ndarray  # int64[slots]: the least lanes.claim_of
    follower_claims: np.ndarray  # int32[tables, entries]: the least lane
    set_heads: np.ndarray  # int64[rows]: the last half-step that touched it, and its owning touch
    final_heads: np.ndarray
    set_counts: np.ndarray  # int32[rows]: touches in this half-step
    final_counts: np.ndarray
    set_sums: np.ndarray  # int32[lanes·bits, sets, inputs]: deltas of the row that it owns
    final_sums: np.ndarray  # int32[lanes·bits, finals, inputs]
    gate_sums: np.ndarray  # int32[nodes, gates + 1, cells]: deltas of the LSTM's output layer
    slope_sums: np.ndarray  # int64[nodes, gates]: of their scalars
    node_touches: np.ndarray  # int32[nodes]: lanes that were at a node; of node 0, active lanes
    input_words: np.ndarray  # int64: private.inputs, four in a word
    middle_words: np.ndarray
    weight_words: np.ndarray  # int64: shared.weights, two in a word
    final_words: np.ndarray
    slot_words: np.ndarray  # int64: shared.slots
    copy_words: np.ndarray  # int64: private.copies


# The last fields of NoteArrays: other views of what is there already.
VIEWS = {
    "input_words": ("private", "inputs"),
    "middle_words": ("private", "middles"),
    "weight_words": ("shared", "weights"),
    "final_words": ("shared", "final_weights"),
    "slot_words": ("shared", "slots"),
    "copy_words": ("private", "copies"),
}


class CodeArrays(NamedTuple):
    """What the lanes' coders read and write."""

    source: np.ndarray  # uint8[symbols], what the encoder codes
    codes: np.ndarray  # uint8[…], the lanes' code buffers
    starts: np.ndarray  # int64[lanes + 1], where each begins


def build_private(plan) -> PrivateArrays:
    """The CPU kernels' private arrays, with scratch space for each lane."""
    private = state.build_private(plan, 1)
    return private._replace(
        scratch=np.zeros((plan.lanes, state.SCRATCH), dtype=np.int64),
        claimed=np.zeros((1, 1, 1), dtype=np.int64),
        link=np.zeros((1, 1), dtype=np.int32),
    )


def build_notes(plan, shared: SharedArrays, private: PrivateArrays) -> NoteArrays:
    """Nothing claimed, nothing summed; without the views."""
    lanes, bits, networks = private.rows.shape
    sets = len(plan.description.sets)
    return NoteArrays(
        np.zeros(2, dtype=np.int64),
        np.full(len(shared.slots), np.iinfo(np.int64).max),
        np.full(shared.followers.shape, UNCLAIMED, dtype=np.int32),
        np.zeros(len(shared.weights), dtype=np.int64),
        np.zeros(len(shared.final_weights), dtype=np.int64),
        np.zeros(len(shared.weights), dtype=np.int32),
        np.zeros(len(shared.final_weights), dtype=np.int32),
        np.zeros((lanes * bits, sets, private.inputs.shape[2]), dtype=np.int32),
        np.zeros((lanes * bits, max(networks - sets, 1), private.middles.shape[2]), dtype=np.int32),
        np.zeros(shared.gates.shape, dtype=np.int32),
        np.zeros(shared.gate_scalars.shape, dtype=np.int64),
        np.zeros(shared.node_counts.shape, dtype=np.int32),
        *[np.zeros(0, dtype=np.int64)] * len(VIEWS),
    )


def with_views(notes: NoteArrays, shared, private) -> NoteArrays:
    """The notes with their views of the other arrays, all on one device."""
    groups = {"shared": shared, "private": private}
    views = {
        name: getattr(groups[group], field).view(np.int64) for name, (group, field) in VIEWS.items()
    }
    return notes._replace(**views)


def size(*groups: tuple) -> int:
    """Bytes of all arrays in these named tuples."""
    return sum(array.nbytes for group in groups for array in group)
