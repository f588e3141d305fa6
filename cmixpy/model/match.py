"""Match model: predicts the symbol that followed the longest earlier occurrence of the present.

A table maps the hash of the last `minimum` symbols to the history index of the symbol that came
next; a candidate is verified symbol by symbol, so its length is true. Candidates may lie in any
lane: only symbols already coded there are entered. After a mismatch the pointer goes on
("recovery", paq8px; substitution-tolerant copies, XM and GeCo), until too many misses.
With `direction` -1 the model copies backwards from an inverted repeat: the reverse complement of
the last bases is looked for, and the complement of the base before it is predicted.
With `direction` 0 it copies nothing: it expects what a rule says (rule.py).
Origin: LZ77 as a predictor in PAQ1 and lpaq (Mahoney).
"""

from cmixpy.model import fields as f
from cmixpy.model.atomics import prefetch_row
from cmixpy.model.contexts import reverse_strand
from cmixpy.model.hashing import MASK32, mix
from cmixpy.model.jit import block
from cmixpy.model.rule import follow_rule

# Lengths from here on share the last bucket.
LONGEST = 400


@block
def length_slot(length):
    """0 … 15: bucket of a match length, finer where short."""
    slot = 0
    if length > 0:
        if length < 16:
            slot = 1 + (length >> 2)
        elif length < 32:
            slot = 5 + ((length - 16) >> 3)
        elif length < 64:
            slot = 7 + ((length - 32) >> 4)
        elif length < 128:
            slot = 9 + ((length - 64) >> 5)
        elif length < 256:
            slot = 11 + ((length - 128) >> 6)
        elif length < LONGEST:
            slot = 13 + ((length - 256) >> 7)
        else:
            slot = 15
    return slot


@block
def lane_start(lane, length, lanes):
    """First history index of a lane: lengths differ by at most one, longer lanes first."""
    return lane * (length // lanes) + min(lane, length % lanes)


@block
def start_of_lane_at(index, length, lanes):
    """First history index of the lane that holds `index`."""
    short = length // lanes
    longer = length % lanes
    edge = longer * (short + 1)
    start = 0
    if index < edge:
        start = (index // (short + 1)) * (short + 1)
    else:
        start = edge + ((index - edge) // short) * short
    return start


@block
def recent_hash(lane, history, minimum, symbol_bits):
    """Hash of the lane's last `minimum` symbols (fewer at its start count as zeros)."""
    first = 0
    second = 0
    if symbol_bits == 2:
        strand = lane[f.PACKED] & ((1 << (2 * minimum)) - 1)
        first = strand & MASK32
        second = strand >> 32
    elif minimum <= 4:
        first = lane[f.LOW] & ((1 << (8 * minimum)) - 1)
    elif minimum <= 8:
        first = lane[f.LOW] + 0
        second = lane[f.HIGH] & ((1 << (8 * (minimum - 4))) - 1)
    else:
        end = lane[f.START] + lane[f.POSITION]
        begin = max(end - minimum, lane[f.START])
        for i in range(begin, end):
            first = ((first + history[i] + 1) * 0x2B4C5ED5) & MASK32
            first = first ^ (first >> 13)
        second = minimum
    return mix(first, second)


@block
def inverted_hash(lane, minimum):
    """Hash that the reverse complement of the last `minimum` bases would have."""
    strand = reverse_strand(lane, minimum)
    return mix(strand & MASK32, strand >> 32)


@block
def verified_length(lane, history, pointer, floor, limit):
    """How many symbols before `pointer` equal the lane's last ones, within both lanes."""
    end = lane[f.START] + lane[f.POSITION]
    most = min(limit, min(pointer - floor, lane[f.POSITION]))
    length = 0
    while length < most and history[pointer - 1 - length] == history[end - 1 - length]:
        length += 1
    return length


@block
def verified_inverted(lane, history, pointer, ceiling, limit):
    """How many symbols after `pointer` are the complements of the lane's last ones."""
    end = lane[f.START] + lane[f.POSITION]
    most = min(limit, min(ceiling - pointer - 1, lane[f.POSITION]))
    length = 0
    while length < most and history[pointer + 1 + length] + history[end - 1 - length] == 3:
        length += 1
    return length


@block
def look_ahead(lane, ahead, plan, shared):
    """Note where each match model would look the coming symbol up, and ask for that place."""
    bits = plan.numbers[2]
    for m in range(plan.match_minimum.shape[0]):
        if plan.match_direction[m] != 0:
            if plan.match_direction[m] > 0:
                h = recent_hash(lane, shared.history, plan.match_minimum[m], bits)
            else:
                h = inverted_hash(lane, plan.match_minimum[m])
            ahead[m] = h & plan.match_mask[m]
            prefetch_row(shared.match_table[plan.match_table[m]], ahead[m])


@block
def find_matches(lane, ahead, plan, shared):
    """Advance or find each match model's pointer and the symbol it expects."""
    symbols = plan.numbers[0]
    lanes = plan.numbers[1]
    bits = plan.numbers[2]
    history = shared.history
    for m in range(plan.match_minimum.shape[0]):
        base = f.MATCH + m * f.MATCH_FIELDS
        minimum = plan.match_minimum[m]
        direction = plan.match_direction[m]
        pointer = lane[base + f.MATCH_POINTER]
        expected = -1
        if direction == 0:
            expected = follow_rule(lane, history, plan.hints, m, minimum, bits)
            pointer = min(expected, 0)
        elif lane[base + f.MATCH_LENGTH] < minimum and lane[f.POSITION] >= minimum:
            candidate = shared.match_table[plan.match_table[m], ahead[m]] - 1
            if candidate >= 0:
                floor = start_of_lane_at(candidate, symbols, lanes)
                if direction > 0:
                    length = verified_length(lane, history, candidate, floor, plan.match_longest[m])
                else:
                    end = candidate + 0
                    candidate = end - minimum - 1
                    length = 0
                    if candidate >= floor:
                        length = verified_inverted(
                            lane, history, candidate, end, plan.match_longest[m]
                        )
                if length >= minimum and length > lane[base + f.MATCH_LENGTH]:
                    pointer = candidate
                    lane[base + f.MATCH_LENGTH] = length
                    lane[base + f.MATCH_MISSES] = 0
                    lane[base + f.MATCH_FLOOR] = 0
                    if direction < 0:
                        lane[base + f.MATCH_FLOOR] = floor
        lane[base + f.MATCH_POINTER] = pointer
        slot = 0
        symbol = 0
        if pointer >= 0:
            slot = max(1, length_slot(lane[base + f.MATCH_LENGTH]))
            symbol = expected
            if direction != 0:
                symbol = history[pointer] + 0
            if direction < 0:
                symbol = 3 - symbol
        lane[base + f.MATCH_SLOT] = slot
        lane[base + f.MATCH_SYMBOL] = symbol


@block
def move_matches(lane, plan, symbol):
    """After a symbol: lengthen or break each match and move its pointer on."""
    for m in range(plan.match_minimum.shape[0]):
        base = f.MATCH + m * f.MATCH_FIELDS
        pointer = lane[base + f.MATCH_POINTER]
        if pointer >= 0:
            misses = (lane[base + f.MATCH_MISSES] << 1) & 0xFFFF
            if lane[base + f.MATCH_SYMBOL] == symbol:
                lane[base + f.MATCH_LENGTH] = min(
                    lane[base + f.MATCH_LENGTH] + 1, plan.match_longest[m]
                )
            else:
                misses |= 1
                lane[base + f.MATCH_LENGTH] = 0
            lane[base + f.MATCH_MISSES] = misses
            pointer += plan.match_direction[m]
            recent = misses & plan.match_window[m]
            count = 0
            while recent > 0:
                recent &= recent - 1
                count += 1
            out = pointer >= plan.numbers[0] or pointer < lane[base + f.MATCH_FLOOR]
            if count > plan.match_tolerance[m] or out:
                pointer = -1
                lane[base + f.MATCH_LENGTH] = 0
            lane[base + f.MATCH_POINTER] = pointer
