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
from cmixpy.cuda.lanes import PARTS, lane_of_block
from cmixpy.model import fields as f
from cmixpy.model.coder import decode_bit, encode_bit
from cmixpy.model.experts import EXPERT_INPUTS, expert_inputs
from cmixpy.model.logistic import LOGIT_LIMIT
from cmixpy.model.maps import map_inputs
from cmixpy.model.mixer import dot, logit_of, weighted_sum
from cmixpy.model.predictor import (
    FINAL_LOGITS,
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
from cmixpy.model.sse import refine
from cmixpy.parts import MAX_SETS


def code_lane(plan, shared, private, source, code, decode, index, step, nibble):
    """Code a nibble (or a base) of lane `index`."""
    thread, threads = cuda.threadIdx.x, cuda.blockDim.x
    told = cuda.shared.array(1, np.int64)
    totals = cuda.shared.array(MAX_SETS, np.int32)
    gate_sums = cuda.shared.array(GATE_SUMS, np.int32)
    gate_factors = cuda.shared.array(GATE_FACTORS, np.int64)
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
            touched[c] = context_inputs(
                x,
                INPUTS_PER_CONTEXT * c,
                np.int64(copies[c, node]),
                c,
                shared.probability,
                plan.stretch,
                plan.confidence,
            )
            if runs:
                x[INPUTS_PER_CONTEXT * contexts + c] = run_input(
                    run_symbols[c], run_strengths[c], partial, np.int32(7 - k)
                )
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
        if plan.numbers[9] > 0:
            # Over all contexts at once, by the first thread.
            if thread == 0:
                map_inputs(
                    plan, shared.probability, copies, run_symbols, run_strengths, x,
                    INPUTS_PER_CONTEXT, touched, contexts + matches + stages, partial, node, k,
                )  # fmt: skip
            cuda.syncthreads()
        if plan.lstm[0] > 0:
            begin_gates(plan, private, index, k, gate_sums)
        # First layer: the threads that share a set's sum add their parts of it.
        for s in range(thread, sets + finals, threads):
            if s < sets:
                value = scratch[s]
                if plan.set_each_bit[s]:
                    value = match_selector(plan.set_function[s], lane)
                rows[s] = weight_row(plan.set_base[s], plan.set_span[s], value, partial, k, bits)
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
        if plan.lstm[0] > 0:
            sum_dots(plan, shared, private, index, partial, k, gate_sums)
        cuda.syncthreads()
        for s in range(thread, sets, threads):
            middle[s] = logit_of(totals[s])
        if plan.lstm[0] > 0:
            find_factors(plan, shared, private, index, partial, k, gate_sums, gate_factors)
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
            if plan.lstm[0] > 0:
                mixed = gate_mix(plan, private, index, mixed, middle, x, k, gate_factors)
            p_mixed = np.int64(plan.squash[mixed + LOGIT_LIMIT])
            final = refine(
                plan,
                shared.probability,
                scratch,
                mixed,
                p_mixed,
                partial,
                touched,
                contexts + matches,
            )
            bit = (symbol >> (bits - 1 - k)) & 1
            if not known:
                if decode:
                    bit = decode_bit(lane, code, final)
                else:
                    encode_bit(lane, code, final, bit)
            told[0] = bit
            errors[sets + finals] = p_mixed
            errors[sets + finals + 1] = final
        cuda.syncthreads()
        bit = told[0]
        if plan.lstm[0] > 0:
            learn_bit(
                plan, shared, private, index, bit, errors[sets + finals], partial, k, gate_factors
            )
        for s in range(thread, sets + finals, threads):
            if s < sets:
                errors[s] = rated_error(bit, middle[s], plan.squash, rate, plan.numbers[13])
            else:
                logit = scratch[FINAL_LOGITS + s - sets]
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
    number = notes.clock[0]
    index = lane_of_block(plan, number, cuda.blockIdx.x)
    if index >= 0 and private.active[index] and nibble * 4 < plan.numbers[2]:
        buffer = streams.codes[streams.starts[index] : streams.starts[index + 1]]
        code_lane(
            plan,
            shared,
            private,
            streams.source,
            buffer,
            decode,
            index,
            number // plan.numbers[3],
            nibble,
        )


BLOCKS = (lane_of_block, code_lane, *CODE_BLOCKS)
