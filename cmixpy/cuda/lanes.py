"""Which lane a block of threads works at."""


def lane_of_block(plan, number, block):
    """The lane of block `block` in half-step `number`, or -1 when its group has fewer."""
    lanes, groups = plan.numbers[1], plan.numbers[3]
    group = number % groups
    group_lanes = (lanes + groups - 1) // groups
    index = group * group_lanes + block
    if index >= min(lanes, (group + 1) * group_lanes):
        index = -1
    return index
