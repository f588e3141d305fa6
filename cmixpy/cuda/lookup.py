"""Before a nibble: slots across the threads, then the selectors that its bits share."""

import numpy as np

from cmixpy.cuda.device import cuda
from cmixpy.cuda.lanes import lane_of_block
from cmixpy.model import fields as f
from cmixpy.model.predictor import (
    INPUTS_PER_CONTEXT,
    RECORD,
    second_hash,
    second_record_hash,
    update_inverted,
)
from cmixpy.model.selectors import selector_value
from cmixpy.model.slots import fetch_slot, read_runs
from cmixpy.model.sse import SSE_VALUES
from cmixpy.model.text import note_runs


def fetch_slots(plan, shared, private, index, nibble, hits):
    """Copy the contexts' slots; hits[0]: of the contexts marked `known`, how many found theirs."""
    lane = private.lanes[index]
    hashes = private.hashes[index]
    copies = private.copies[index, nibble]
    run_symbols = private.run_symbols[index]
    run_strengths = private.run_strengths[index]
    for c in range(cuda.threadIdx.x, plan.context_function.shape[0], cuda.blockDim.x):
        if nibble > 0:
            h = second_hash(hashes[c], private.partial[index])
            if plan.context_function[c] == RECORD:
                h = second_record_hash(index, lane, plan, shared.history, c, h)
            hashes[c] = h
        claim = fetch_slot(
            shared.slots, plan.context_base[c], plan.context_mask[c], hashes[c], copies[c]
        )
        private.claims[index, nibble, c] = claim
        if plan.context_known[c] and claim >= 0:
            cuda.atomic.add(hits, 0, 1)
        if nibble == 0 and plan.numbers[5] > INPUTS_PER_CONTEXT:
            read_runs(
                copies[c : c + 1],
                run_symbols[c : c + 1],
                run_strengths[c : c + 1],
                plan.run_strength,
            )


def ask_selectors(plan, shared, private, index):
    """Values of the sets', finals' and stages' selectors.

    Those that a match which fails within the nibble changes are asked again at each bit.
    """
    lane = private.lanes[index]
    scratch = private.scratch[index]
    sets = plan.set_function.shape[0]
    finals = plan.final_function.shape[0]
    stages = plan.sse_function.shape[0]
    for item in range(cuda.threadIdx.x, sets + finals + stages, cuda.blockDim.x):
        if item < sets:
            function, a, place = plan.set_function[item], plan.set_a[item], item
        elif item < sets + finals:
            s = item - sets
            function, a, place = plan.final_function[s], plan.final_a[s], item
        else:
            s = item - sets - finals
            function, a, place = plan.sse_function[s], plan.sse_a[s], SSE_VALUES + s
        scratch[place] = selector_value(function, a, lane, shared.history, plan.hints, plan.stretch)


def look_up(plan, shared, private, notes, nibble):
    """Kernel: slots and selectors for a nibble of every active lane."""
    index = lane_of_block(plan, notes.clock[0], cuda.blockIdx.x)
    if index >= 0 and private.active[index] and nibble * 4 < plan.numbers[2]:
        hits = cuda.shared.array(1, np.int64)
        lane = private.lanes[index]
        if cuda.threadIdx.x == 0:
            hits[0] = 0
            lane[f.PARTIAL] = private.partial[index]
        cuda.syncthreads()
        fetch_slots(plan, shared, private, index, nibble, hits)
        cuda.syncthreads()
        if cuda.threadIdx.x == 0:
            lane[f.ORDER_HITS] = hits[0]
            if nibble == 0 and plan.numbers[5] > INPUTS_PER_CONTEXT and plan.numbers[8]:
                note_runs(lane, private.run_symbols[index], private.run_strengths[index])
            if plan.numbers[2] == 2:
                update_inverted(
                    lane,
                    plan,
                    shared.slots,
                    private.inverted[index],
                    private.copies[index, 1],
                    private.claims[index, 1],
                )
        cuda.syncthreads()
        ask_selectors(plan, shared, private, index)


BLOCKS = (lane_of_block, fetch_slots, ask_selectors)
