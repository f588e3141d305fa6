"""Before and after the bits of a symbol: what a lane looks up, and what it takes in.

The order of what happens to one lane is that of model/step.py. What is rare or sequential by nature
is done by the lane's first thread; contexts, slots and claims go across the threads.
"""

import numpy as np

from cmixpy.cuda.device import cuda
from cmixpy.cuda.lanes import HERE_BITS, claim_of, lane_of_block
from cmixpy.model import fields as f
from cmixpy.model.contexts import (
    INDIRECT_TABLES,
    context_words,
    note_followers,
    read_followers,
    update_bases,
    update_bytes,
)
from cmixpy.model.experts import find_experts, move_experts
from cmixpy.model.frames import NOTED, move_frames
from cmixpy.model.instructions import take_instruction_byte
from cmixpy.model.match import find_matches, look_ahead, move_matches
from cmixpy.model.predictor import INPUTS_PER_CONTEXT, hash_inverted, salted_hash
from cmixpy.model.records import update_record
from cmixpy.model.slots import NO_CLAIM, update_runs
from cmixpy.model.text import update_text

TOUCH, ONE = 1 << 32, 1 << 48  # what a counted entry gathers (counted.py)


def begin_symbol(plan, shared, private, index, step):
    """Matches, followers and experts, by the first thread."""
    lane = private.lanes[index]
    look_ahead(lane, private.ahead[index], plan, shared)
    find_matches(lane, private.ahead[index], plan, shared)
    if plan.numbers[6]:
        read_followers(lane, shared.followers)
    if plan.numbers[2] == 2:
        if plan.experts[0] > 0:
            find_experts(lane, private.experts[index], plan, shared)
        if step > 0:
            # Where the CPU's kernel hashed at the end of the last step.
            hash_inverted(index, lane, plan, private.inverted[index], shared.slots)
    private.partial[index] = 1


def end_symbol(plan, shared, private, index, step, symbol):
    """Take the symbol into all that the lane knows, by the first thread."""
    lane = private.lanes[index]
    move_matches(lane, plan, symbol)
    for m in range(plan.match_minimum.shape[0]):
        if plan.match_insert[m]:
            private.found[index, m] = private.ahead[index, m]
    if plan.numbers[2] == 2 and plan.experts[0] > 0:
        move_experts(lane, private.experts[index], private.expert_touched[index], plan, symbol)
        seed = plan.experts[1]
        private.expert_key[index] = -1
        if step >= seed:
            private.expert_key[index] = lane[f.PACKED] & ((1 << (2 * seed)) - 1)
    lane[f.PARTIAL] = 1
    if plan.numbers[2] == 8:
        if plan.hints[0] > 0:
            update_record(lane, symbol, shared.history, plan.hints)
        update_bytes(lane, symbol)
        if plan.numbers[8]:
            update_text(
                lane, symbol, shared.history, plan.hints, plan.numbers[10], plan.numbers[12],
                plan.numbers[8] > 1, shared.word_letters,
            )
        if plan.numbers[6]:
            note_followers(lane, private.followed[index], symbol)
        if plan.numbers[7]:
            take_instruction_byte(lane, symbol, plan.instruction_table)
    else:
        if plan.numbers[11] > 0:
            move_frames(lane, private.frame_touched[index], plan, shared, symbol)
        update_bases(lane, symbol)
    lane[f.POSITION] = step + 1


def stake_claims(plan, shared, private, notes, index, stamp):
    """Tell the other lanes what this one wants to write, and count what it touched."""
    thread, threads = cuda.threadIdx.x, cuda.blockDim.x
    bits = plan.numbers[2]
    contexts = plan.context_function.shape[0]
    sets = plan.set_function.shape[0]
    networks = sets + plan.final_function.shape[0]
    columns = private.touched.shape[2]
    for item in range(thread, 2 * contexts, threads):
        part = item // contexts
        row = private.claims[index, part, item - part * contexts]
        if row != NO_CLAIM:
            if row < 0:
                row = ~row
            cuda.atomic.min(notes.slot_claims, row, claim_of(stamp - 1, 2 * index + part))
    symbol = private.symbols[index]
    for item in range(thread, bits * columns, threads):
        k = item // columns
        entry = private.touched[index, k, item - k * columns]
        if entry >= 0:
            one = (symbol >> (bits - 1 - k)) & 1
            cuda.atomic.add(shared.probability, entry, TOUCH + one * ONE)
    if bits == 2:
        for i in range(thread, plan.experts[0], threads):
            touch = np.int64(private.expert_touched[index, i])
            if touch >= 0:
                cuda.atomic.add(shared.probability, touch >> 1, TOUCH + (touch & 1) * ONE)
        if plan.numbers[11] > 0:
            for i in range(thread, NOTED, threads):
                touch = np.int64(private.frame_touched[index, i])
                cuda.atomic.add(shared.probability, touch >> 1, TOUCH + (touch & 1) * ONE)
    for item in range(thread, bits * networks, threads):
        k = item // networks
        s = item - k * networks
        row = private.rows[index, k, s]
        here = (stamp << HERE_BITS) | (index * bits + k)
        if s < sets:
            cuda.atomic.max(notes.set_heads, row, here)
            cuda.atomic.add(notes.set_counts, row, np.int32(1))
        else:
            cuda.atomic.max(notes.final_heads, row, here)
            cuda.atomic.add(notes.final_counts, row, np.int32(1))
    if plan.numbers[6]:
        for t in range(thread, INDIRECT_TABLES, threads):
            place = private.followed[index, t] >> 24
            cuda.atomic.min(notes.follower_claims, (t, place), np.int32(index))


def begin(plan, shared, private, notes):
    """Kernel: look for matches and hash the contexts of half-step notes.clock[0]."""
    number = notes.clock[0]
    thread = cuda.threadIdx.x
    index = lane_of_block(plan, number, cuda.blockIdx.x)
    if index >= 0:
        lane = private.lanes[index]
        step = number // plan.numbers[3]
        active = step < lane[f.LENGTH]
        if thread == 0:
            private.active[index] = active
            if active:
                begin_symbol(plan, shared, private, index, step)
        cuda.syncthreads()
        if active:
            for c in range(thread, plan.context_function.shape[0], cuda.blockDim.x):
                first, second = context_words(
                    plan.context_function[c],
                    plan.context_a[c],
                    plan.context_b[c],
                    lane,
                    shared.history,
                    plan.hints,
                    plan.instruction_table,
                )
                h = salted_hash(first, second, c, index, plan.context_local[c])
                private.hashes[index, c] = h


def finish(plan, shared, private, notes):
    """Kernel: take the symbol that was coded, and stake claims on what it changes."""
    number = notes.clock[0]
    thread = cuda.threadIdx.x
    index = lane_of_block(plan, number, cuda.blockIdx.x)
    if index >= 0 and private.active[index]:
        symbol = private.symbols[index]
        if plan.numbers[2] == 8 and plan.numbers[5] > INPUTS_PER_CONTEXT:
            first_slots = private.copies[index, 0]
            for c in range(thread, plan.context_function.shape[0], cuda.blockDim.x):
                update_runs(first_slots[c : c + 1], symbol)
        if thread == 0:
            end_symbol(plan, shared, private, index, number // plan.numbers[3], symbol)
        cuda.syncthreads()
        stake_claims(plan, shared, private, notes, index, number + 1)


BEGIN_BLOCKS = (lane_of_block, begin_symbol)
FINISH_BLOCKS = (lane_of_block, claim_of, end_symbol, stake_claims)
