"""The end of a half-step (model/commit.py's twin): what lanes claimed and summed becomes shared.

Lanes that claimed nothing write nothing, so blocks of different lanes never write one place, but
for equal values and for atomic sums and minima.
"""

import numpy as np

from cmixpy.cuda.device import cuda, sum_shared
from cmixpy.cuda.lanes import HERE_BITS, MAX_NETWORKS, PARTS, claim_of, lane_of_block
from cmixpy.cuda.packed import learn_alone, learn_sums
from cmixpy.model import fields as f
from cmixpy.model.contexts import INDIRECT_TABLES
from cmixpy.model.counted import settle
from cmixpy.model.experts import MOST
from cmixpy.model.frames import MOST as MOST_FRAMED
from cmixpy.model.frames import NOTED
from cmixpy.model.mixer import MOST_VISITS, eager_error
from cmixpy.model.slots import NO_CLAIM

UNCLAIMED = 0x7FFFFFFF
HERE_MASK = (1 << HERE_BITS) - 1
TOUCHES = 8 * MAX_NETWORKS  # of rows, by a lane in a step
ALONE = -1  # in the place of an owner: no other bit has touched the row


def write_slots(plan, private, notes, index, number):
    """Write the slots that this lane claimed first, and the followers."""
    contexts = plan.context_function.shape[0]
    words = notes.slot_words.shape[1]
    for item in range(cuda.threadIdx.x, 2 * contexts * words, cuda.blockDim.x):
        # Neighbours write neighbouring words of a slot.
        place = item // words
        word = item - place * words
        part = place // contexts
        c = place - part * contexts
        row = private.claims[index, part, c]
        if row != NO_CLAIM:
            if row < 0:
                row = ~row
            if notes.slot_claims[row] == claim_of(number, 2 * index + part):
                notes.slot_words[row, word] = notes.copy_words[index, part, c, word]


def write_followers(private, shared, notes, index):
    """Write the followers that this lane claimed first."""
    for t in range(cuda.threadIdx.x, INDIRECT_TABLES, cuda.blockDim.x):
        noted = private.followed[index, t]
        place = noted >> 24
        if notes.follower_claims[t, place] == index:
            shared.followers[t, place] = noted & 0xFFFFFF
            # Whoever still looks has another number.
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


def of_layer(shared, notes, first):
    """Heads, visits and counts of the rows of the first layer, or of the second."""
    head, visits, counts = notes.final_heads, shared.final_visits, notes.final_counts
    if first:
        head, visits, counts = notes.set_heads, shared.visits, notes.set_counts
    return head, visits, counts


def stage_errors(plan, shared, private, notes, index, rows, errors, owners):
    """What each touch of a row has to teach it, and the touch that gathers this: a thread each.

    rows, errors, owners : int32[TOUCHES], shared by the block, so that what takes several loads
        one after the other is done for many touches at once
    """
    sets = plan.set_function.shape[0]
    networks = sets + plan.final_function.shape[0]
    for item in range(cuda.threadIdx.x, plan.numbers[2] * networks, cuda.blockDim.x):
        k = item // networks
        s = item - k * networks
        row = private.rows[index, k, s]
        head, visits, counts = of_layer(shared, notes, s < sets)
        seen = visits[row]
        rows[item] = row
        errors[item] = eager_error(private.errors[index, k, s], seen, plan.eagerness)
        owners[item] = ALONE
        if counts[row] > 1:
            owners[item] = head[row] & HERE_MASK
        else:
            counts[row] = 0
            visits[row] = min(seen + 1, MOST_VISITS)


def learn_rows(plan, private, notes, index, rows, errors, owners):
    """Teach the rows that no other bit has touched, and add to the sums of all others."""
    sets = plan.set_function.shape[0]
    networks = sets + plan.final_function.shape[0]
    parts = min(cuda.blockDim.x, PARTS)
    part = cuda.threadIdx.x % parts
    for item in range(
        cuda.threadIdx.x // parts, plan.numbers[2] * networks, cuda.blockDim.x // parts
    ):
        k = item // networks
        s = item - k * networks
        row, error, owner = rows[item], errors[item], owners[item]
        if error != 0:
            if s < sets:
                x = notes.input_words[index, k]
                if owner == ALONE:
                    learn_alone(notes.weight_words[row], x, error, part, parts)
                else:
                    sum_shared(notes.set_sums[owner, s], x, error, part, parts)
            else:
                x = notes.middle_words[index, k]
                if owner == ALONE:
                    learn_alone(notes.final_words[row], x, error, part, parts)
                else:
                    sum_shared(notes.final_sums[owner, s - sets], x, error, part, parts)


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
    rows = cuda.shared.array(TOUCHES, np.int32)
    errors = cuda.shared.array(TOUCHES, np.int32)
    owners = cuda.shared.array(TOUCHES, np.int32)
    number = notes.clock[0]
    if cuda.blockIdx.x == 0 and cuda.threadIdx.x == 0:
        notes.clock[1] = number
    index = lane_of_block(plan, number, cuda.blockIdx.x)
    if index >= 0 and private.active[index]:
        stage_errors(plan, shared, private, notes, index, rows, errors, owners)
        write_slots(plan, private, notes, index, number)
        if plan.numbers[6]:
            write_followers(private, shared, notes, index)
        settle_entries(plan, shared, private, index)
        cuda.syncthreads()
        learn_rows(plan, private, notes, index, rows, errors, owners)
        if cuda.threadIdx.x == 0:
            for m in range(plan.match_minimum.shape[0]):
                if plan.match_insert[m]:
                    shared.match_table[m, private.found[index, m]] = UNCLAIMED
            if plan.experts[0] > 0:
                chain_places(plan, shared, private, index, number // plan.numbers[3])


def stage_owned(plan, shared, private, notes, index, found, owned, scales):
    """List the rows that several bits touched and of which this lane's touch is the owner.

    found : int32[1], how many, 0 before; owned, scales : int32[TOUCHES]; shared by the block
    """
    bits = plan.numbers[2]
    sets = plan.set_function.shape[0]
    networks = sets + plan.final_function.shape[0]
    for item in range(cuda.threadIdx.x, bits * networks, cuda.blockDim.x):
        k = item // networks
        s = item - k * networks
        row = private.rows[index, k, s]
        head, visits, counts = of_layer(shared, notes, s < sets)
        # Nobody but the owner looks at the count, which is 0 where the row is settled already.
        if head[row] & HERE_MASK == index * bits + k and counts[row] > 0:
            place = cuda.atomic.add(found, 0, 1)
            owned[place] = item
            scales[place] = plan.lane_scale[counts[row]]
            counts[row] = 0
            visits[row] = min(visits[row] + 1, MOST_VISITS)


def apply_sums(plan, private, notes, index, found, owned, scales):
    """Apply the sums of the rows in the list."""
    bits = plan.numbers[2]
    sets = plan.set_function.shape[0]
    networks = sets + plan.final_function.shape[0]
    parts = min(cuda.blockDim.x, PARTS)
    part = cuda.threadIdx.x % parts
    for place in range(cuda.threadIdx.x // parts, found[0], cuda.blockDim.x // parts):
        item = owned[place]
        k = item // networks
        s = item - k * networks
        row = private.rows[index, k, s]
        here = index * bits + k
        if s < sets:
            sums = notes.set_sums[here, s]
            learn_sums(notes.weight_words[row], sums, scales[place], part, parts)
        else:
            sums = notes.final_sums[here, s - sets]
            learn_sums(notes.final_words[row], sums, scales[place], part, parts)


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
    found = cuda.shared.array(1, np.int32)
    owned = cuda.shared.array(TOUCHES, np.int32)
    scales = cuda.shared.array(TOUCHES, np.int32)
    number = notes.clock[1]
    if cuda.blockIdx.x == 0 and cuda.threadIdx.x == 0:
        notes.clock[0] = number + 1
    index = lane_of_block(plan, number, cuda.blockIdx.x)
    if index >= 0 and private.active[index]:
        if cuda.threadIdx.x == 0:
            found[0] = 0
            enter_places(plan, shared, private, index, number // plan.numbers[3])
        cuda.syncthreads()
        stage_owned(plan, shared, private, notes, index, found, owned, scales)
        cuda.syncthreads()
        apply_sums(plan, private, notes, index, found, owned, scales)


GATHER_BLOCKS = (
    lane_of_block, claim_of, of_layer, stage_errors, write_slots, write_followers, settle_entries,
    learn_rows, chain_places,
)  # fmt: skip
APPLY_BLOCKS = (lane_of_block, of_layer, stage_owned, apply_sums, enter_places)
