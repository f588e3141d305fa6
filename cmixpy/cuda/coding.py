"""The bits of a symbol: each lane is coded by one block of threads (predictor.py's twin).

The order of what happens to one lane is that of model/step.py. Between two `cuda.syncthreads()` the
threads write nothing that another of them reads.
"""

import numpy as np

from cmixpy.cuda.device import cuda
from cmixpy.cuda.gates import (
    CODE_BLOCKS,
    GATE_FACTORS,
    GATE_SUMS,
    begin_gates,
    find_factors,
    gate_mix,
    learn_bit,
    sum_dots,
)
from cmixpy.cuda.lanes import MAX_NETWORKS, PARTS, lane_of_block
from cmixpy.cuda.packed import packed_sum
from cmixpy.model import fields as f
from cmixpy.model.coder import decode_bit, encode_bit
from cmixpy.model.experts import EXPERT_INPUTS, expert_inputs
from cmixpy.model.logistic import LOGIT_LIMIT
from cmixpy.model.maps import map_entry, map_logit
from cmixpy.model.mixer import logit_of
from cmixpy.model.predictor import (
    INPUTS_PER_CONTEXT,
    INPUTS_PER_MATCH,
    context_inputs,
    match_inputs,
    rated_error,
    run_input,
    weight_row,
)
from cmixpy.model.selectors import match_selector
from cmixpy.model.slots import update_node
from cmixpy.model.sse import SSE_STEP, final_probability, stage_place, stage_row, stage_share


def code_lane(
    plan, shared, private, notes, source, code, decode, index, step, nibble, told, totals, places,
    gate_sums, gate_factors,
):  # fmt: skip
    """Code a nibble (or a base) of lane `index`.

    told : int64[3]; totals, places : int32[MAX_NETWORKS]; for gates.py int32[GATE_SUMS] and
        int64[GATE_FACTORS]; shared by the block
    """
    thread, threads = cuda.threadIdx.x, cuda.blockDim.x
    lane = private.lanes[index]
    scratch = private.scratch[index]
    run_symbols = private.run_symbols[index]
    run_strengths = private.run_strengths[index]
    copies = private.copies[index, nibble]
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
    half = min(bits, 4)
    parts = min(threads, PARTS)
    part, group, groups = thread % parts, thread // parts, threads // parts
    # The primer is there from the start, on both sides: it is learnt, but not coded.
    known = step < plan.numbers[10]
    symbol = 0
    if known or not decode:
        symbol = np.int64(source[lane[f.START] + step])
    partial = np.int64(private.partial[index])
    node = 1
    for b in range(half):
        k = nibble * half + b
        x = private.inputs[index, k]
        touched = private.touched[index, k]
        middle = private.middles[index, k]
        rows = private.rows[index, k]
        errors = private.errors[index, k]
        for c in range(thread, contexts, threads):
            word = np.int64(copies[c, node])
            touched[c] = context_inputs(
                x, INPUTS_PER_CONTEXT * c, word, c, shared.probability, plan.stretch,
                plan.confidence,
            )  # fmt: skip
            if runs:
                x[INPUTS_PER_CONTEXT * contexts + c] = run_input(
                    run_symbols[c], run_strengths[c], partial, np.int32(7 - k)
                )
            if plan.numbers[9] > 0:
                entry = map_entry(plan, word, run_symbols[c], run_strengths[c], c, partial, 7 - k)
                touched[contexts + matches + stages + c] = entry
                x[INPUTS_PER_CONTEXT * c + 2] = map_logit(plan, shared.probability, entry, word)
        for m in range(thread, matches, threads):
            touched[contexts + m] = match_inputs(
                x,
                first_match + INPUTS_PER_MATCH * m,
                lane,
                m,
                plan.match_base[m],
                shared.probability,
                plan.stretch,
                partial,
                k,
                bits,
            )
        if thread == 0:
            if experts:
                expert_inputs(lane, x, first_expert, partial, k, plan.stretch, plan.softplus)
            x[constant] = 256
        cuda.syncthreads()
        if plan.lstm[0] > 0:
            begin_gates(plan, private, index, k, gate_sums)
        # First layer: the threads that share a set's sum add their parts of it.
        for s in range(thread, sets + finals, threads):
            value = scratch[s]
            if s < sets:
                if plan.set_each_bit[s]:
                    value = match_selector(plan.set_function[s], lane)
                row = weight_row(plan.set_base[s], plan.set_span[s], value, partial, k, bits)
            else:
                t = s - sets
                if plan.final_each_bit[t]:
                    value = match_selector(plan.final_function[t], lane)
                row = weight_row(plan.final_base[t], plan.final_span[t], value, partial, k, bits)
            rows[s] = row
            places[s] = row
            totals[s] = 0
        cuda.syncthreads()
        for s in range(group, sets, groups):
            w = notes.weight_words[places[s]]
            cuda.atomic.add(totals, s, packed_sum(notes.input_words[index, k], w, part, parts))
        if plan.lstm[0] > 0:
            sum_dots(plan, shared, private, index, partial, k, gate_sums)
        cuda.syncthreads()
        for s in range(thread, sets, threads):
            middle[s] = logit_of(totals[s])
        if plan.lstm[0] > 0:
            find_factors(plan, shared, private, index, partial, k, gate_sums, gate_factors)
        cuda.syncthreads()
        for s in range(group, finals, groups):
            w = notes.final_words[places[sets + s]]
            logits = notes.middle_words[index, k]
            cuda.atomic.add(totals, sets + s, packed_sum(logits, w, part, parts))
        cuda.syncthreads()
        if thread == 0:
            total = 0
            networks = sets
            if finals > 0:
                networks = finals
                for s in range(finals):
                    total += logit_of(totals[sets + s])
            else:
                for s in range(sets):
                    total += np.int64(middle[s])
            mixed = total // networks
            if plan.lstm[0] > 0:
                mixed = gate_mix(plan, private, index, mixed, middle, x, k, gate_factors)
            told[0] = mixed
            told[1] = 0
        cuda.syncthreads()
        mixed = told[0]
        p_mixed = np.int64(plan.squash[mixed + LOGIT_LIMIT])
        low, weight = stage_place(mixed)
        for s in range(thread, stages, threads):
            first = stage_row(plan, s, scratch, partial)
            cuda.atomic.add(
                told, 1, stage_share(plan, shared.probability, first, s, low, weight)
            )
            touched[contexts + matches + s] = first + low + (2 * weight) // SSE_STEP
        cuda.syncthreads()
        if thread == 0:
            final = final_probability(p_mixed * plan.numbers[4] + told[1])
            bit = (symbol >> (bits - 1 - k)) & 1
            if not known:
                if decode:
                    bit = decode_bit(lane, code, final)
                else:
                    encode_bit(lane, code, final, bit)
            told[2] = bit
            errors[sets + finals] = p_mixed
            errors[sets + finals + 1] = final
        cuda.syncthreads()
        bit = told[2]
        if plan.lstm[0] > 0:
            learn_bit(plan, shared, private, index, bit, p_mixed, partial, k, gate_factors)
        for s in range(thread, sets + finals, threads):
            if s < sets:
                errors[s] = rated_error(bit, middle[s], plan.squash, rate, plan.numbers[13])
            else:
                logit = logit_of(totals[s])
                errors[s] = rated_error(bit, logit, plan.squash, final_rate, plan.numbers[13])
        for c in range(thread, contexts, threads):
            copies[c, node] = update_node(
                np.int64(copies[c, node]),
                bit,
                plan.context_limit[c],
                plan.next_state,
                plan.reciprocal,
            )
        partial = 2 * partial + bit
        node = 2 * node + bit
    if thread == 0:
        private.partial[index] = partial
        lane[f.PARTIAL] = partial
        if (nibble + 1) * half == bits:
            symbol = partial - (1 << bits)
            private.symbols[index] = symbol
            shared.history[lane[f.START] + step] = symbol


def code(plan, shared, private, notes, streams, decode, nibble):
    """Kernel: code a nibble of every active lane, after `look_up`."""
    told = cuda.shared.array(3, np.int64)
    totals = cuda.shared.array(MAX_NETWORKS, np.int32)
    places = cuda.shared.array(MAX_NETWORKS, np.int32)
    gate_sums = cuda.shared.array(GATE_SUMS, np.int32)
    gate_factors = cuda.shared.array(GATE_FACTORS, np.int64)
    number = notes.clock[0]
    index = lane_of_block(plan, number, cuda.blockIdx.x)
    if index >= 0 and private.active[index] and nibble * 4 < plan.numbers[2]:
        buffer = streams.codes[streams.starts[index] : streams.starts[index + 1]]
        code_lane(
            plan, shared, private, notes, streams.source, buffer, decode, index,
            number // plan.numbers[3], nibble, told, totals, places, gate_sums,
            gate_factors,
        )  # fmt: skip


BLOCKS = (lane_of_block, code_lane, *CODE_BLOCKS)
