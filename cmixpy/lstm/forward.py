"""The way there of the LSTM: a lane's cells and outputs after a symbol, inside the step kernel.

All integers, as the kernel's are; exact, as torch's products of the way back are (network.py), so
a device may do both in torch (cuda/network.py). It is here because nobody can code the next symbol
before it is done: a call into torch, and another thread to make it, would be waited for at every
symbol, and take longer than the products of a few lanes.
"""

import numpy as np

from cmixpy.lstm.cells import embedded, next_cell, output_of, table_place
from cmixpy.model.jit import block, routine

UNROLLED = 4  # rows of weights taken at once; the inputs are a multiple


@block
def learning_before(timing, step, group, groups):
    """Which learning was to end with the half-step before this one, from 0; or -1."""
    if group > 0:
        group -= 1
    else:
        group = groups - 1
        step -= 1
    horizon = timing[0]
    if step < horizon or step % horizon != timing[1] - 1:
        return -1
    return (step // horizon - 1) * groups + group


@routine
def take_learnt(network, number, thread, threads):
    """Take over the weights of learning `number`; a thread does its share of them."""
    box = number & 1
    rows = network.near.shape[0]
    for i in range(rows * thread // threads, rows * (thread + 1) // threads):
        row = network.near[i]
        new = network.new_near[box, i]
        for j in range(row.shape[0]):
            row[j] = new[j]
    for k in range(thread, network.new_count[box], threads):
        row = network.embedding[network.new_rows[box, k]]
        new = network.new_embedding[box, k]
        for j in range(row.shape[0]):
            row[j] = new[j]


@routine
def weigh(network, features, x, sums):
    """Sums before the activations, 33 fraction bits: of the embedding's rows and of `x`."""
    columns = sums.shape[0]
    for j in range(columns):
        sums[j] = 0
    for k in range(features.shape[0]):
        w = network.embedding[features[k]]
        for j in range(columns):
            sums[j] += embedded(w[j])
    near = network.near
    for i in range(0, x.shape[0], UNROLLED):
        x0, x1, x2, x3 = np.int64(x[i]), np.int64(x[i + 1]), np.int64(x[i + 2]), np.int64(x[i + 3])
        w0, w1, w2, w3 = near[i], near[i + 1], near[i + 2], near[i + 3]
        for j in range(columns):
            sums[j] += (
                x0 * np.int64(w0[j]) + x1 * np.int64(w1[j])
                + x2 * np.int64(w2[j]) + x3 * np.int64(w3[j])
            )  # fmt: skip


@routine
def forward(network, private, step, group, lane, index, thread):
    """Take the symbol of half-step (step, group) of a lane, the group's `lane`-th.

    `private` : arrays.PrivateArrays; of row `index`:
    features, int64, rows of the embedding; residuals, int32, (bit - p) of the symbol's bits, 2^-15;
    gradients, int32, of the outputs that predicted it, 2^-18; outputs, int16, gets h, 2^-15.
    """
    horizon = network.timing[0]
    t = step % horizon
    turn = (step // horizon) & 1
    outputs = private.outputs[index]
    gradients = private.gradients[index]
    cells = outputs.shape[0]
    x = network.x[group, turn, t, lane]
    old = network.cells[group, turn, t, lane]
    if step > 0:
        ended = turn
        if t == 0:
            ended = 1 - turn
            last_x = network.x[group, ended, horizon, lane]
            last = network.cells[group, ended, horizon, lane]
            for i in range(cells):
                x[i] = last_x[i]
                old[i] = last[i]
        gradient = network.gradient[group, ended, (t + horizon - 1) % horizon, lane]
        for i in range(cells):
            gradient[i] = gradients[i]
    residuals = private.residuals[index]
    for k in range(residuals.shape[0]):
        x[cells + k] = residuals[k]
    features = private.features[index]
    kept = network.features[group, turn, t, lane]
    for k in range(features.shape[0]):
        kept[k] = features[k]
    sums = network.sums[thread]
    weigh(network, features, x, sums)
    gates = network.gates[group, turn, t, lane]
    new = network.cells[group, turn, t + 1, lane]
    next_x = network.x[group, turn, t + 1, lane]
    for i in range(cells):
        f = np.int64(network.sigmoid[table_place(sums[i])])
        g = np.int64(network.tanh[table_place(sums[cells + i])])
        o = np.int64(network.sigmoid[table_place(sums[2 * cells + i])])
        gates[i] = f
        gates[cells + i] = g
        gates[2 * cells + i] = o
        c = next_cell(f, g, old[i])
        new[i] = c
        h = output_of(o, c)
        next_x[i] = h
        outputs[i] = min(h, 32767)
