"""Counted entries: adaptive probabilities that many lanes touch in one step.

An entry packs probability(22) | count(10) in the lower half of an int64. During a step lanes only
note which entries they touched; the commit gathers the zeros and ones of each entry and applies
one closed form, the mean of a beta posterior:

    p += (n1 - n·p) / (count + n + 0.5),  count = min(count + n, limit).

For one bit this is the adaptive-rate state map of PAQ (Mahoney); for many it does not depend on
their order.
"""

from cmixpy.model.jit import block

COUNT_BITS = 10
COUNT_MASK = 1023
ENTRY_MASK = 0xFFFFFFFF


@block
def apply_counted(entry, touched, ones, limit, reciprocal):
    """Entry after `touched` bits (none: as it was), `ones` of them ones."""
    probability = entry >> COUNT_BITS
    count = entry & COUNT_MASK
    # |ones·2^22 - touched·p| <= touched·2^22 <= 2^36; times a 16-bit reciprocal: below 2^53.
    error = (ones << 22) - touched * probability
    probability += (error * reciprocal[max(count + touched - 1, 0)]) >> 16
    probability = min(max(probability, 64), 4194303 - 64)
    return (probability << COUNT_BITS) | min(count + touched, limit)


@block
def gather(probability, entry, one):
    """Note a touch of `entry` by a bit in its upper half: bits (low 16) and ones (high 16)."""
    probability[entry] += (1 << 32) + (one << 48)


@block
def settle(probability, entry, limit, reciprocal):
    """Apply what `entry` has gathered; nothing, the second time."""
    # No branch on whether it is the second time: it could not be predicted.
    gathered = probability[entry] + 0
    touched = (gathered >> 32) & 0xFFFF
    ones = (gathered >> 48) & 0xFFFF
    probability[entry] = apply_counted(gathered & ENTRY_MASK, touched, ones, limit, reciprocal)


@block
def commit_counted(touched, first, last, lanes_from, lanes_to, bits, active, symbols, probability,
                   limits, reciprocal):
    """Commit columns first … last - 1 of `touched` for the lanes of a group.

    touched : int32[lanes, bits, columns], entries or -1
    limits : int64[columns]
    """
    # Columns run innermost: neighbours then never wait for each other's entry.
    for lane in range(lanes_from, lanes_to):
        if active[lane]:
            for k in range(bits):
                entries = touched[lane, k]
                one = (symbols[lane] >> (bits - 1 - k)) & 1
                for column in range(first, last):
                    entry = entries[column]
                    if entry >= 0:
                        gather(probability, entry, one)
    for lane in range(lanes_from, lanes_to):
        if active[lane]:
            for k in range(bits):
                entries = touched[lane, k]
                for column in range(first, last):
                    entry = entries[column]
                    if entry >= 0:
                        settle(probability, entry, limits[column], reciprocal)
