"""Which lane a block of threads works at, and how its threads share rows of weights."""

from cmixpy.parts import MAX_FINALS, MAX_SETS

MAX_NETWORKS = MAX_SETS + MAX_FINALS
PARTS = 8  # threads that share a row of weights: neighbours read neighbouring weights
HERE_BITS = 16  # a touch of a row is lane · bits + bit, below 2^16, in a claim on the row


def lane_of_block(plan, number, block):
    """The lane of block `block` in half-step `number`, or -1 when its group has fewer."""
    lanes, groups = plan.numbers[1], plan.numbers[3]
    group = number % groups
    group_lanes = (lanes + groups - 1) // groups
    index = group * group_lanes + block
    if index >= min(lanes, (group + 1) * group_lanes):
        index = -1
    return index


def claim_of(number, who):
    """A claim on a slot: the least one wins, and those of earlier half-steps are larger.

    who : 2 · lane + nibble
    """
    return ((1 << 40) - number << 16) | who
