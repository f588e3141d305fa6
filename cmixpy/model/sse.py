"""SSE: what really happened when the mix said this, under a small context (PAQ's APM, Mahoney).

A stage has one row of 33 counted entries (counted.py) for each selector value and partial symbol;
the entries stand for logits from -3072 to 3072. A prediction is read between its two neighbours,
the nearer of them learns. Rows are many and cold: they are asked for before the bit is mixed.
"""

from cmixpy.model.atomics import prefetch_row
from cmixpy.model.counted import COUNT_BITS, ENTRY_MASK
from cmixpy.model.hashing import THIRD_MULTIPLIER
from cmixpy.model.jit import block
from cmixpy.model.logistic import LOGIT_LIMIT

SSE_BUCKETS = 33
SSE_STEP = (2 * LOGIT_LIMIT + 2) // (SSE_BUCKETS - 1)
SSE_VALUES = 40  # where the stages' selector values stand in a thread's scratch space
HASHED_ROWS = 65536  # of a stage whose values are hashed together with the partial symbol
ENTRIES_PER_LINE = 8
SHARES = 4  # bits: the stages' shares and the mix's add up to 16


@block
def stage_row(plan, s, scratch, partial):
    """First entry of stage s under its selector value and the partial symbol."""
    value = scratch[SSE_VALUES + s]
    row = (value << plan.numbers[2]) + partial
    if plan.sse_hashed[s]:
        row = (value + partial * THIRD_MULTIPLIER) & (HASHED_ROWS - 1)
    return plan.sse_base[s] + row * SSE_BUCKETS


@block
def ask_stages(plan, entries, scratch, partial):
    """Prefetch the rows that the next bit may need."""
    for s in range(plan.sse_function.shape[0]):
        first = stage_row(plan, s, scratch, partial)
        for i in range(0, SSE_BUCKETS, ENTRIES_PER_LINE):
            prefetch_row(entries, first + i)


@block
def stage_place(mixed):
    """The bucket below the mix's logit, and how far above it that lies, of SSE_STEP."""
    position = mixed + LOGIT_LIMIT + 1
    low = position // SSE_STEP
    return low, position - low * SSE_STEP


@block
def stage_share(plan, entries, first, s, low, weight):
    """What stage s says between two buckets of the row at `first`, times its share."""
    refined = (
        ((entries[first + low] & ENTRY_MASK) >> (COUNT_BITS + 6)) * (SSE_STEP - weight)
        + ((entries[first + low + 1] & ENTRY_MASK) >> (COUNT_BITS + 6)) * weight
    ) // SSE_STEP
    return refined * plan.sse_share[s]


@block
def final_probability(total):
    """16 bits, 1 … 65535, from all shares."""
    return min(max(total >> SHARES, 1), 65535)


@block
def refine(plan, entries, scratch, mixed, p_mixed, partial, touched, column):
    """Final probability (16 bits, 1 … 65535) of a one, from the mix's logit and probability.

    entries : int64[…], counted entries
    touched : int32[columns], from `column` on filled with the entries that are to learn
    """
    low, weight = stage_place(mixed)
    near = low + (2 * weight) // SSE_STEP
    total = p_mixed * plan.numbers[4]
    for s in range(plan.sse_function.shape[0]):
        first = stage_row(plan, s, scratch, partial)
        total += stage_share(plan, entries, first, s, low, weight)
        touched[column + s] = first + near
    return final_probability(total)
