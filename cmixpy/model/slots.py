"""Slots: what a context remembers, one slot for each (context, nibble).

A slot is a row of 32-bit words: word 0 holds the check tag, words 1 … 2^bits-1 the nodes of the
binary tree over the nibble (4 bits, 15 nodes, one cache line) or the base (2 bits, 3 nodes). A
node packs  probability(17) | count(7) | bit history(8):  the direct adaptive probability with its
confidence, and the indirect evidence. An all-zero tag is an empty slot.

Look-up never writes (design: owned state). It yields a private copy and the physical row that the
lane *claims*; the commit gives each row to its first claimant in (lane, context, nibble) order.
Two rows are candidates; on a miss the one whose first node has seen less is the victim, so that
rows that prove useful stay (priority replacement as in PAQ and lpaq, Mahoney).
"""

from cmixpy.model.atomics import prefetch_row
from cmixpy.model.jit import block

NODE_HALF = 65536 << 15  # probability one half, count 0, empty history
PRIORITY_MASK = 0x7F00
NO_CLAIM = 1 << 62  # a place in the claims of a lane that claims nothing


@block
def slot_tag(h):
    """16-bit check, never 0, from hash bits that the row index does not use."""
    tag = (h >> 40) & 0xFFFF
    if tag == 0:
        tag = 1
    return tag


@block
def prefetch_slot(slots, base, mask, h):
    """Ask for the two candidate rows of hash `h`."""
    index = h & mask
    prefetch_row(slots, base + index)
    prefetch_row(slots, base + (index ^ 1))


@block
def copy_row(source, target):
    """target[:] = source, both uint32[16] or uint32[4]."""
    # Constant lengths let the compiler move whole vectors.
    if source.shape[0] == 16:
        for i in range(16):
            target[i] = source[i]
    else:
        for i in range(4):
            target[i] = source[i]


@block
def fetch_slot(slots, base, mask, h, copy):
    """Copy the slot of hash `h` (or an empty one) to `copy`; the claimed row, ~row on a miss."""
    index = h & mask
    tag = slot_tag(h)
    row = base + index
    other = base + (index ^ 1)
    hit = 0
    if slots[row, 0] & 0xFFFF == tag:
        hit = 1
    elif slots[other, 0] & 0xFFFF == tag:
        hit = 1
        row = other
    elif (slots[other, 1] & PRIORITY_MASK) < (slots[row, 1] & PRIORITY_MASK):
        row = other
    if hit:
        copy_row(slots[row], copy)
    else:
        for i in range(copy.shape[0]):
            copy[i] = NODE_HALF
        copy[0] = tag
        row = ~row
    return row


@block
def update_node(node, bit, limit, next_state, reciprocal):
    """Node after `bit`: history steps, probability moves by 1/(count + 1.5), count to `limit`."""
    state = node & 255
    count = (node >> 8) & 127
    probability = node >> 15
    target = bit << 17
    probability += ((target - probability) * reciprocal[count]) >> 16
    if probability > 131071:
        probability = 131071
    if count < limit:
        count += 1
    return (probability << 15) | (count << 8) | next_state[2 * state + bit]


@block
def commit_slots(c, lanes_from, lanes_to, active, claims, copies, slots, claimed, stamp):
    """Write context c's private copies to the rows they claim, first claim of a row only.

    claimed: int64[2, 2^n], an open-addressing set of rows, valid where its stamp is this one's.
    """
    mask = claimed.shape[1] - 1
    stamps = claimed[0]
    owners = claimed[1]
    for index in range(lanes_from, lanes_to):
        if active[index]:
            for part in range(2):
                row = claims[index, part, c]
                if row != NO_CLAIM:
                    if row < 0:
                        row = ~row
                    place = (row * 0x9E3779B1 >> 12) & mask
                    while stamps[place] == stamp and owners[place] != row:
                        place = (place + 1) & mask
                    if stamps[place] != stamp:
                        stamps[place] = stamp
                        owners[place] = row
                        copy_row(copies[index, part, c], slots[row])
