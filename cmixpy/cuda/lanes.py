"""Which lane a block of threads works at, and how its threads share rows of weights."""

PARTS = 32  # threads that share a row of weights: neighbours read neighbouring weights
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


def shared_touch(item, networks, parts):
    """Bit, network and part of item `item` of a lane's touches, which `parts` threads share."""
    touch = item // parts
    k = touch // networks
    return k, touch - k * networks, item - touch * parts
