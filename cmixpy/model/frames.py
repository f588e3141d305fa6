"""Reading frames: which codon position the coming base has, on which strand, or none.

Most of a bacterium's genome, and the exons of others, is read in triplets. How often a base comes
depends on its place in the triplet far more than on the eight bases before it, and a gene keeps
its frame for a thousand bases; but where genes begin is not known. So a lane keeps the odds of
seven states, a forward filter of a hidden Markov model: 0 … 2, the coming base is that place of a
codon read forwards; 3 … 5, that place (plus 3) of a codon on the other strand; 6, of none. What
each state expects after the last four bases is learnt from the bases themselves, by the state that
was likeliest; that a frame is free of stop codons is all that is known at first, and it is enough
to tell the states apart. Each base is learnt twice, as both strands read it.

Origin: GeneMark's inhomogeneous Markov chains (Borodovsky and McIninch 1993); the genetic code.
"""

import numpy as np

from cmixpy.model import fields as f
from cmixpy.model.counted import COUNT_BITS, ENTRY_MASK, gather, settle
from cmixpy.model.hashing import MASK32
from cmixpy.model.jit import block, routine

STATES = 7
NO_FRAME = 6
ORDER = 4  # bases before the one that a state foretells
ENTRIES = STATES << (2 * ORDER + 2)  # node 1: the high bit, 2 and 3: the low one after it
NOTED = 4  # entries touched after a base: two bits on each strand
FIRST_COUNT, MOST = 6, 1023
CERTAIN = 65536  # the sum of the odds, about
SWITCH = 9  # after a base 2^-9 of the odds is shared out again: genes have about a thousand bases
SHARED = (CERTAIN >> SWITCH) // STATES
STOP = 63488  # first probability of the base that makes no stop codon
SALT = 0x2B4C5ED5
# Least odds of the best state for the classes 1 … 3.
SURE, SURER, SUREST = 39322, 58982, 64881


def first_entries() -> np.ndarray:
    """int64[ENTRIES] counted entries: even odds, but stop codons are unlikely within a frame."""
    p = np.full((STATES, 1 << (2 * ORDER - 4), 16, 4), 32768, dtype=np.int64)
    # Bases are A, C, G, T. Forwards TAA, TAG, TGA end in the last place of a codon; on the other
    # strand they are read TTA, CTA, TCA, and end in its first place.
    for node in (2, 3):
        p[2, :, 4 * 3 + 0, node] = STOP
    for before in (4 * 3 + 3, 4 * 1 + 3, 4 * 3 + 1):
        p[3, :, before, 2] = STOP
    p[2, :, 4 * 3 + 2, 2] = STOP
    return ((p << 6 << COUNT_BITS) | FIRST_COUNT).reshape(-1)


@block
def likeliest(lane):
    """The state with the most odds, the lowest of them."""
    best = 0
    for s in range(1, STATES):
        if lane[f.FRAMES + s] > lane[f.FRAMES + best]:
            best = s
    return best


@block
def next_state(state):
    """The state of the base after one of this state, if the frame goes on."""
    follower = state + 0
    if state < 3:
        follower = (state + 1) % 3
    elif state < NO_FRAME:
        follower = 3 + (state + 2) % 3
    return follower


@block
def inverted_state(lane, order):
    """The state in which the other strand reads the base `order` before the last one."""
    state = lane[f.FRAMED] + 0
    if state < 3:
        state = 3 + (state + 2 * order) % 3
    elif state < NO_FRAME:
        state = (state + order) % 3
    return state


@block
def state_entry(first, state, before):
    """First entry of a state after the bases `before`."""
    return first + (((state << (2 * ORDER)) | before) << 2)


@routine
def move_frames(lane, touched, plan, shared, symbol):
    """Take a base into the odds, and note in `touched` what the likeliest state is to learn.

    The fields of the strand are those before the base. Odds are at least 18 and below 2^17, the
    product of two probabilities below 2^32; so a state's share of the total is below 2^49.
    """
    first = plan.numbers[11] + 0
    before = lane[f.PACKED] & ((1 << (2 * ORDER)) - 1)
    high = symbol >> 1
    low = symbol & 1
    total = 0
    for s in range(STATES):
        entry = state_entry(first, s, before)
        p = (shared.probability[entry + 1] & ENTRY_MASK) >> (COUNT_BITS + 6)
        q = (shared.probability[entry + 2 + high] & ENTRY_MASK) >> (COUNT_BITS + 6)
        if high == 0:
            p = 65536 - p
        if low == 0:
            q = 65536 - q
        lane[f.FRAMES + s] *= p * q
        total += lane[f.FRAMES + s]
    state = likeliest(lane)
    # Odds of one: total / 2^16, rounded up, so that the odds add up to less than CERTAIN.
    unit = (total >> 16) + 1
    for s in range(STATES):
        odds = lane[f.FRAMES + s] // unit
        lane[f.FRAMES + s] = odds - (odds >> SWITCH) + SHARED
    # A codon's places follow one another, on the other strand backwards.
    last = lane[f.FRAMES + 2] + 0
    lane[f.FRAMES + 2] = lane[f.FRAMES + 1]
    lane[f.FRAMES + 1] = lane[f.FRAMES]
    lane[f.FRAMES] = last
    last = lane[f.FRAMES + 3] + 0
    lane[f.FRAMES + 3] = lane[f.FRAMES + 4]
    lane[f.FRAMES + 4] = lane[f.FRAMES + 5]
    lane[f.FRAMES + 5] = last
    lane[f.FRAMED] = state
    lane[f.FRAME] = next_state(state)
    forward = state_entry(first, state, before)
    touched[0] = 2 * (forward + 1) + high
    touched[1] = 2 * (forward + 2 + high) + low
    # The other strand has just read the complement of this base, and of those before it.
    strand = ((3 - symbol) << (2 * ORDER - 2)) | (lane[f.REVERSED] >> (2 * (32 - ORDER)))
    base = 3 - ((lane[f.PACKED] >> (2 * ORDER - 2)) & 3)
    inverse = state_entry(first, inverted_state(lane, ORDER), strand)
    touched[2] = 2 * (inverse + 1) + (base >> 1)
    touched[3] = 2 * (inverse + 2 + (base >> 1)) + (base & 1)


@block
def frame_selector(lane):
    """0 … 27: the likeliest state, and how likely it is."""
    odds = lane[f.FRAMES + lane[f.FRAME]]
    return 4 * lane[f.FRAME] + (odds >= SURE) + (odds >= SURER) + (odds >= SUREST)


@block
def frame_word(state):
    """What tells the contexts of the states apart."""
    return (state + 1) * SALT & MASK32


@block
def commit_frames(touched, lanes_from, lanes_to, active, probability, reciprocal):
    """Counted update of the states' entries; touched: int32[lanes, NOTED] of 2·entry + bit."""
    for lane in range(lanes_from, lanes_to):
        if active[lane]:
            for i in range(NOTED):
                gather(probability, touched[lane, i] >> 1, touched[lane, i] & 1)
    for lane in range(lanes_from, lanes_to):
        if active[lane]:
            for i in range(NOTED):
                settle(probability, touched[lane, i] >> 1, MOST, reciprocal)
