"""FORMAT.md, "Matches"."""

from collections import Counter

from reference.lane import M32, Copying, Lane, mix


def recent(lane: Lane, minimum: int, history: list) -> int:
    if lane.width == 2:
        x = lane.packed & (4**minimum - 1)
        return mix(x & M32, x >> 32)
    if minimum <= 4:
        return mix(lane.low & (256**minimum - 1), 0)
    if minimum <= 8:
        return mix(lane.low, lane.high & (256 ** (minimum - 4) - 1))
    x = 0
    for i in range(max(lane.here - minimum, lane.start), lane.here):
        x = (x + history[i] + 1) * 0x2B4C5ED5 & M32
        x = x ^ x >> 13
    return mix(x, minimum)


def inverted(lane: Lane, minimum: int) -> int:
    x = lane.reversed >> 2 * (31 - minimum)
    return mix(x & M32, x >> 32)


def length_slot(length: int) -> int:
    if length == 0:
        return 0
    if length < 16:
        return 1 + (length >> 2)
    if length < 32:
        return 5 + (length - 16 >> 3)
    if length < 64:
        return 7 + (length - 32 >> 4)
    if length < 128:
        return 9 + (length - 64 >> 5)
    if length < 256:
        return 11 + (length - 128 >> 6)
    if length < 400:
        return 13 + (length - 256 >> 7)
    return 15


def follow_rule(lane: Lane, factor: int, state: Copying, history: list, events: Counter) -> None:
    """At the start of a step: what the hints' rule expects, its lags multiplied."""
    operation, j, k, constant, period, phase = lane.hints[:6]
    j, k = factor * j, factor * k
    known = min(j, k) > 0 and max(j, k) <= lane.position
    if not known or not (operation == 1 or (operation in (2, 3) and factor == 1)):
        state.pointer, state.slot, state.symbol = -1, 0, 0
        return
    if period > 0 and lane.here % period == phase % period:
        events["rule's word began with a carry"] += state.carry != 0
        state.carry = 0
    x, y = history[lane.here - j], history[lane.here - k]
    match operation:
        case 1:
            total, state.carry = x ^ y ^ constant, 0
        case 2:
            total = x + y + constant + state.carry
        case 3:
            total = x - y + constant + state.carry
    if operation != 1:
        state.carry = total >> lane.width
    events["rule carried"] += state.carry > 0
    events["rule borrowed"] += state.carry < 0
    events["rule held for long"] += state.length > 31
    state.pointer, state.slot = 0, max(1, length_slot(state.length))
    state.symbol = total & ((1 << lane.width) - 1)


def look_for_candidate(
    lane: Lane, match, state: Copying, table: list[int], history: list, base_of, events: Counter
) -> None:
    """At the start of a step: a candidate from the table, if it is longer than what there is."""
    here, minimum = lane.here, match.minimum
    if state.length < minimum and lane.position >= minimum:
        h = inverted(lane, minimum) if match.backwards else recent(lane, minimum, history)
        e = table[h & (len(table) - 1)] - 1
        if e >= 0:
            base = base_of(e)
            found = 0
            if not match.backwards:
                candidate = e
                most = min(match.longest, e - base, lane.position)
                while found < most and history[e - 1 - found] == history[here - 1 - found]:
                    found += 1
            else:
                candidate = e - minimum - 1
                most = min(match.longest, minimum, lane.position)
                if candidate >= base:
                    while (
                        found < most
                        and history[candidate + 1 + found] + history[here - 1 - found] == 3
                    ):
                        found += 1
                else:
                    events["backward candidate before its lane"] += 1
            if found >= minimum and found > state.length:
                events["match found"] += 1
                events["match found in another lane"] += base != lane.start
                events["match recovered by a candidate"] += state.pointer >= 0
                state.pointer, state.length, state.misses = candidate, found, 0
                state.floor = base if match.backwards else 0
            else:
                events["candidate too short"] += 1
    if state.pointer < 0:
        state.slot, state.symbol = 0, 0
    else:
        state.slot = max(1, length_slot(state.length))
        symbol = history[state.pointer]
        state.symbol = 3 - symbol if match.backwards else symbol


def take_symbol(match, state: Copying, symbol: int, n: int, events: Counter) -> None:
    """After a symbol: the match moves on, or is given up."""
    if state.pointer < 0:
        return
    state.misses = state.misses << 1 & 0xFFFF
    if state.symbol == symbol:
        events["match recovered by itself"] += state.length == 0
        events["match length at its longest"] += state.length + 1 > match.longest
        state.length = min(state.length + 1, match.longest)
    else:
        events["match missed"] += 1
        state.misses = state.misses | 1
        state.length = 0
    state.pointer += (1, -1, 0)[match.backwards]
    if (state.misses & match.window).bit_count() > match.tolerance:
        events["match given up"] += 1
    elif state.pointer >= n:
        events["match ran past the segment"] += 1
    elif state.pointer < state.floor:
        events["match ran past its floor"] += 1
    else:
        return
    state.pointer, state.length = -1, 0
