"""The end of a half-step (model/commit.py's twin): what lanes claimed and summed becomes shared.

Lanes that claimed nothing write nothing, so blocks of different lanes never write one place, but
for equal values and for atomic sums and minima.
"""

import numpy as np

from cmixpy.cuda.device import add_shared, cuda
from cmixpy.cuda.lanes import HERE_BITS, PARTS, lane_of_block, shared_touch
from cmixpy.model import fields as f
from cmixpy.model.contexts import INDIRECT_TABLES
from cmixpy.model.counted import settle
from cmixpy.model.experts import MOST
from cmixpy.model.frames import MOST as MOST_FRAMED
from cmixpy.model.frames import NOTED
from cmixpy.model.mixer import MOST_VISITS, apply_sum, eager_error
from cmixpy.model.slots import NO_CLAIM, copy_row

UNCLAIMED = 0x7FFFFFFF
HERE_MASK = (1 << HERE_BITS) - 1


def write_slots(plan, shared, private, notes, index):
    """Write the slots that this lane claimed first."""
    contexts = plan.context_function.shape[0]
    for item in range(cuda.threadIdx.x, 2 * contexts, cuda.blockDim.x):
        part = item // contexts
        c = item - part * contexts
        row = private.claims[index, part, c]
        if row != NO_CLAIM:
            if row < 0:
                row = ~row
            if notes.slot_claims[row] == 2 * index + part:
                copy_row(private.copies[index, part, c], shared.slots[row])
                # Whoever still looks has another number.
                notes.slot_claims[row] = UNCLAIMED
    if plan.numbers[6]:
        for t in range(cuda.threadIdx.x, INDIRECT_TABLES, cuda.blockDim.x):
            noted = private.followed[index, t]
            place = noted >> 24
            if notes.follower_claims[t, place] == index:
                shared.followers[t, place] = noted & 0xFFFFFF
                notes.follower_claims[t, place] = UNCLAIMED


def settle_entries(plan, shared, private, index):
    """Apply what counted entries gathered: who comes second finds nothing left to apply."""
    bits = plan.numbers[2]
    columns = private.touched.shape[2]
    for item in range(cuda.threadIdx.x, bits * columns, cuda.blockDim.x):
        k = item // columns
        column = item - k * columns
        entry = private.touched[index, k, column]
        if entry >= 0:
            settle(shared.probability, entry, plan.touched_limit[column], plan.reciprocal)
    if bits == 2:
        for i in range(cuda.threadIdx.x, plan.experts[0], cuda.blockDim.x):
            touch = np.int64(private.expert_touched[index, i])
            if touch >= 0:
                settle(shared.probability, touch >> 1, MOST, plan.reciprocal)
        if plan.numbers[11] > 0:
            for i in range(cuda.threadIdx.x, NOTED, cuda.blockDim.x):
                touch = np.int64(private.frame_touched[index, i])
                settle(shared.probability, touch >> 1, MOST_FRAMED, plan.reciprocal)


def sum_weights(plan, shared, private, notes, index):
    """Add this lane's deltas to the sums of the rows that it touched."""
    bits = plan.numbers[2]
    sets = plan.set_function.shape[0]
    networks = sets + plan.final_function.shape[0]
    parts = min(cuda.blockDim.x, PARTS)
    for item in range(cuda.threadIdx.x, bits * networks * parts, cuda.blockDim.x):
        k, s, part = shared_touch(item, networks, parts)
        row = private.rows[index, k, s]
        error = private.errors[index, k, s]
        visits = shared.visits[row] if s < sets else shared.final_visits[row]
        error = eager_error(error, visits, plan.eagerness)
        if s < sets:
            owner = notes.set_heads[row] & HERE_MASK
            add_shared(
                notes.set_sums[owner, s, part::parts], private.inputs[index, k, part::parts], error
            )
        else:
            owner = notes.final_heads[row] & HERE_MASK
            add_shared(
                notes.final_sums[owner, s - sets, part::parts],
                private.middles[index, k, part::parts],
                error,
            )
        if part == 0:
            other = owner // bits
            cuda.atomic.add(notes.touches, (other, owner - other * bits, s), np.int32(1))


def chain_places(plan, shared, private, index, step):
    """Chain the place just coded before that of the next higher lane with the same last bases."""
    lanes, groups = plan.numbers[1], plan.numbers[3]
    group_lanes = (lanes + groups - 1) // groups
    group_to = min(lanes, (index // group_lanes + 1) * group_lanes)
    key = private.expert_key[index]
    if key >= 0:
        before = np.int64(shared.expert_head[key])
        for other in range(group_to - 1, index, -1):
            if private.active[other] and private.expert_key[other] == key:
                before = private.lanes[other, f.START] + step + 1
        shared.expert_before[private.lanes[index, f.START] + step] = before


def gather(plan, shared, private, notes):
    """Kernel: slots, followers and counted entries are final; sums of weights are complete."""
    number = notes.clock[0]
    if cuda.blockIdx.x == 0 and cuda.threadIdx.x == 0:
        notes.clock[1] = number
    index = lane_of_block(plan, number, cuda.blockIdx.x)
    if index >= 0 and private.active[index]:
        write_slots(plan, shared, private, notes, index)
        settle_entries(plan, shared, private, index)
        sum_weights(plan, shared, private, notes, index)
        if cuda.threadIdx.x == 0:
            for m in range(plan.match_minimum.shape[0]):
                if plan.match_insert[m]:
                    shared.match_table[m, private.found[index, m]] = UNCLAIMED
            if plan.experts[0] > 0:
                chain_places(plan, shared, private, index, number // plan.numbers[3])


def apply_weights(plan, shared, private, notes, index):
    """Apply the sums of the rows of which this lane's touch is the owner."""
    bits = plan.numbers[2]
    sets = plan.set_function.shape[0]
    networks = sets + plan.final_function.shape[0]
    parts = min(cuda.blockDim.x, PARTS)
    for item in range(cuda.threadIdx.x, bits * networks * parts, cuda.blockDim.x):
        k, s, part = shared_touch(item, networks, parts)
        row = private.rows[index, k, s]
        here = index * bits + k
        scale = plan.lane_scale[notes.touches[index, k, s]]
        if s < sets:
            if notes.set_heads[row] & HERE_MASK == here:
                apply_sum(
                    shared.weights[row, part::parts], notes.set_sums[here, s, part::parts], scale
                )
                if part == 0:
                    shared.visits[row] = min(shared.visits[row] + 1, MOST_VISITS)
        elif notes.final_heads[row] & HERE_MASK == here:
            apply_sum(
                shared.final_weights[row, part::parts],
                notes.final_sums[here, s - sets, part::parts],
                scale,
            )
            if part == 0:
                shared.final_visits[row] = min(shared.final_visits[row] + 1, MOST_VISITS)


def enter_places(plan, shared, private, index, step):
    """The lowest lane's place stays in the match tables, and heads the chain of experts."""
    place = private.lanes[index, f.START] + step + 1
    for m in range(plan.match_minimum.shape[0]):
        if plan.match_insert[m]:
            cuda.atomic.min(shared.match_table, (m, private.found[index, m]), np.int32(place))
    if plan.experts[0] > 0:
        key = private.expert_key[index]
        if key >= 0:
            lanes, groups = plan.numbers[1], plan.numbers[3]
            group_lanes = (lanes + groups - 1) // groups
            first = True
            for other in range(index // group_lanes * group_lanes, index):
                if private.active[other] and private.expert_key[other] == key:
                    first = False
            if first:
                shared.expert_head[key] = place


def apply(plan, shared, private, notes):
    """Kernel: weights, match tables and chains are final; the next half-step may begin."""
    number = notes.clock[1]
    if cuda.blockIdx.x == 0 and cuda.threadIdx.x == 0:
        notes.clock[0] = number + 1
    index = lane_of_block(plan, number, cuda.blockIdx.x)
    if index >= 0 and private.active[index]:
        apply_weights(plan, shared, private, notes, index)
        if cuda.threadIdx.x == 0:
            enter_places(plan, shared, private, index, number // plan.numbers[3])


GATHER_BLOCKS = (
    lane_of_block, shared_touch, write_slots, settle_entries, sum_weights, chain_places,
)  # fmt: skip
APPLY_BLOCKS = (lane_of_block, shared_touch, apply_weights, enter_places)
