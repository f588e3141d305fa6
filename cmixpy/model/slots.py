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
from cmixpy.model.jit import block, routine

NODE_HALF = 65536 << 15  # probability one half, count 0, empty history
PRIORITY_MASK = 0x7F00
ROW_BITS = 26  # a context has at most 2^26 rows
ROW_MASK = (1 << ROW_BITS) - 1
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
    # All is read before anything is written, so that the compiler may move whole vectors.
    a, b, c, d = source[0], source[1], source[2], source[3]
    if source.shape[0] == 16:
        e, f, g, h = source[4], source[5], source[6], source[7]
        i, j, k, m = source[8], source[9], source[10], source[11]
        n, p, q, r = source[12], source[13], source[14], source[15]
        target[4], target[5], target[6], target[7] = e, f, g, h
        target[8], target[9], target[10], target[11] = i, j, k, m
        target[12], target[13], target[14], target[15] = n, p, q, r
    target[0], target[1], target[2], target[3] = a, b, c, d


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
def read_runs(copies, expected, strength, strengths):
    """The symbol that came last after each context, and the logit that it comes again.

    copies : uint32[contexts, words], first slots
    expected, strength : int32[contexts], filled
    strengths : int32[256] (state.py)
    """
    for c in range(copies.shape[0]):
        word = copies[c, 0] + 0
        expected[c] = ((word >> 16) & 255) | 256
        strength[c] = strengths[word >> 24]


@block
def update_runs(copies, symbol):
    """Note in each context's first slot which symbol came, and how often it has in a row."""
    for c in range(copies.shape[0]):
        word = copies[c, 0] + 0
        count = 0
        if (word >> 16) & 255 == symbol:
            count = min(word >> 24, 254)
        count += 1
        copies[c, 0] = (word & 0xFFFF) | (symbol << 16) | (count << 24)


@block
def claim_slots(c, base, lanes_from, lanes_to, active, claims, claimed, stamp):
    """Keep the first claim of each row in context c by a thread's lanes, and drop the others.

    claimed: int64[2^n], an open-addressing set of  stamp << 26 | row - base;  an entry of another
    stamp is empty. It stays until the commit, where threads of higher lanes look rows up in it.
    """
    for index in range(lanes_from, lanes_to):
        if active[index]:
            for part in range(2):
                row = claims[index, part, c]
                if row != NO_CLAIM:
                    if row < 0:
                        row = ~row
                    entry = (stamp << ROW_BITS) | (row - base)
                    place = claimed_place(claimed, entry)
                    if claimed[place] == entry:
                        row = NO_CLAIM
                    else:
                        claimed[place] = entry
                    claims[index, part, c] = row


@routine
def claim_all(bases, lanes_from, lanes_to, active, claims, claimed, stamp):
    """`claim_slots` for every context; bases: int64[contexts], claimed: int64[contexts, 2^n]."""
    for c in range(bases.shape[0]):
        claim_slots(c, bases[c], lanes_from, lanes_to, active, claims, claimed[c], stamp)


@block
def claimed_place(claimed, entry):
    """Where `entry` stands in a thread's set of claimed rows, or would stand."""
    mask = claimed.shape[0] - 1
    place = ((entry & ROW_MASK) * 0x9E3779B1 >> 12) & mask
    while claimed[place] >> ROW_BITS == entry >> ROW_BITS and claimed[place] != entry:
        place = (place + 1) & mask
    return place


@block
def commit_slots(
    c, base, lanes_from, lanes_to, active, claims, copies, slots, claimed, thread, stamp
):
    """Write a thread's private copies of context c to the rows they claim.

    Rows that a thread of lower lanes claims are left to it: the lowest lane's claim counts.
    claimed: int64[threads, contexts, 2^n], filled by `claim_slots`.
    """
    for index in range(lanes_from, lanes_to):
        if active[index]:
            for part in range(2):
                row = claims[index, part, c]
                if row != NO_CLAIM:
                    entry = (stamp << ROW_BITS) | (row - base)
                    free = True
                    for lower in range(thread):
                        others = claimed[lower, c]
                        if others[claimed_place(others, entry)] == entry:
                            free = False
                    if free:
                        copy_row(copies[index, part, c], slots[row])
