"""One lane, one symbol: from contexts to a probability per bit, coded or decoded on the way.

This is the only prediction code there is; the encoder and the decoder differ in one call per bit.
It reads shared state as of the end of the last step and writes only what the lane owns; what the
commit (step.py) needs is noted in the lane's rows of the `private` arrays.
"""

import numpy as np

from cmixpy.model import fields as f
from cmixpy.model.atomics import prefetch_row
from cmixpy.model.clock import CODING, HISTORIES, MIXING, REFINING, lap
from cmixpy.model.coder import decode_bit, encode_bit
from cmixpy.model.contexts import context_words, reverse_strand
from cmixpy.model.counted import COUNT_BITS, ENTRY_MASK
from cmixpy.model.experts import EXPERT_INPUTS, expert_inputs
from cmixpy.model.frames import frame_word, inverted_state
from cmixpy.model.hashing import MASK32, THIRD_MULTIPLIER, mix
from cmixpy.model.head import gated_logit, learn_gates
from cmixpy.model.jit import block, routine
from cmixpy.model.logistic import LOGIT_LIMIT
from cmixpy.model.maps import map_inputs
from cmixpy.model.mixer import dot
from cmixpy.model.records import PIXELS, record_words
from cmixpy.model.selectors import match_selector
from cmixpy.model.slots import NO_CLAIM, fetch_slot, prefetch_slot, update_node
from cmixpy.model.sse import ask_stages, refine

INPUTS_PER_CONTEXT = 3
INPUTS_PER_MATCH = 2
# A thread's scratch holds values of sets, then of finals; of stages (sse.py); logits of finals.
FINAL_LOGITS = 50
# Context functions that read what is known only after the last commit: match models, followers.
EXPECTED, FOLLOWED = 6, 8
FRAMED_BASES = 13
RECORD = 9  # the one whose windows of pixels move on with the second nibble
WEIGHTS_PER_LINE = 16  # of a cache


@block
def salted_hash(first, second, c, lane_index, local):
    """Hash that keeps contexts apart, and for lane-local contexts the lanes."""
    salt = c + 1 + local * 64 * (lane_index + 1)
    return mix(first, (second ^ (salt * THIRD_MULTIPLIER)) & MASK32)


@block
def hash_contexts(lane_index, lane, plan, history, hashes, slots, late):
    """`hash_columns` with the arrays of the plan that it needs."""
    hash_columns(
        lane_index, lane, plan.context_function, plan.context_a, plan.context_b,
        plan.context_local, plan.context_base, plan.context_mask, plan.hints,
        plan.instruction_table, history, hashes, slots, late,
    )  # fmt: skip


@routine
def hash_columns(lane_index, lane, functions, a, b, local, base, mask, hints, table, history,
                 hashes, slots, late):
    """Hashes of the contexts for the coming symbol; asks for the first slots' lines.

    `late` picks the contexts that need what the last commit wrote; they come after
    `find_matches`, the others as soon as the last symbol is known, so that memory has time.
    """
    for c in range(functions.shape[0]):
        needs_commit = functions[c] in (EXPECTED, FOLLOWED)
        if needs_commit == late:
            first, second = context_words(
                functions[c], a[c], b[c], lane, history, hints, table
            )
            h = salted_hash(first, second, c, lane_index, local[c])
            hashes[c] = h
            prefetch_slot(slots, base[c], mask[c], h)


@block
def hash_inverted(lane_index, lane, plan, hashes, slots):
    """Hashes under which the reverse strand would look up the base it reads next."""
    for c in range(plan.context_function.shape[0]):
        order = plan.context_inverted[c]
        if order > 0:
            strand = reverse_strand(lane, order)
            first = strand & plan.context_a[c]
            second = (strand >> 32) & plan.context_b[c]
            if plan.context_function[c] == FRAMED_BASES:
                second = (second + frame_word(inverted_state(lane, order))) & MASK32
            h = salted_hash(first, second, c, lane_index, plan.context_local[c])
            hashes[c] = h
            prefetch_slot(slots, plan.context_base[c], plan.context_mask[c], h)


@block
def update_inverted(lane, plan, slots, hashes, copies, claims):
    """Inverted repeats: let each context learn the last base as the reverse strand reads it.

    The reverse strand reads the complements of the last `order` bases, newest first, and then the
    complement of the base before them (GeCo, Pratas et al.). It is learnt one step late, so that
    the slot can be prefetched.
    """
    for c in range(plan.context_function.shape[0]):
        order = plan.context_inverted[c]
        claims[c] = NO_CLAIM
        if order > 0 and lane[f.POSITION] > order:
            base = reverse_strand(lane, order + 1) & 3
            claims[c] = fetch_slot(
                slots, plan.context_base[c], plan.context_mask[c], hashes[c], copies[c]
            )
            high = base >> 1
            copies[c, 1] = update_node(
                copies[c, 1] + 0, high, plan.context_limit[c], plan.next_state, plan.reciprocal
            )
            copies[c, 2 + high] = update_node(
                copies[c, 2 + high] + 0, base & 1, plan.context_limit[c], plan.next_state,
                plan.reciprocal,
            )


@block
def second_hash(h, partial):
    """Hash of the second nibble's slot, under the context and the first nibble (16 … 31)."""
    return mix(h & MASK32, ((h >> 32) + partial * 0x3D4D51CB) & MASK32)


@block
def second_record_hash(lane_index, lane, plan, history, c, h):
    """Hash of a record context's second nibble: `h`, but windows of pixels are looked at again."""
    if plan.context_b[c] & PIXELS:
        first, second = record_words(
            plan.context_a[c], plan.context_b[c], lane, history, plan.hints
        )
        h = salted_hash(first, second, c, lane_index, plan.context_local[c])
    return h


@block
def weight_row(base, span, value, partial, k, bits):
    """Row of a weight set: by the partial symbol, or by the bit where the span is that small."""
    within = k
    if span > bits:
        within = partial
    return base + value * span + within


@block
def prefetch_weights(plan, weights, values, partial, k):
    """Ask for the rows of bit `k` of the first layer, where a bit does not change the selector."""
    for s in range(plan.set_function.shape[0]):
        if not plan.set_each_bit[s]:
            row = weight_row(
                plan.set_base[s], plan.set_span[s], values[s], partial, k, plan.numbers[2]
            )
            w = weights[row]
            for i in range(0, w.shape[0], WEIGHTS_PER_LINE):
                prefetch_row(w, i)


@block
def context_inputs(x, at, word, c, probability, stretch, confidence):
    """Three inputs from the node of context c, from x[at] on; the entry of its history."""
    state = word & 255
    count = (word >> 8) & 127
    entry = 256 * c + state
    indirect = (probability[entry] & ENTRY_MASK) >> (COUNT_BITS + 6)
    direct = word >> 16
    # Without a branch: an empty history says nothing, and its count is 0 too.
    seen = min(state, 1)
    x[at] = stretch[indirect >> 4] * seen
    x[at + 1] = (stretch[direct >> 4] * confidence[count]) >> 8
    x[at + 2] = ((indirect - 32768) >> 4) * seen
    return entry


@block
def run_input(symbol, strength, partial, shift):
    """What a context's run says of this bit, when it was right about those before."""
    ahead = np.int32(symbol >> shift)
    return strength * (2 * (ahead & 1) - 1) * (ahead >> 1 == partial)


@block
def match_inputs(x, at, lane, m, first_entry, probability, stretch, partial, k, bits):
    """Two inputs of match model m, from x[at] on; the entry of its length, or -1."""
    base = f.MATCH + m * f.MATCH_FIELDS
    entry = -1
    first = 0
    second = 0
    if lane[base + f.MATCH_SLOT] > 0:
        symbol = lane[base + f.MATCH_SYMBOL] | (1 << bits)
        if symbol >> (bits - k) == partial:
            expected = (symbol >> (bits - 1 - k)) & 1
            entry = first_entry + expected + 2 * k
            entry += (lane[base + f.MATCH_SLOT] * 8 + (lane[base + f.MATCH_MISSES] & 7)) * 16
            p = (probability[entry] & ENTRY_MASK) >> (COUNT_BITS + 6)
            first = stretch[p >> 4] + 0
            second = (p - 32768) >> 4
    if entry < 0 and lane[base + f.MATCH_SLOT] > 0:
        # The match has failed inside this symbol: let the selectors know.
        lane[base + f.MATCH_SLOT] = 0
    x[at] = first
    x[at + 1] = second
    return entry


@block
def rated_error(bit, logit, squash, rate, threshold):
    """Error of a network's own prediction, times its rate; 0 up to the threshold.

    Where nearly all bits are certain, what each still has to teach adds up to weights so large that
    a bit which is not certain is foreseen too surely.
    """
    error = (bit << 16) - squash[logit + LOGIT_LIMIT]
    if abs(error) <= threshold:
        error = 0
    return (error * rate) >> 14


@block
def code_bit(lane, plan, shared, copies, run_symbols, run_strengths, inputs, touched, rows, errors,
             middles, partial, node, k, bit, known, decode, code, scratch, rate, final_rate,
             private, index, timed, clock):
    """Predict bit `k` of the symbol, code it unless it is known, learn what is private; the bit."""
    bits = plan.numbers[2]
    ask_stages(plan, shared.probability, scratch, partial)
    contexts = plan.context_function.shape[0]
    matches = plan.match_minimum.shape[0]
    stretch = plan.stretch
    squash = plan.squash
    probability = shared.probability
    x = inputs[k]
    for c in range(contexts):
        touched[k, c] = context_inputs(
            x, INPUTS_PER_CONTEXT * c, copies[c, node] + 0, c, probability, stretch,
            plan.confidence,
        )
    at = INPUTS_PER_CONTEXT * contexts
    if plan.numbers[5] > INPUTS_PER_CONTEXT:
        runs_at = at + 0
        shift = np.int32(7 - k)
        at += contexts
        for c in range(contexts):
            x[runs_at + c] = run_input(run_symbols[c], run_strengths[c], partial, shift)
    if plan.numbers[9] > 0:
        map_inputs(
            plan, probability, copies, run_symbols, run_strengths, x, INPUTS_PER_CONTEXT,
            touched[k], contexts + plan.match_minimum.shape[0] + plan.sse_function.shape[0],
            partial, node, k,
        )
    for m in range(matches):
        touched[k, contexts + m] = match_inputs(
            x, at, lane, m, plan.match_base[m], probability, stretch, partial, k, bits
        )
        at += INPUTS_PER_MATCH
    if bits == 2 and plan.experts[0] > 0:
        expert_inputs(lane, x, at, partial, k, stretch, plan.softplus)
        at += EXPERT_INPUTS
    x[at] = 256

    lap(timed, clock, HISTORIES)

    # First layer: one weight set of each column, all trained on their own error.
    sets = plan.set_function.shape[0]
    middle = middles[k]
    total = 0
    for s in range(sets):
        value = scratch[s]
        if plan.set_each_bit[s]:
            value = match_selector(plan.set_function[s], lane)
        row = weight_row(plan.set_base[s], plan.set_span[s], value, partial, k, bits)
        rows[k, s] = row
        logit = dot(x, shared.weights[row])
        middle[s] = logit
        total += logit
    # Second layer: the mean of its networks' logits is the mix; without it, the first layer's.
    finals = plan.final_function.shape[0]
    networks = sets
    if finals > 0:
        networks = finals
        total = 0
    for s in range(finals):
        value = scratch[sets + s]
        if plan.final_each_bit[s]:
            value = match_selector(plan.final_function[s], lane)
        row = weight_row(plan.final_base[s], plan.final_span[s], value, partial, k, bits)
        rows[k, sets + s] = row
        logit = dot(middle, shared.final_weights[row])
        scratch[FINAL_LOGITS + s] = logit
        total += logit
    mixed = total // networks
    if plan.lstm[0] > 0:
        mixed = gated_logit(plan, shared, private, index, mixed, middle, x, partial, k)
    p_mixed = squash[mixed + LOGIT_LIMIT] + 0

    lap(timed, clock, MIXING)

    final = refine(
        plan, shared.probability, scratch, mixed, p_mixed, partial, touched[k], contexts + matches
    )

    lap(timed, clock, REFINING)

    if not known:
        if decode:
            bit = decode_bit(lane, code, final)
        else:
            encode_bit(lane, code, final, bit)

    lap(timed, clock, CODING)

    if plan.lstm[0] > 0:
        learn_gates(plan, shared, private, index, bit, p_mixed, partial, k)
    # What the lane owns changes at once; the shared rest is noted for the commit, and behind it,
    # for whoever looks on (analysis/observe.py), the mixed and the final probability.
    threshold = plan.numbers[13]
    errors[k, sets + finals] = p_mixed
    errors[k, sets + finals + 1] = final
    for s in range(sets):
        errors[k, s] = rated_error(bit, middle[s], squash, rate, threshold)
    for s in range(finals):
        errors[k, sets + s] = rated_error(
            bit, scratch[FINAL_LOGITS + s], squash, final_rate, threshold
        )
    lap(timed, clock, MIXING)
    for c in range(contexts):
        copies[c, node] = update_node(
            copies[c, node] + 0, bit, plan.context_limit[c], plan.next_state, plan.reciprocal
        )
    lap(timed, clock, HISTORIES)
    return bit
