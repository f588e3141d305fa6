"""Maps of direct probabilities: what really happened when a context's counter said this.

A node's direct probability is a plain average. How far it can be trusted depends on how often the
node was seen and on whether the symbol that came last in the context is still possible, and is it,
which bit it has here: a context with one symbol behaves unlike one in which the last symbol has
just been refuted. One counted entry (counted.py) for each context and each of these cases learns
it (an APM in front of the mixer; the run's say as in paq8's RunContextMap and lpaq's, Mahoney).
"""

import numpy as np

from cmixpy.model.counted import COUNT_BITS, ENTRY_MASK
from cmixpy.model.jit import block
from cmixpy.model.logistic import LOGIT_LIMIT

MAP_ENTRIES = 1024  # 32 direct probabilities, 8 counts, 4 things that a run may say
MAP_STEP = 144  # logits of one of the 32, which reach from -2304 to 2304
MAP_START = 4  # first count
# Least counts of the classes 1 … 7.
COUNT_CLASSES = (1, 2, 3, 4, 7, 15, 60)


def map_rows(stretch: np.ndarray) -> np.ndarray:
    """int16[4096]: first entry for the 12-bit direct probability."""
    return (((stretch.astype(np.int64) + 16 * MAP_STEP) // MAP_STEP) * 32).astype(np.int16)


def count_rows() -> np.ndarray:
    """int16[128]: what the node's count adds."""
    classes = np.searchsorted(COUNT_CLASSES, np.arange(128), side="right")
    return (4 * classes).astype(np.int16)


def first_probabilities(squash: np.ndarray) -> np.ndarray:
    """int64[MAP_ENTRIES] counted entries: at first a map repeats what it is told."""
    logits = MAP_STEP * np.arange(32) - 16 * MAP_STEP + MAP_STEP // 2
    row = squash[logits + LOGIT_LIMIT].astype(np.int64) << 6 << COUNT_BITS
    return np.repeat(row | MAP_START, MAP_ENTRIES // 32)


@block
def map_entry(plan, word, run_symbol, run_strength, c, partial, shift):
    """Entry of context `c`'s map for the node `word` and what the run says; shift: 7 - bit."""
    ahead = np.int64(run_symbol) >> shift
    # 0: no run, 1 and 2: it says 0 or 1, 3: it was wrong about a bit before.
    run = (run_strength > 0) * (3 - (ahead >> 1 == partial) * (2 - (ahead & 1)))
    entry = plan.numbers[9] + MAP_ENTRIES * c + run
    return entry + plan.map_row[word >> 20] + plan.count_row[(word >> 8) & 127]


@block
def map_logit(plan, probability, entry, word):
    """The logit that a map's entry says."""
    logit = plan.stretch[(probability[entry] & ENTRY_MASK) >> (COUNT_BITS + 10)]
    # An empty history says nothing.
    return logit * min(word & 255, 1)


@block
def map_inputs(plan, probability, copies, run_symbols, run_strengths, x, stride, touched, column,
               partial, node, k):
    """Put each map's logit in the place of its context's third input; note the entries.

    x : int16[…], `stride` inputs for each context
    touched : int32[columns], filled from `column` on
    """
    shift = 7 - k
    for c in range(copies.shape[0]):
        word = copies[c, node] + 0
        entry = map_entry(plan, word, run_symbols[c], run_strengths[c], c, partial, shift)
        touched[column + c] = entry
        x[stride * c + 2] = map_logit(plan, probability, entry, word)
