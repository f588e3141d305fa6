"""FORMAT.md, "LSTM": the recurrent network with numpy, its products in int64 (or in `product`)."""

import numpy as np

from reference.tables import clamp

STEPS, HALF = 1024, 8192
LIMIT = 1 << 20  # weights on the grid 2^-18
ONE = 1 << 120
FLOOR = 2.0**-40


def exponentials(count: int) -> list[int]:
    """e^(k/1024) · 2^120."""
    ratio = term = ONE
    for k in range(1, 40):
        term //= 1024 * k
        ratio += term
    powers = [ONE]
    while len(powers) < count:
        powers.append(powers[-1] * ratio >> 120)
    return powers


EXPONENTIALS = exponentials(2 * HALF + 1)


def sigmoid(j: int) -> int:
    """32768 · sigmoid(j / 1024), rounded."""
    if j < 0:
        return 32768 - sigmoid(-j)
    e = EXPONENTIALS[j]
    return (2 * 32768 * e + ONE + e) // (2 * (ONE + e))


def tanh(j: int) -> int:
    """32768 · tanh(j / 1024), rounded."""
    if j < 0:
        return -tanh(-j)
    e = EXPONENTIALS[2 * j]
    return (2 * 32768 * (e - ONE) + ONE + e) // (2 * (ONE + e))


SIGMOID = np.array([sigmoid(j) for j in range(-HALF, HALF + 1)])
TANH = np.array([tanh(j) for j in range(-HALF, HALF + 1)])


def splitmix(seed: int, count: int) -> np.ndarray:
    """int64[count] in -32768 … 32767."""
    m64 = (1 << 64) - 1
    values = []
    for i in range(1, count + 1):
        z = ((seed << 32) + i * 0x9E3779B97F4A7C15) & m64
        z = ((z ^ z >> 30) * 0xBF58476D1CE4E5B9) & m64
        z = ((z ^ z >> 27) * 0x94D049BB133111EB) & m64
        values.append(((z ^ z >> 31) >> 48) - 32768)
    return np.array(values)


def near(weights: np.ndarray) -> np.ndarray:
    """On the grid 2^-18, clamped to ±4, as int64."""
    return np.rint(np.clip(weights * 262144.0, -LIMIT, LIMIT)).astype(np.int64)


class Lstm:
    """Weights, and for each group its lanes' states and the trace of a horizon."""

    def __init__(self, settings, bits: int, lanes: list[int], product=np.matmul):
        self.s, self.bits, self.product = settings, bits, product
        self.columns = 3 * settings.cells
        rows = settings.cells + bits
        self.recurrent = self._first(1, rows)
        self.embedding = self._first(2, 1 << bits)
        self.embedding[:, : settings.cells] += settings.forget / 1000
        self.recurrent_moment = np.full_like(self.recurrent, FLOOR)
        self.embedding_moment = np.full_like(self.embedding, FLOOR)
        self.embedding_count = [0] * (1 << bits)
        self.updates = 0
        self.cell = [np.zeros((n, settings.cells)) for n in lanes]
        self.output = [np.zeros((n, settings.cells), dtype=np.int64) for n in lanes]
        self.trace: list[list] = [[] for _ in lanes]

    def _first(self, seed: int, rows: int) -> np.ndarray:
        values = splitmix(seed, rows * self.columns).reshape(rows, self.columns)
        return (values * self.s.spread).astype(np.float64) / 32768000.0

    def half_step(self, group: int, symbols, residuals, gradients) -> np.ndarray:
        """int64[lanes, cells]: the outputs for the next symbol; gradients are of the last ones."""
        trace = self.trace[group]
        if trace:
            gradients = np.asarray(gradients, dtype=np.int64).reshape(-1, self.s.cells)
            trace[-1]["gradient"] = gradients / 262144.0
        if len(trace) == self.s.horizon:
            self._train(trace)
            trace.clear()
        residuals = np.asarray(residuals, dtype=np.int64).reshape(-1, self.bits)
        return self._forward(group, np.asarray(symbols, dtype=np.int64), residuals)

    def _forward(self, group: int, symbols, residuals) -> np.ndarray:
        x = np.concatenate((self.output[group], residuals), axis=1)
        total = self.product(x, near(self.recurrent)) + (near(self.embedding)[symbols] << 15)
        places = np.floor(np.clip(total * 2.0**-23, -HALF, HALF) + (HALF + 0.5)).astype(np.int64)
        f, candidate, o = np.split(places, 3, axis=1)
        f, candidate, o = SIGMOID[f] / 32768, TANH[candidate] / 32768, SIGMOID[o]
        before = self.cell[group]
        after = np.rint(((before - candidate) * f + candidate) * 2.0**24) * 2.0**-24
        self.cell[group] = after
        self.output[group] = np.rint(o * after).astype(np.int64)
        self.trace[group].append(
            {"x": x, "symbols": symbols, "f": f, "candidate": candidate, "o": o / 32768,
             "before": before, "after": after}
        )  # fmt: skip
        return self.output[group]

    def _train(self, trace) -> None:
        cells = self.s.cells
        d_cell = np.zeros_like(trace[0]["f"])
        d_state = np.zeros_like(d_cell)
        weights = near(self.recurrent)[:cells]
        slopes = []
        for step in reversed(trace):
            f, candidate, o = step["f"], step["candidate"], step["o"]
            d_output = step["gradient"] + d_state
            d_cell = d_cell + d_output * o
            rest = 1.0 - f
            d_pre = np.concatenate(
                (
                    d_cell * ((step["before"] - candidate) * f * rest),
                    d_cell * ((1.0 - candidate * candidate) * rest),
                    d_output * (step["after"] * o * (1.0 - o)),
                ),
                axis=1,
            )
            slope = np.rint(np.clip(d_pre * 2.0**20, -(2**22), 2**22)).astype(np.int64)
            slopes.insert(0, slope)
            d_state = self.product(slope, weights.T) * 2.0**-38
            d_cell = d_cell * f
        x = np.concatenate([step["x"] for step in trace])
        symbols = np.concatenate([step["symbols"] for step in trace])
        every = np.concatenate(slopes)
        s = self.s
        rate = (s.last + (s.first - s.last) * s.half // (s.half + self.updates)) / 1048576
        self.updates += 1
        gradient = self.product(x.T, every) * 2.0**-35
        self._change(self.recurrent, self.recurrent_moment, gradient, self.updates, rate)
        for symbol in np.unique(symbols):
            self.embedding_count[symbol] += 1
            gradient = every[symbols == symbol].sum(axis=0) * 2.0**-20
            count = self.embedding_count[symbol]
            weights, moment = self.embedding[symbol], self.embedding_moment[symbol]
            self._change(weights, moment, gradient, count, rate)

    def _change(self, weights, moment, gradient, count: int, rate: float) -> None:
        share = 1.0 / clamp(count, 1, self.s.memory)
        moment[:] = np.maximum(moment + (gradient * gradient - moment) * share, FLOOR)
        weights += np.clip(gradient / np.sqrt(moment), -4.0, 4.0) * rate
