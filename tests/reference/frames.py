"""FORMAT.md, "Frames"."""

from collections import Counter

# After these two bases this one would end a stop codon: read forwards, and on the other strand.
STOPS = {2: ("TAA", "TAG", "TGA"), 3: ("TTA", "CTA", "TCA")}


def first_probability(key: int) -> int:
    """p16 of node key & 3 of state key >> 10 after the four bases key >> 2 & 255."""
    state, before, node = key >> 10, key >> 2 & 255, key & 3
    if node < 2:
        return 32768
    two = "ACGT"[before >> 2 & 3] + "ACGT"[before & 3]
    stop = two + "ACGT"[2 * (node - 2)]
    return 63488 if stop in STOPS.get(state, ()) else 32768


def mirrored(state: int, order: int) -> int:
    """The state in which the other strand reads the base `order` before one of `state`."""
    if state < 3:
        return 3 + (state - order) % 3
    return (state + order) % 3 if state < 6 else 6


def move_frames(lane, symbol: int, entries, events: Counter) -> None:
    """After a symbol, before the fields take it."""
    before = lane.packed & 255
    shares = []
    for s in range(7):
        p = entries.p16((s * 256 + before) * 4 + 1)
        q = entries.p16((s * 256 + before) * 4 + 2 + (symbol >> 1))
        p = p if symbol >> 1 else 65536 - p
        q = q if symbol & 1 else 65536 - q
        shares.append(lane.frames[s] * p * q)
    state = shares.index(max(shares))
    unit = (sum(shares) >> 16) + 1
    odds = [share // unit for share in shares]
    odds = [x - (x >> 9) + 18 for x in odds]
    lane.frames = [odds[2], odds[0], odds[1], odds[4], odds[5], odds[3], odds[6]]
    events["frame changed"] += state != lane.frame
    events["inverted frame"] += 3 <= state < 6
    lane.framed = state
    lane.frame = (1, 2, 0, 5, 3, 4, 6)[state]
    _touch(entries, state, before, symbol)
    strand = lane.reversed >> 56 | (3 - symbol) << 6
    _touch(entries, mirrored(state, 4), strand, 3 - (before >> 6))


def _touch(entries, state: int, before: int, base: int) -> None:
    entries.touch((state * 256 + before) * 4 + 1, base >> 1)
    entries.touch((state * 256 + before) * 4 + 2 + (base >> 1), base & 1)
