"""One layer of LSTM cells over the lanes of a group, in torch, forward and backward, exactly.

Matrix products take operands on fixed binary grids, clamped, so that every partial sum is a float64
without rounding; whatever order, blocking or device computes it, the result is one. The rest is
element-wise IEEE arithmetic, one operation a call. No autograd.

The input gate is 1 - f (as in lstm-compress), so a cell stays in [-1, 1] and h = o · c.

Grids: outputs h and residuals 2^-15, |h| <= 1; weights 2^-18, |w| <= 4; slopes d(-loss)/d(pre)
2^-20, |d| <= 4. Bits of the sums: h·w 15 + 20 + log2(520 rows) < 45; d·w 22 + 20 + log2(1536
columns) < 53; h·d 15 + 22 + log2(65536 samples) = 53.
"""

import numpy as np
import torch

from cmixpy.lstm import tables
from cmixpy.lstm.tables import HALF, SPAN, STEPS

F64 = torch.float64
INPUTS_LIMIT = 8  # residuals of a symbol, at most
STATE_ONE = 1 << 15
WEIGHT_ONE = 1 << 18
WEIGHT_LIMIT = 4 * WEIGHT_ONE
SLOPE_ONE = 1 << 20
SLOPE_LIMIT = 4 * SLOPE_ONE
GRADIENT_ONE = 1 << 18  # of the gradients that the output layer writes
FLOOR = 2.0**-40  # of second moments: nothing derived from them can become subnormal
STEP_LIMIT = 4.0  # of a normalised step
# Adding and then subtracting it rounds |x| < 2^50 to an integer, halves to even.
ROUND = 1.5 * 2.0**52
ROUND_CELL = 1.5 * 2.0**28  # the same to the grid 2^-24
# A product of grid values counts 2^-33, the tables' places 1 / STEPS: kept in the near weights.
PLACES = STEPS / (STATE_ONE * WEIGHT_ONE)
CLIPPED_EVERY = 16  # trainings between two counts of clipped slopes


class Weights:
    """Master weights, their second moments, and the rounded copies that products use.

    Rows of `recurrent`: the cells' outputs, then the residuals of the last symbol. `embedding` has
    a row for each symbol. Columns: forget gates, candidates, output gates.
    """

    def __init__(self, cells: int, inputs: int, symbols: int, spread: int, forget: int):
        self.cells, self.inputs, self.columns = cells, inputs, 3 * cells

        def start(seed, rows):
            values = tables.uniform(seed, rows * self.columns).reshape(rows, self.columns)
            return torch.from_numpy(values * spread).to(F64) / torch.tensor(32768000.0, dtype=F64)

        self.recurrent = start(1, cells + inputs)
        self.embedding = start(2, symbols)
        self.embedding[:, :cells] += forget / 1000
        self.recurrent_moment = torch.full_like(self.recurrent, FLOOR)
        self.embedding_moment = torch.full_like(self.embedding, FLOOR)
        self.embedding_count = torch.zeros(symbols, 1, dtype=F64)
        self.recurrent_near = torch.empty_like(self.recurrent)
        self.squares = torch.empty_like(self.recurrent)
        self.step = torch.empty_like(self.recurrent)
        _round_weights(self.recurrent, self.recurrent_near, PLACES)
        self.embedding_near = torch.empty_like(self.embedding)
        _round_weights(self.embedding, self.embedding_near, PLACES * STATE_ONE)
        self.updates = self.clipped = 0

    def train(self, gradient, rows, row_gradient, rate: float, memory: int) -> None:
        """One step up the gradients, normalised by their root mean square (Tieleman, Hinton 2012).

        Parameters
        ----------
        gradient : float64[cells + inputs, columns]
        rows, row_gradient : int64[n], float64[n, columns]: the symbols that occurred
        rate : the step where a gradient equals its root mean square
        memory : how many updates the mean square remembers
        """
        self.updates += 1
        squares, step, moment = self.squares, self.step, self.recurrent_moment
        torch.mul(gradient, gradient, out=squares)
        squares.sub_(moment).mul_(1.0 / min(self.updates, memory))
        moment.add_(squares).clamp_(min=FLOOR)
        _root(moment, squares)
        torch.div(gradient, squares, out=step)
        step.clamp_(-STEP_LIMIT, STEP_LIMIT).mul_(rate)
        self.recurrent.add_(step)
        _round_weights(self.recurrent, self.recurrent_near, PLACES)

        count = self.embedding_count[rows].add_(1.0)
        self.embedding_count[rows] = count
        share = torch.ones_like(count).div_(count.clamp_(max=float(memory)))
        moment = self.embedding_moment[rows]
        squares = row_gradient.square().sub_(moment).mul_(share)
        moment.add_(squares).clamp_(min=FLOOR)
        self.embedding_moment[rows] = moment
        step = row_gradient.div_(_root(moment, moment)).clamp_(-STEP_LIMIT, STEP_LIMIT).mul_(rate)
        changed = step.add_(self.embedding[rows])
        self.embedding[rows] = changed
        near = torch.empty_like(changed)
        _round_weights(changed, near, PLACES * STATE_ONE)
        self.embedding_near[rows] = near

    def saturated(self) -> int:
        """How many weights are cut off at their limit."""
        limit = WEIGHT_LIMIT / WEIGHT_ONE
        parts = (self.recurrent, self.embedding)
        return sum(int(torch.count_nonzero(part.abs() > limit)) for part in parts)


def _root(values, out):
    """Square roots as IEEE 754 has them, in `out`.

    torch.sqrt is not: on the CPU it may be MKL's vector library, which is wrong in the last bit now
    and then (9 of 13,824 values of tests/test_lstm.py). numpy has the processor's instruction.
    """
    np.sqrt(values.numpy(), out=out.numpy())
    return out


def _round_weights(master, near, scale: float) -> None:
    """near = master clamped to ±4 and rounded to 2^-18, in units that leave `scale` to do."""
    torch.mul(master, float(WEIGHT_ONE), out=near)
    near.clamp_(-float(WEIGHT_LIMIT), float(WEIGHT_LIMIT)).add_(ROUND).sub_(ROUND).mul_(scale)


class Group:
    """The lanes of a group: their states, the trace of a horizon, buffers for every operation."""

    def __init__(self, weights: Weights, lanes: int, horizon: int):
        cells, columns = weights.cells, weights.columns
        self.weights, self.lanes, self.horizon = weights, lanes, horizon
        sigmoid = torch.from_numpy(tables.sigmoid_table()).to(F64)
        tanh = torch.from_numpy(tables.tanh_table()).to(F64)
        unit = 1.0 / STATE_ONE
        # f and the candidates are real numbers, o counts 2^-15 so that o · c does.
        self.table = torch.cat((sigmoid * unit, tanh * unit, sigmoid))
        places = torch.tensor([HALF + 0.5, HALF + 0.5 + SPAN, HALF + 0.5 + 2 * SPAN], dtype=F64)
        self.places = places.repeat_interleave(cells)

        def zeros(*shape):
            return torch.zeros(*shape, dtype=F64)

        self.at = 0  # steps in the trace
        self.inputs = zeros(horizon + 1, lanes, cells + weights.inputs)
        self.symbols = torch.zeros(horizon, lanes, dtype=torch.int64)
        self.gates = zeros(horizon, lanes, columns)
        self.cells = zeros(horizon + 1, lanes, cells)
        self.gradient = zeros(horizon, lanes, cells)  # d(-loss)/dh after each step
        self.pre = zeros(lanes, columns)
        self.index = torch.zeros(lanes, columns, dtype=torch.int64)
        self.change = zeros(lanes, cells)
        # Buffers of the training.
        self.factors = zeros(horizon, lanes, columns)
        self.half = zeros(horizon, lanes, cells)
        self.outward = zeros(horizon, lanes, cells)
        self.slopes = zeros(horizon, lanes, columns)
        self.d_cell, self.d_inputs = zeros(lanes, cells), zeros(lanes, cells + weights.inputs)
        self.product = zeros(lanes, cells)
        self.total = zeros(cells + weights.inputs, columns)
        self._slice()

    def _slice(self) -> None:
        """The views that the steps need: to take one costs as much as an addition."""
        cells, horizon = self.weights.cells, self.horizon
        by_gate = (horizon, self.lanes, 3, cells)
        slopes, factors = self.slopes.view(by_gate), self.factors.view(by_gate)
        steps = range(horizon)
        self.flat_index = self.index.view(-1)
        self.forward_views = [
            (self.inputs[t], self.inputs[t][:, cells:], self.symbols[t], self.gates[t].view(-1),
             *self.gates[t].split(cells, dim=1), self.cells[t], self.cells[t + 1],
             self.inputs[t + 1][:, :cells])
            for t in steps
        ]  # fmt: skip
        self.d_output = self.d_inputs[:, :cells]
        self.d_cell_twice = self.d_cell.unsqueeze(1)
        self.backward_views = [
            (self.gradient[t], self.outward[t], factors[t, :, :2], slopes[t, :, :2],
             factors[t, :, 2], slopes[t, :, 2], self.slopes[t], self.gates[t][:, :cells])
            for t in steps
        ]  # fmt: skip

    def forward(self, symbols, residuals, outputs) -> None:
        """Take every lane's last symbol.

        Parameters
        ----------
        symbols : int64[lanes]
        residuals : int32[lanes, inputs]: (bit - p) of its bits, 2^-15
        outputs : int16[lanes, cells]: gets h, 2^-15
        """
        w = self.weights
        x, rest, row, gates, f, candidate, o, old, new, h = self.forward_views[self.at]
        rest.copy_(residuals)
        row.copy_(symbols)
        pre, change = self.pre, self.change
        torch.index_select(w.embedding_near, 0, row, out=pre)
        pre.addmm_(x, w.recurrent_near)
        pre.clamp_(-float(HALF), float(HALF)).add_(self.places)
        self.index.copy_(pre)
        torch.index_select(self.table, 0, self.flat_index, out=gates)
        torch.sub(old, candidate, out=change)
        change.mul_(f).add_(candidate).add_(ROUND_CELL)
        torch.sub(change, ROUND_CELL, out=new)
        torch.mul(o, new, out=change)
        change.add_(ROUND)
        torch.sub(change, ROUND, out=h)
        outputs.copy_(h)
        self.at += 1

    def train(self, rate: float, memory: int) -> None:
        """Back-propagate through the horizon, change the weights, and begin a new trace."""
        w, cells = self.weights, self.weights.cells
        self._factors()
        self.d_cell.zero_()
        self.d_inputs.zero_()
        back = w.recurrent_near.t()
        for t in range(self.horizon - 1, -1, -1):
            gradient, outward, of_cell, d_cell, of_output, d_o, slope, f = self.backward_views[t]
            gradient.add_(self.d_output)
            torch.mul(gradient, outward, out=self.product)
            self.d_cell.add_(self.product)
            torch.mul(self.d_cell_twice, of_cell, out=d_cell)
            torch.mul(gradient, of_output, out=d_o)
            slope.mul_(float(SLOPE_ONE)).clamp_(-float(SLOPE_LIMIT), float(SLOPE_LIMIT))
            slope.add_(ROUND).sub_(ROUND)
            if t:
                torch.mm(slope, back, out=self.d_inputs)
                self.d_inputs.mul_(STATE_ONE / (SLOPE_ONE * STEPS))
                self.d_cell.mul_(f)
        if w.updates % CLIPPED_EVERY == 0:
            w.clipped += int(torch.count_nonzero(self.slopes.abs() == SLOPE_LIMIT))
        inputs = self.inputs[:-1].view(-1, cells + w.inputs)
        slopes = self.slopes.view(-1, w.columns)
        torch.mm(inputs.t(), slopes, out=self.total)
        self.total.mul_(1.0 / (STATE_ONE * SLOPE_ONE))
        rows, places = torch.unique(self.symbols, return_inverse=True)
        row_total = torch.zeros(len(rows), w.columns, dtype=F64)
        row_total.index_add_(0, places.view(-1), slopes).mul_(1.0 / SLOPE_ONE)
        w.train(self.total, rows, row_total, rate, memory)
        self.cells[0].copy_(self.cells[-1])
        self.inputs[0].copy_(self.inputs[-1])
        self.at = 0

    def _factors(self) -> None:
        """d(cell)/d(pre) of forget gates and candidates, d(output)/d(pre) and /d(cell) of o."""
        f, candidate, o = self.gates.split(self.weights.cells, dim=2)
        before, after = self.cells[:-1], self.cells[1:]
        of_f, of_candidate, of_o = self.factors.split(self.weights.cells, dim=2)
        torch.sub(1.0, f, out=self.half)
        torch.sub(before, candidate, out=of_f)
        of_f.mul_(f).mul_(self.half)
        torch.mul(candidate, candidate, out=of_candidate)
        torch.sub(1.0, of_candidate, out=of_candidate)
        of_candidate.mul_(self.half)
        torch.mul(o, 1.0 / STATE_ONE, out=self.outward)
        torch.sub(1.0, self.outward, out=self.half)
        torch.mul(after, self.outward, out=of_o)
        of_o.mul_(self.half)
