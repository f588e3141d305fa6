"""One half-step of all lanes: each is coded by one block of threads (predictor.py's twin).

The order of what happens to one lane is that of model/step.py. Between two `cuda.syncthreads()` the
threads write nothing that another of them reads.
"""

import numpy as np

from cmixpy.cuda.device import cuda
from cmixpy.model import fields as f
from cmixpy.model.coder import decode_bit, encode_bit
from cmixpy.model.contexts import (
    INDIRECT_TABLES,
    context_words,
    note_followers,
    read_followers,
    update_bases,
    update_bytes,
)
from cmixpy.model.experts import EXPERT_INPUTS, expert_inputs, find_experts, move_experts
from cmixpy.model.instructions import take_instruction_byte
from cmixpy.model.logistic import LOGIT_LIMIT
from cmixpy.model.match import find_matches, look_ahead, move_matches
from cmixpy.model.mixer import dot, logit_of, weighted_sum
from cmixpy.model.predictor import (
    FINAL_LOGITS,
    INPUTS_PER_CONTEXT,
    INPUTS_PER_MATCH,
    RECORD,
    context_inputs,
    hash_inverted,
    match_inputs,
    rated_error,
    run_input,
    salted_hash,
    second_hash,
    second_record_hash,
    update_inverted,
    weight_row,
)
from cmixpy.model.records import update_record
from cmixpy.model.selectors import match_selector, selector_value
from cmixpy.model.slots import NO_CLAIM, fetch_slot, read_runs, update_node, update_runs
from cmixpy.model.sse import SSE_VALUES, refine
from cmixpy.model.text import note_runs, update_text

MOST_SETS = 28
PARTS = 32  # threads that share the sum of a weight set
BIT, HITS = 0, 1  # of what the threads of a lane tell each other
TOUCH, ONE = 1 << 32, 1 << 48  # what a counted entry gathers (counted.py)
HERE_BITS = 16  # lanes · bits < 2^16: a touch in a claim on a row of weights


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
    private.symbols[index] = symbol
    shared.history[lane[f.START] + step] = symbol
    move_matches(lane, plan, symbol)
    for m in range(plan.match_minimum.shape[0]):
        if plan.match_insert[m]:
            private.found[index, m] = private.ahead[index, m]
    if plan.numbers[2] == 2 and plan.experts[0] > 0:
        move_experts(
            lane, private.experts[index], private.expert_touched[index], plan, symbol
        )
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
            update_text(lane, symbol, shared.history, plan.hints, shared.word_ends)
        if plan.numbers[6]:
            note_followers(lane, private.followed[index], symbol)
        if plan.numbers[7]:
            take_instruction_byte(lane, symbol, plan.instruction_table)
    else:
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
            cuda.atomic.min(notes.slot_claims, row, np.int32(2 * index + part))
    symbol = private.symbols[index]
    for item in range(thread, bits * columns, threads):
        k = item // columns
        entry = private.touched[index, k, item - k * columns]
        if entry >= 0:
            one = (symbol >> (bits - 1 - k)) & 1
            cuda.atomic.add(shared.probability, entry, TOUCH + one * ONE)
    if bits == 2:
        for i in range(thread, plan.experts[0], threads):
            touch = private.expert_touched[index, i]
            if touch >= 0:
                cuda.atomic.add(shared.probability, touch >> 1, TOUCH + (touch & 1) * ONE)
    for item in range(thread, bits * networks, threads):
        k = item // networks
        s = item - k * networks
        row = private.rows[index, k, s]
        here = (stamp << HERE_BITS) | (index * bits + k)
        if s < sets:
            cuda.atomic.max(notes.set_heads, row, here)
        else:
            cuda.atomic.max(notes.final_heads, row, here)
        notes.touches[index, k, s] = 0
    if plan.numbers[6]:
        for t in range(thread, INDIRECT_TABLES, threads):
            place = private.followed[index, t] >> 24
            cuda.atomic.min(notes.follower_claims, (t, place), np.int32(index))


def code_lane(plan, shared, private, source, code, decode, index, step):
    """Code a symbol of lane `index`."""
    thread, threads = cuda.threadIdx.x, cuda.blockDim.x
    told = cuda.shared.array(2, np.int64)
    totals = cuda.shared.array(MOST_SETS, np.int32)
    lane = private.lanes[index]
    scratch = private.scratch[index]
    hashes = private.hashes[index]
    run_symbols = private.run_symbols[index]
    run_strengths = private.run_strengths[index]
    lanes, bits = plan.numbers[1], plan.numbers[2]
    contexts = plan.context_function.shape[0]
    matches = plan.match_minimum.shape[0]
    stages = plan.sse_function.shape[0]
    sets = plan.set_function.shape[0]
    finals = plan.final_function.shape[0]
    runs = plan.numbers[5] > INPUTS_PER_CONTEXT
    first_match = plan.numbers[5] * contexts
    first_expert = first_match + INPUTS_PER_MATCH * matches
    experts = bits == 2 and plan.experts[0] > 0
    constant = first_expert
    if experts:
        constant += EXPERT_INPUTS
    rates = plan.rates
    rate = rates[1] + (rates[0] - rates[1]) * rates[2] // (rates[2] + step * lanes)
    final_rate = rates[4] + (rates[3] - rates[4]) * rates[2] // (rates[2] + step * lanes)
    half = 4
    if bits == 2:
        half = 2
    parts = min(threads, PARTS)

    if thread == 0:
        begin_symbol(plan, shared, private, index, step)
    cuda.syncthreads()
    for c in range(thread, contexts, threads):
        first, second = context_words(
            plan.context_function[c], plan.context_a[c], plan.context_b[c], lane, shared.history,
            plan.hints, plan.instruction_table,
        )
        hashes[c] = salted_hash(first, second, c, index, plan.context_local[c])
    symbol = 0
    if not decode:
        symbol = np.int64(source[lane[f.START] + step])
    partial = 1
    for nibble in range(bits // half):
        copies = private.copies[index, nibble]
        claims = private.claims[index, nibble]
        if thread == 0:
            told[HITS] = 0
            lane[f.PARTIAL] = partial
        cuda.syncthreads()
        for c in range(thread, contexts, threads):
            if nibble > 0:
                h = second_hash(hashes[c], partial)
                if plan.context_function[c] == RECORD:
                    h = second_record_hash(index, lane, plan, shared.history, c, h)
                hashes[c] = h
            claim = fetch_slot(
                shared.slots, plan.context_base[c], plan.context_mask[c], hashes[c], copies[c]
            )
            claims[c] = claim
            if plan.context_known[c] and claim >= 0:
                cuda.atomic.add(told, HITS, 1)
            if nibble == 0 and runs:
                read_runs(
                    copies[c : c + 1], run_symbols[c : c + 1], run_strengths[c : c + 1],
                    plan.run_strength,
                )
        cuda.syncthreads()
        if thread == 0:
            lane[f.ORDER_HITS] = told[HITS]
            if nibble == 0 and runs and plan.numbers[8]:
                note_runs(lane, run_symbols, run_strengths)
            if bits == 2:
                update_inverted(
                    lane, plan, shared.slots, private.inverted[index], private.copies[index, 1],
                    private.claims[index, 1],
                )
        cuda.syncthreads()
        for item in range(thread, sets + finals + stages, threads):
            # Selectors that matches can change within the nibble are asked again at each bit.
            if item < sets:
                function, a, place = plan.set_function[item], plan.set_a[item], item
            elif item < sets + finals:
                s = item - sets
                function, a, place = plan.final_function[s], plan.final_a[s], item
            else:
                s = item - sets - finals
                function, a, place = plan.sse_function[s], plan.sse_a[s], SSE_VALUES + s
            scratch[place] = selector_value(
                function, a, lane, shared.history, plan.hints, plan.stretch
            )
        # A match may fail in the first bit.
        cuda.syncthreads()
        node = 1
        for b in range(half):
            k = nibble * half + b
            x = private.inputs[index, k]
            touched = private.touched[index, k]
            middle = private.middles[index, k]
            rows = private.rows[index, k]
            errors = private.errors[index, k]
            for c in range(thread, contexts, threads):
                touched[c] = context_inputs(
                    x, INPUTS_PER_CONTEXT * c, np.int64(copies[c, node]), c, shared.probability,
                    plan.stretch, plan.confidence,
                )
                if runs:
                    x[INPUTS_PER_CONTEXT * contexts + c] = run_input(
                        run_symbols[c], run_strengths[c], partial, np.int32(7 - k)
                    )
            for m in range(thread, matches, threads):
                touched[contexts + m] = match_inputs(
                    x, first_match + INPUTS_PER_MATCH * m, lane, m, plan.match_base[m],
                    shared.probability, plan.stretch, partial, k, bits,
                )
            if thread == 0:
                if experts:
                    expert_inputs(lane, x, first_expert, partial, k, plan.stretch, plan.softplus)
                x[constant] = 256
            cuda.syncthreads()
            # First layer: the threads that share a set's sum add their parts of it.
            for s in range(thread, sets + finals, threads):
                if s < sets:
                    value = scratch[s]
                    if plan.set_each_bit[s]:
                        value = match_selector(plan.set_function[s], lane)
                    rows[s] = weight_row(
                        plan.set_base[s], plan.set_span[s], value, partial, k, bits
                    )
                    totals[s] = 0
                else:
                    t = s - sets
                    value = scratch[s]
                    if plan.final_each_bit[t]:
                        value = match_selector(plan.final_function[t], lane)
                    rows[s] = weight_row(
                        plan.final_base[t], plan.final_span[t], value, partial, k, bits
                    )
            cuda.syncthreads()
            for item in range(thread, sets * parts, threads):
                s = item // parts
                part = item - s * parts
                w = shared.weights[rows[s]]
                cuda.atomic.add(totals, s, weighted_sum(x[part::parts], w[part::parts]))
            cuda.syncthreads()
            for s in range(thread, sets, threads):
                middle[s] = logit_of(totals[s])
            cuda.syncthreads()
            for s in range(thread, finals, threads):
                scratch[FINAL_LOGITS + s] = dot(middle, shared.final_weights[rows[sets + s]])
            cuda.syncthreads()
            if thread == 0:
                total = 0
                networks = sets
                if finals > 0:
                    networks = finals
                    for s in range(finals):
                        total += scratch[FINAL_LOGITS + s]
                else:
                    for s in range(sets):
                        total += np.int64(middle[s])
                mixed = total // networks
                p_mixed = np.int64(plan.squash[mixed + LOGIT_LIMIT])
                final = refine(
                    plan, shared.probability, scratch, mixed, p_mixed, partial, touched,
                    contexts + matches,
                )
                bit = (symbol >> (bits - 1 - k)) & 1
                if decode:
                    bit = decode_bit(lane, code, final)
                else:
                    encode_bit(lane, code, final, bit)
                told[BIT] = bit
                errors[sets + finals] = p_mixed
                errors[sets + finals + 1] = final
            cuda.syncthreads()
            bit = told[BIT]
            for s in range(thread, sets + finals, threads):
                if s < sets:
                    errors[s] = rated_error(bit, middle[s], plan.squash, rate)
                else:
                    logit = scratch[FINAL_LOGITS + s - sets]
                    errors[s] = rated_error(bit, logit, plan.squash, final_rate)
            for c in range(thread, contexts, threads):
                copies[c, node] = update_node(
                    np.int64(copies[c, node]), bit, plan.context_limit[c], plan.next_state,
                    plan.reciprocal,
                )
            partial = 2 * partial + bit
            node = 2 * node + bit
    symbol = partial - (1 << bits)
    if bits == 8 and runs:
        first_slots = private.copies[index, 0]
        for c in range(thread, contexts, threads):
            update_runs(first_slots[c : c + 1], symbol)
    if thread == 0:
        private.partial[index] = partial
        end_symbol(plan, shared, private, index, step, symbol)
    cuda.syncthreads()


def code(plan, shared, private, notes, streams, decode):
    """Kernel: code half-step notes.clock[0]; one block for each lane of a group."""
    lanes, groups = plan.numbers[1], plan.numbers[3]
    number = notes.clock[0]
    step = number // groups
    group = number - step * groups
    group_lanes = (lanes + groups - 1) // groups
    index = group * group_lanes + cuda.blockIdx.x
    if index < min(lanes, (group + 1) * group_lanes):
        active = step < private.lanes[index, f.LENGTH]
        if cuda.threadIdx.x == 0:
            private.active[index] = active
        if active:
            buffer = streams.codes[streams.starts[index] : streams.starts[index + 1]]
            code_lane(plan, shared, private, streams.source, buffer, decode, index, step)
            stake_claims(plan, shared, private, notes, index, number + 1)


BLOCKS = (begin_symbol, end_symbol, stake_claims, code_lane)
