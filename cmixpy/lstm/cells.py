"""The element-wise part of the LSTM: activations, their slopes and the learning, all integers.

torch makes the products (network.py); what is done to each number beside them is here, in a few
compiled calls, for a call into torch costs as much as the work of one. float64 arrays are operands
and results of products: they hold integers below 2^53, and are converted, never calculated with.

Fraction bits, and bounds of what is kept: outputs h 15, |h| <= 2^15; weights 28, < 2^30, their near
copies 18, <= 2^20; sums before an activation 33, < 2^46; gates 15; cells 24, <= 2^24; gradients of
outputs and cells 26, <= 2^36; slopes 20, <= 2^22; gradients of weights 20, <= 2^23.
"""

import numpy as np

from cmixpy.lstm.tables import HALF
from cmixpy.model.jit import block, kernel

WEIGHT_LIMIT = 1 << 30
NEAR_SHIFT = 10
NEAR_LIMIT = WEIGHT_LIMIT >> NEAR_SHIFT
SLOPE_LIMIT = 1 << 22
BACK_LIMIT = 1 << 36
GRADIENT_LIMIT = 1 << 23
GATE_ONE = 1 << 15
MEAN_SHIFT = 16  # fraction bits that a mean has more than what it is of
STEP_LIMIT = 4  # times the rate
CLIPPED_EVERY = 16  # trainings between two counts of clipped slopes
# Trainings after which the rate is whole: at first all gradients agree, and steps that are as large
# as later ones throw 128 cells off (enwik8.4M, first 60,000 symbols: +0.05 % in place of -0.67 %).
WARM = 16


@block
def embedded(w):
    """A weight of the embedding, with the 33 fraction bits of the sums before an activation."""
    return np.int64(w >> NEAR_SHIFT) << 15


@block
def weighed(residual, w):
    """A residual times its weight, 33 fraction bits."""
    return residual * np.int64(w >> NEAR_SHIFT)


@block
def table_place(total):
    """Place in the tables of activations (tables.py) of a sum before one."""
    place = (total + (1 << 22)) >> 23
    return min(max(place, -HALF), HALF) + HALF


@block
def next_cell(f, g, old):
    """A cell after a symbol, from its gate, its candidate and its old value."""
    return (((np.int64(old) - (g << 9)) * f + (1 << 14)) >> 15) + (g << 9)


@block
def output_of(o, c):
    """A cell's output, 15 fraction bits."""
    return (o * c + (1 << 23)) >> 24


@block
def step_back(f, g, o, old, new, gradient, later, down):
    """Slopes of a cell's gate, candidate and output gate; the gradient of its old value.

    f, g, o, old, new : of the step, int64
    gradient, later : of its output, 18 fraction bits; from the step after, 38
    down : of its new value
    """
    rest = GATE_ONE - f
    d = (gradient << 8) + (later >> 12)
    d = min(max(d, -BACK_LIMIT), BACK_LIMIT)
    dc = down + ((d * o) >> 15)
    dc = min(max(dc, -BACK_LIMIT), BACK_LIMIT)
    of_f = ((((old - (g << 9)) * f) >> 15) * rest) >> 19
    of_g = ((((1 << 30) - g * g) >> 15) * rest) >> 10
    of_o = (o * (GATE_ONE - o) * (new >> 4)) >> 30
    slope_f = min(max((dc * of_f + (1 << 25)) >> 26, -SLOPE_LIMIT), SLOPE_LIMIT)
    slope_g = min(max((dc * of_g + (1 << 25)) >> 26, -SLOPE_LIMIT), SLOPE_LIMIT)
    slope_o = min(max((d * of_o + (1 << 25)) >> 26, -SLOPE_LIMIT), SLOPE_LIMIT)
    return slope_f, slope_g, slope_o, (dc * f) >> 15


@kernel
def back(product, gradient, gates, before, after, d_cell, slopes):
    """The slopes of a step, from the gradients of its outputs; one step back through the cells.

    Parameters
    ----------
    product : float64[lanes, cells + bits], the slopes of the step after times their weights
    gradient : int32[lanes, cells], d(-loss)/dh, 18 fraction bits
    d_cell : int64[lanes, cells], of the cell after the step; then of the one before it
    slopes : float64[lanes, 3·cells]
    """
    lanes, cells = before.shape
    for lane in range(lanes):
        row = gates[lane]
        old = before[lane]
        new = after[lane]
        down = d_cell[lane]
        out = slopes[lane]
        later = product[lane]
        mine = gradient[lane]
        for i in range(cells):
            out[i], out[cells + i], out[2 * cells + i], down[i] = step_back(
                np.int64(row[i]), np.int64(row[cells + i]), np.int64(row[2 * cells + i]),
                np.int64(old[i]), np.int64(new[i]), np.int64(mine[i]), np.int64(later[i]),
                down[i] + 0,
            )  # fmt: skip


@block
def training_rate(first, last, half, held, updates):
    """Rate (2^-20) of the training after `updates` others; the first `held` change nothing."""
    if updates < held:
        return 0
    updates -= held
    rate = last + (first - last) * half // (half + updates)
    return rate * min(updates + 1, WARM) // WARM


@block
def share_of(count, memory):
    """What a new gradient is of the mean (2^-16), as its `count`-th, among at most `memory`."""
    return 65536 // min(count, memory)


@block
def gradient_of(total):
    """A weight's gradient, from the sum of the product's 35 fraction bits."""
    d = (total + (1 << 14)) >> 15
    return min(max(d, -GRADIENT_LIMIT), GRADIENT_LIMIT)


@block
def row_gradient(total):
    """The gradient of a weight of the embedding, from a sum of slopes."""
    return min(max(total, -GRADIENT_LIMIT), GRADIENT_LIMIT)


@block
def most_step(rate):
    """The largest step, 28 fraction bits."""
    return (STEP_LIMIT * rate) << 8


@block
def step_of(gradient, mean, least, weight, share, rate, most):
    """Mean size and weight after a step by `gradient`, at most `most` (28 fraction bits).

    A mean is never below `least`, 20 fraction bits: where all has long been foreseen gradients
    are mere noise, and divided by a mean of their own size they would lead the network astray.
    """
    size = abs(gradient)
    mean += (((size << MEAN_SHIFT) - mean) * share + (1 << 15)) >> 16
    mean = max(mean, np.int64(least) << MEAN_SHIFT)
    # 23 + 16 + 16 bits over at least 8.
    step = min(np.int64(np.uint64((size * rate) << 16) // np.uint64(mean >> 8)), most)
    if gradient < 0:
        step = -step
    return mean, min(max(np.int64(weight) + step, -WEIGHT_LIMIT), WEIGHT_LIMIT)


@kernel
def learn(gradients, means, least, weights, near, share, rate):
    """One step of every weight, normalised by the mean size of its gradients.

    Parameters
    ----------
    gradients : float64[rows, columns], 35 fraction bits, below 2^53
    means : int64[rows, columns], 36 fraction bits; least : of them, 20 fraction bits
    weights, near : int32 and float64[rows, columns]
    share : of a new gradient in the mean, 2^-16; rate : 2^-20, below 2^16
    """
    most = most_step(rate)
    for i in range(gradients.shape[0]):
        row = gradients[i]
        mean = means[i]
        w = weights[i]
        copy = near[i]
        for j in range(row.shape[0]):
            d = gradient_of(np.int64(row[j]))
            mean[j], w[j] = step_of(d, mean[j] + 0, least, w[j], share, rate, most)
            copy[j] = np.int64(w[j]) >> NEAR_SHIFT


@kernel
def learn_rows(
    features, slopes, heads, links, totals, counts, means, least, weights, most_share, rate
):
    """One step of the rows of the embedding that symbols of the trace have picked.

    Parameters
    ----------
    features : int64[samples, n]
    slopes : float64[samples, columns], 20 fraction bits
    heads : int32[rows], zero between calls; links : int32[samples·n]; totals : int64[columns]
    counts : int64[rows], how often each has learnt; means, weights : int64, int32[rows, columns]
    least : of the means, 20 fraction bits
    most_share : the mean of a row remembers so many of its steps
    """
    samples, n = features.shape
    most = most_step(rate)
    for at in range(samples * n):
        row = features[at // n, at % n]
        links[at] = heads[row]
        heads[row] = at + 1
    for at in range(samples * n):
        row = features[at // n, at % n]
        if heads[row] == at + 1:
            heads[row] = 0
            totals[:] = 0
            here = at
            while here >= 0:
                sample = slopes[here // n]
                for j in range(sample.shape[0]):
                    totals[j] += np.int64(sample[j])
                here = links[here] - 1
            counts[row] += 1
            share = share_of(counts[row], most_share)
            mean = means[row]
            w = weights[row]
            for j in range(w.shape[0]):
                d = row_gradient(totals[j])
                mean[j], w[j] = step_of(d, mean[j] + 0, least, w[j], share, rate, most)
