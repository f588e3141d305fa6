"""FORMAT.md, "LSTM": the recurrent network in int64; `product` may multiply otherwise."""

import lzma
from pathlib import Path

import numpy as np

import cmixpy
from reference.tables import clamp

STEPS, HALF = 1024, 8192
WEIGHT_LIMIT, SLOPE_LIMIT, BACK_LIMIT, GRADIENT_LIMIT = 1 << 30, 1 << 22, 1 << 36, 1 << 23
ONE = 1 << 120


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


def rounded(x, bits: int):
    """x / 2^bits, halves up."""
    return (x + (1 << bits - 1)) >> bits


def read_network(d) -> list[np.ndarray]:
    """FORMAT.md, "Pretrained networks": W, E, vectors of the nodes, their scalars, the common."""
    m, gates = d.lstm[0], len(d.gates)
    name = f"lstm-{d.pretrained[0].network}.xz"
    data = lzma.decompress(Path(cmixpy.__file__).with_name(name).read_bytes())
    columns, hashed = 3 * m.cells, sum(4096 for bit in (2, 4, 8) if m.told & bit)
    found = []
    for shape in [(m.cells + 8, columns), (513, columns), (hashed, columns),
                  (256, gates + 1, m.cells), (256, gates), (gates, m.cells)]:  # fmt: skip
        count = np.prod(shape)
        numbers = np.frombuffer(data[1 : 1 + count], dtype=np.int8).astype(np.int64)
        found.append(numbers.reshape(shape) * 2 ** data[0])
        data = data[1 + count :]
    assert not data
    return [found[0], np.concatenate(found[1:3]), *found[3:]]


class Lstm:
    """Weights, and for each group its lanes' states, the growing trace and the full one."""

    def __init__(
        self, settings, bits, lanes: list[int], product=np.matmul, network=None, held=0, least=1
    ):
        self.s, self.bits, self.product, self.held = settings, bits, product, held
        self.least = least
        self.columns = 3 * settings.cells
        self.recurrent = self._first(1, settings.cells + bits)
        known = (1 << bits) + (settings.told & 1) * ((1 << bits) + 1)
        self.embedding = np.zeros((settings.features(bits), self.columns), dtype=np.int64)
        self.embedding[:known] = self._first(2, known)
        self.embedding[: 1 << bits, : settings.cells] += (settings.forget << 28) // 1000
        self.embedding[1 << bits :] >>= 2
        self.embedding = self.embedding.clip(-WEIGHT_LIMIT, WEIGHT_LIMIT)
        if network:
            self.recurrent, self.embedding = network[0].copy(), network[1].copy()
        self.means = np.zeros_like(self.recurrent)
        self.row_means = np.zeros_like(self.embedding)
        self.row_counts = [0] * len(self.embedding)
        self.updates = 0
        self.cell = [np.zeros((n, settings.cells), dtype=np.int64) for n in lanes]
        self.output = [np.zeros((n, settings.cells), dtype=np.int64) for n in lanes]
        self.growing: list[list] = [[] for _ in lanes]
        self.full: list[list] = [[] for _ in lanes]
        self.left = [0] * len(lanes)
        self.down: list = [None for _ in lanes]

    def _first(self, seed: int, rows: int) -> np.ndarray:
        values = splitmix(seed, rows * self.columns).reshape(rows, self.columns)
        return values * self.s.spread * 8192 // 1000

    def half_step(self, group: int, features, residuals, gradients) -> np.ndarray:
        """int64[lanes, cells]: the outputs for the next symbol; gradients are of the last ones."""
        trace = self.growing[group]
        if trace:
            gradients = np.asarray(gradients, dtype=np.int64).reshape(-1, self.s.cells)
            trace[-1]["gradient"] = gradients
        if len(trace) == self.s.horizon:
            self._go_back(group, self.left[group])
            self.full[group], self.growing[group] = trace, []
            self.left[group] = len(trace)
            nothing = np.zeros_like(self.cell[group])
            self.down[group] = nothing, nothing
        residuals = np.asarray(residuals, dtype=np.int64).reshape(-1, self.bits)
        outputs = self._forward(group, np.asarray(features, dtype=np.int64), residuals)
        self._go_back(group, min(self.left[group], self.s.stride))
        return outputs

    def _forward(self, group: int, features, residuals) -> np.ndarray:
        x = np.concatenate((self.output[group], residuals), axis=1)
        total = self.product(x, self.recurrent >> 10).astype(np.int64)
        for feature in features.T:
            total = total + (self.embedding[feature] >> 10 << 15)
        places = rounded(total, 23).clip(-HALF, HALF) + HALF
        f, g, o = np.split(places, 3, axis=1)
        f, g, o = SIGMOID[f], TANH[g], SIGMOID[o]
        before = self.cell[group]
        after = rounded((before - (g << 9)) * f, 15) + (g << 9)
        self.cell[group] = after
        self.output[group] = rounded(o * after, 24)
        self.growing[group].append(
            {"x": x, "features": features, "f": f, "g": g, "o": o, "before": before, "after": after}
        )  # fmt: skip
        return self.output[group].clip(None, 32767)

    def _go_back(self, group: int, steps: int) -> None:
        cells, trace = self.s.cells, self.full[group]
        for _ in range(steps):
            self.left[group] -= 1
            step = trace[self.left[group]]
            d_cell, d_output = self.down[group]
            f, g, o = step["f"], step["g"], step["o"]
            d = ((step["gradient"] << 8) + d_output).clip(-BACK_LIMIT, BACK_LIMIT)
            d_cell = (d_cell + (d * o >> 15)).clip(-BACK_LIMIT, BACK_LIMIT)
            of_f = ((step["before"] - (g << 9)) * f >> 15) * (32768 - f) >> 19
            of_g = ((1 << 30) - g * g >> 15) * (32768 - f) >> 10
            of_o = o * (32768 - o) * (step["after"] >> 4) >> 30
            slope = rounded(np.concatenate((d_cell * of_f, d_cell * of_g, d * of_o), axis=1), 26)
            slope = step["slope"] = slope.clip(-SLOPE_LIMIT, SLOPE_LIMIT)
            d_output = self.product(slope, (self.recurrent >> 10)[:cells].T).astype(np.int64) >> 12
            self.down[group] = d_cell * f >> 15, d_output
        if steps and not self.left[group]:
            self._train(trace)

    def _train(self, trace) -> None:
        s = self.s
        x = np.concatenate([step["x"] for step in trace])
        features = np.concatenate([step["features"] for step in trace])
        slopes = np.concatenate([step["slope"] for step in trace])
        done = self.updates - self.held
        rate = s.last + (s.first - s.last) * s.half // (s.half + max(done, 0))
        rate = 0 if done < 0 else rate * min(done + 1, 16) // 16
        self.updates += 1
        gradient = rounded(self.product(x.T, slopes).astype(np.int64), 15)
        self._change(self.recurrent, self.means, gradient, self.updates, rate)
        for row in np.unique(features):
            self.row_counts[row] += 1
            gradient = ((features == row).sum(axis=1)[:, None] * slopes).sum(axis=0)
            weights, means = self.embedding[row], self.row_means[row]
            self._change(weights, means, gradient, self.row_counts[row], rate)

    def _change(self, weights, means, gradient, count: int, rate: int) -> None:
        gradient = gradient.clip(-GRADIENT_LIMIT, GRADIENT_LIMIT)
        size = abs(gradient)
        share = 65536 // clamp(count, 1, self.s.memory)
        means[:] = np.maximum(means + rounded(((size << 16) - means) * share, 16), self.least << 16)
        step = np.minimum((size * rate << 16) // (means >> 8), 4 * rate << 8)
        weights[:] = (weights + np.sign(gradient) * step).clip(-WEIGHT_LIMIT, WEIGHT_LIMIT)


def embedded_rows(model, lane, symbol: int) -> list[int]:
    """Rows of the embedding: the symbol's, and those of what else `told` says."""
    told, found, first = model.description.lstm[0].told, [symbol], 1 << model.width
    if told & 1:
        expected, longest = 1 << model.width, 0
        for match, state in zip(model.description.matches, lane.matches, strict=True):
            if match.backwards == 0 and state.pointer >= 0 and state.length > longest:
                longest, expected = state.length, model.history[state.pointer] or 0
        found.append(first + expected)
        first += (1 << model.width) + 1
    for number, value in (
        (2, lane.word if lane.letters else lane.word1),
        (4, lane.low & 0xFFFF),
        (8, lane.low & 0xFFFFFF),
    ):
        if told & number:
            found.append(first + (value * 0x1E35A7BD >> 20 & 4095))
            first += 4096
    return found
