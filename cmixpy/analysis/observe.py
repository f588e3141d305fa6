"""Adds up what the lanes noted in a step: costs, pushes, what each part would have said alone.

All of it is read from the `private` arrays, which keep what the last step did: the inputs of every
bit, the rows of the weight sets, the first layer's logits and, behind the errors, the probabilities
of the mix and of the whole (model/predictor.py). Only the weights are those after the step.

Nothing here touches what is coded. Floating point is fine: no byte depends on it.
"""

from math import log
from typing import NamedTuple

import numpy as np

from cmixpy.model import fields as f
from cmixpy.model.jit import kernel
from cmixpy.model.logistic import LOGIT_LIMIT
from cmixpy.model.mixer import WEIGHT_ONE

LOGIT_ONE = 256


class Tally(NamedTuple):
    """What is added up; bins are of time: equal numbers of steps.

    Attributes
    ----------
    cost : float64[symbols], bits of each symbol
    symbols, final, mixed : float64[bins], symbols coded, their bits, bits by the mix before SSE
    plain : float64[bins], bits by the mix before the LSTM; as `mixed` where there is none
    push : float64[bins, parts], how far a part moved the first layer's logits, mean over the sets
    solo : float64[bins, parts], bits if the part's own prediction were all there is
    spoke : float64[bins, parts], bits of which the part said anything
    sets : float64[bins, sets], bits by each network of the first layer alone
    bits : float32[text, width], bits of each bit of the symbols that are shown
    help : float32[text, parts], logits in favour of what came
    """

    cost: np.ndarray
    symbols: np.ndarray
    final: np.ndarray
    mixed: np.ndarray
    plain: np.ndarray
    push: np.ndarray
    solo: np.ndarray
    spoke: np.ndarray
    sets: np.ndarray
    bits: np.ndarray
    help: np.ndarray


def cost_table() -> np.ndarray:
    """float64[65537]: bits that an event of 16-bit probability costs."""
    p = np.arange(65537) / 65536
    p[0] = p[1]
    return -np.log2(p)


@kernel
def observe(bin_, primed, width, lanes, active, coded, inputs, rows, errors, middles, gated,
            weights, squash, owner, voice, lstm, mix, sets, finals, costs, pushes, shown, tally):
    """Add one step to the tally.

    Parameters
    ----------
    bin_ : the step's bin of time
    primed : symbols of each lane before the first that counts
    lanes, active, coded, inputs, rows, errors, middles, gated : of `private` (state.py)
    weights, squash : of `shared` and of `plan`
    owner : int64[inputs], the part that each input belongs to, -1: none
    voice : int64[parts], the input that is the part's own prediction, -1: none
    lstm, mix : the LSTM's part, and which of its gated logits is the mix; -1: there is none
    costs : cost_table()
    pushes : float64[parts], scratch
    shown : the place of the first symbol that is shown
    """
    parts = voice.shape[0]
    text = tally.bits.shape[0]
    for index in range(lanes.shape[0]):
        if not active[index]:
            continue
        at = lanes[index, f.START] + lanes[index, f.POSITION] - 1 - primed * (index + 1)
        line = at - shown
        noted = line >= 0 and line < text
        symbol = coded[index]
        tally.symbols[bin_] += 1.0
        for k in range(width):
            bit = (symbol >> (width - 1 - k)) & 1
            x = inputs[index, k]
            p_mixed = errors[index, k, sets + finals] + 0
            p_final = errors[index, k, sets + finals + 1] + 0
            if bit == 0:
                p_mixed, p_final = 65536 - p_mixed, 65536 - p_final
            cost = costs[p_final]
            tally.cost[at] += cost
            tally.final[bin_] += cost
            tally.mixed[bin_] += costs[p_mixed]
            p_plain = p_mixed
            if mix >= 0:
                p_plain = squash[gated[index, k, mix] + LOGIT_LIMIT] + 0
                if bit == 0:
                    p_plain = 65536 - p_plain
            tally.plain[bin_] += costs[p_plain]
            for part in range(parts):
                pushes[part] = 0.0
            for s in range(sets):
                w = weights[rows[index, k, s]]
                for i in range(owner.shape[0]):
                    if owner[i] >= 0:
                        pushes[owner[i]] += float(w[i]) * float(x[i])
                p = squash[middles[index, k, s] + LOGIT_LIMIT] + 0
                tally.sets[bin_, s] += costs[p if bit else 65536 - p]
            for part in range(parts):
                push = pushes[part] / (sets * LOGIT_ONE * WEIGHT_ONE)
                if part == lstm:
                    # Behind the mix, not a share of the first layer's logits.
                    push = log(p_mixed * (65536 - p_plain) / ((65536 - p_mixed) * p_plain))
                    push = push if bit else -push
                tally.push[bin_, part] += abs(push)
                if noted:
                    tally.help[line, part] += push if bit else -push
                if voice[part] >= 0:
                    p = squash[x[voice[part]] + LOGIT_LIMIT] + 0
                    tally.solo[bin_, part] += costs[p if bit else 65536 - p]
                    if x[voice[part]] != 0:
                        tally.spoke[bin_, part] += 1.0
            if noted:
                tally.bits[line, k] = cost
