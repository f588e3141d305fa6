"""FORMAT.md, "The LSTM's output layer": gates and biases of nodes, in plain Python integers."""

from collections import Counter, defaultdict

from reference.tables import LOGIT_LIMIT, clamp, lane_scale, squash

LIMIT = (1 << 22) - 1


class Gates:
    """Weights by node; `note` gathers what the commit of a half-step needs."""

    def __init__(self, description, n_nodes: int, network=None):
        self.lstm = description.lstm[0]
        self.lane_power = description.rates.lane_power
        self.sources = [(gate.source, gate.index) for gate in description.gates]
        rows = len(self.sources) + 1
        self.weights = [[[0] * self.lstm.cells for _ in range(rows)] for _ in range(n_nodes)]
        self.scalars = [
            [1 << 20 if source == 0 else 0 for source, _ in self.sources] for _ in range(n_nodes)
        ]
        self.counts = [0] * n_nodes
        self.common = [[0] * self.lstm.cells for _ in self.sources]
        if network:
            self.weights, self.scalars, self.common = (part.tolist() for part in network[2:])
        self.lanes: list[tuple[list, list]] = []
        self.notes: dict[int, list] = defaultdict(list)

    def logit(self, node: int, h: list[int], mixed: int, y: list[int], inputs: list[int], events):
        """The gated logits and z; h on the grid 2^-15."""
        x = [(mixed, y, inputs)[source] for source, _ in self.sources]
        x = [v if source == 0 else v[i] for v, (source, i) in zip(x, self.sources, strict=True)]
        x = [
            clamp(v - mixed, -LOGIT_LIMIT, LOGIT_LIMIT) if source == 1 else v
            for v, (source, _) in zip(x, self.sources, strict=True)
        ]
        short = [v >> 3 for v in h]
        dots = [
            sum(a * (w >> 9) for a, w in zip(short, row, strict=True)) for row in self.weights[node]
        ]
        total = dots[-1] << 5
        common = [
            sum(a * (w >> 9) for a, w in zip(short, row, strict=True)) for row in self.common
        ]
        for v, scalar, *both in zip(x, self.scalars[node], dots[:-1], common, strict=True):
            total += v * (scalar + (sum(both) >> 3))
        z = total + (1 << 19) >> 20
        events["gated logit clamped"] += not -LOGIT_LIMIT <= z <= LOGIT_LIMIT
        return x, clamp(z, -LOGIT_LIMIT, LOGIT_LIMIT)

    def note(self, node: int, h, x, z: int, bit: int, gradient: list[int]):
        """Add to the gradient of h; x · error for each gate, and the residual (bit - p), 2^-15."""
        error = (bit << 16) - squash(z)
        slopes = [v * error >> 11 for v in x] + [error >> 3]
        for slope, row in zip(slopes, self.weights[node], strict=True):
            for i, w in enumerate(row):
                gradient[i] += slope * (w >> 9) + 32 >> 6
        self.notes[node].append((h, x, error))
        return [v * error for v in x], error >> 1

    def end(self, h, slopes: list[int], gradient: list[int], events) -> None:
        """After a lane's symbol: sums over its bits of x · error."""
        for row, total in zip(self.common, slopes, strict=True):
            slope = clamp(total >> 11, 1 - (1 << 17), (1 << 17) - 1)
            events["slope of what nodes have in common clamped"] += slope != total >> 11
            for i, w in enumerate(row):
                gradient[i] += slope * (w >> 9) + 32 >> 6
        self.lanes.append((h, slopes))

    def commit(self, events: Counter) -> list[int]:
        m = self.lstm
        written = list(self.notes)
        for node, notes in self.notes.items():
            spread = m.head_first - m.head_last
            rate = m.head_last + spread * m.head_half // (m.head_half + self.counts[node])
            scale = lane_scale(len(notes), self.lane_power)
            events["node used by several lanes"] += len(notes) > 1
            for j, row in enumerate(self.weights[node]):
                total, slopes = [0] * m.cells, 0
                for h, x, error in notes:
                    value = x[j] if j < len(x) else m.bias_input
                    wanted = value * error * rate + (1 << 25) >> 26
                    slope = clamp(wanted, 1 - (1 << 17), (1 << 17) - 1)
                    events["slope of a gate clamped"] += slope != wanted
                    slopes += slope
                    total = [
                        s + (slope * (v >> 3) + 512 >> 10) for s, v in zip(total, h, strict=True)
                    ]
                wanted = [w + (s * scale + 32768 >> 16) for w, s in zip(row, total, strict=True)]
                events["gate weight at its limit"] += max(map(abs, wanted)) > LIMIT
                self.weights[node][j] = [clamp(w, -LIMIT, LIMIT) for w in wanted]
                if j < len(self.sources):
                    change = (slopes << 2) * scale * m.scalar_share + (1 << 23) >> 24
                    scalar = self.scalars[node][j] + change
                    self.scalars[node][j] = clamp(scalar, -LIMIT, LIMIT)
            self.counts[node] += len(notes)
        scale = lane_scale(max(1, len(self.lanes)), self.lane_power)
        for j, row in enumerate(self.common):
            total = [0] * m.cells
            for h, slopes in self.lanes:
                wanted = slopes[j] * m.common_rate + (1 << 25) >> 26
                slope = clamp(wanted, 1 - (1 << 17), (1 << 17) - 1)
                total = [s + (slope * (v >> 3) + 512 >> 10) for s, v in zip(total, h, strict=True)]
            wanted = [w + (s * scale + 32768 >> 16) for w, s in zip(row, total, strict=True)]
            self.common[j] = [clamp(w, -LIMIT, LIMIT) for w in wanted]
        self.notes.clear()
        self.lanes.clear()
        return written
