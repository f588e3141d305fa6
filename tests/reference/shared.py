"""What all lanes read and only commits write: slots, counted entries, weights.

FORMAT.md, "Slots", "Counted entries" and "Mixer". A commit returns the keys of what it wrote.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable
from operator import mul
from typing import NamedTuple

from reference.tables import LOGIT_LIMIT, clamp, lane_scale, next_state, reciprocal

WEIGHT_LIMIT = 1 << 22


class Node(NamedTuple):
    probability: int
    count: int
    state: int

    def learn(self, bit: int, limit: int, events: Counter) -> "Node":
        wanted = self.probability + (
            ((bit << 17) - self.probability) * reciprocal(self.count) >> 16
        )
        events["node probability clamped"] += wanted > 131071
        events["node count saturated"] += self.count >= limit
        return Node(
            min(131071, wanted),
            self.count + 1 if self.count < limit else self.count,
            next_state(self.state, bit),
        )


FRESH = Node(65536, 0, 0)


class Copy:
    """A lane's private copy of a row, and the row it claims."""

    def __init__(self, row: int, tag: int, nodes: list[Node], run: tuple[int, int], hit: bool):
        self.row, self.tag, self.nodes, self.hit = row, tag, list(nodes), hit
        self.run = run  # last symbol, how often in a row

    def learn(self, node: int, bit: int, limit: int, events: Counter) -> None:
        self.nodes[node] = self.nodes[node].learn(bit, limit, events)

    def learn_run(self, symbol: int, events: Counter) -> None:
        last, count = self.run
        events["run saturated"] += count == 255 and symbol == last
        events["run broken"] += count > 0 and symbol != last
        self.run = symbol, min(count + 1, 255) if count > 0 and symbol == last else 1


class Slots:
    """One context's table."""

    def __init__(self, rows: int, nodes: int):
        self.tags = [0] * rows
        self.nodes = [[FRESH] * (nodes + 1) for _ in range(rows)]  # node 0 does not exist
        self.runs = [(0, 0)] * rows
        self.claims: list[Copy] = []

    def look_up(self, h: int) -> Copy:
        """Copy and claim the row of a hash; to be called in the order that claims have."""
        tag = (h >> 40) & 0xFFFF or 1
        r = h & (len(self.tags) - 1)
        other = r ^ 1
        hit = True
        if self.tags[r] == tag:
            row = r
        elif self.tags[other] == tag:
            row = other
        else:
            hit = False
            row = other if self.nodes[other][1].count < self.nodes[r][1].count else r
        nodes = self.nodes[row] if hit else [FRESH] * len(self.nodes[row])
        self.claims.append(Copy(row, tag, nodes, self.runs[row] if hit else (0, 0), hit))
        return self.claims[-1]

    def commit(self, events: Counter) -> list[int]:
        written: list[int] = []
        for claim in self.claims:
            if claim.row in written:
                same = self.tags[claim.row] == claim.tag
                events["claim dropped, same tag" if same else "claim dropped, other tag"] += 1
                continue
            events["row evicted"] += self.tags[claim.row] not in (0, claim.tag)
            self.tags[claim.row], self.nodes[claim.row] = claim.tag, claim.nodes
            self.runs[claim.row] = claim.run
            written.append(claim.row)
        self.claims = []
        return written


class Entry(NamedTuple):
    probability: int
    count: int


class Counted:
    """A table of counted entries; those that nothing has changed are made when they are read."""

    def __init__(self, first: Callable[[Hashable], int], start: int, limit: int):
        self.first, self.start, self.limit = first, start, limit
        self.entries: dict[Hashable, Entry] = {}
        self.touches: dict[Hashable, list[int]] = defaultdict(list)  # the bits
        # What a pretrained mixer says of an entry, if it says something.
        self.taught: Callable[[Hashable, int], Entry | None] = lambda key, first: None

    def read(self, key) -> Entry:
        if key in self.entries:
            return self.entries[key]
        first = self.first(key)
        return self.taught(key, first) or Entry(64 * first, self.start)

    def learn(self, taught) -> None:
        """Take over what a pretrained mixer says, in place of what was learnt of the same."""
        self.taught = taught
        for key in [key for key in self.entries if taught(key, self.first(key))]:
            del self.entries[key]

    def p16(self, key) -> int:
        return self.read(key).probability >> 6

    def touch(self, key, bit: int) -> None:
        self.touches[key].append(bit)

    def commit(self, events: Counter) -> list:
        written = list(self.touches)
        for key, bits in self.touches.items():
            probability, count = self.read(key)
            m, ones = len(bits), sum(bits)
            probability += ((ones << 22) - m * probability) * reciprocal(count + m - 1) >> 16
            events["counted probability at its floor"] += probability < 64
            events["counted probability at its ceiling"] += probability > 4194239
            events["counted count saturated"] += count + m > self.limit
            events["several touches of a counted entry"] += m > 1
            self.entries[key] = Entry(clamp(probability, 64, 4194239), min(count + m, self.limit))
        self.touches.clear()
        return written


class Weights:
    """A weight set of either layer: rows by (value, within)."""

    def __init__(self, layer: str, first: list[int], lane_power: int, eager: tuple = ()):
        self.layer, self.first, self.lane_power, self.eager = layer, first, lane_power, eager
        self.visits: Counter = Counter()
        self.rows: dict[tuple[int, int], list[int]] = {}
        # Of each row what a product takes of it: looked at far more often than it changes.
        self.short: dict[tuple[int, int], list[int]] = {}
        self.taught: Callable[[tuple[int, int]], list[int]] = lambda key: first
        self.notes: dict[tuple[int, int], list] = defaultdict(list)

    def row(self, key) -> list[int]:
        return self.rows[key] if key in self.rows else self.taught(key)

    def learn(self, weights, learnt, span: int) -> None:
        """Take over a pretrained mixer's rows: weights[value · span + within]; those with numbers
        of their own have `learnt`."""
        self.rows.clear()
        self.short.clear()
        used = len(self.first)  # the padding behind is of no use
        self.taught = lambda key: weights[key[0] * span + key[1]][:used].tolist()
        self.visits = Counter({divmod(row, span): 500 for row in learnt.nonzero()[0].tolist()})

    def dot(self, x: list[int], key, events: Counter) -> int:
        if key not in self.short:
            self.short[key] = [w >> 10 for w in self.row(key)]
        total = sum(map(mul, x, self.short[key]))
        logit = total + 512 >> 10
        events[f"{self.layer} logit clamped"] += not -LOGIT_LIMIT <= logit <= LOGIT_LIMIT
        return clamp(logit, -LOGIT_LIMIT, LOGIT_LIMIT)

    def note(self, key, x: list[int], error: int) -> None:
        self.notes[key].append((x, error))

    def commit(self, events: Counter) -> list:
        written = list(self.notes)
        for key, notes in self.notes.items():
            factor = 256
            for eager in self.eager:
                factor += 256 * eager.extra * eager.half // (eager.half + self.visits[key])
            self.visits[key] = min(self.visits[key] + 1, 1023)
            boosted = [(x, error * factor >> 8) for x, error in notes]
            if factor > 256:
                events["eager row"] += 1
                most = (1 << 18) - 1
                events["eager error clamped"] += any(abs(error) > most for _, error in boosted)
                boosted = [(x, clamp(error, -most, most)) for x, error in boosted]
            sums, *others = [
                [v * error + 512 >> 10 if v else 0 for v in x] for x, error in boosted
            ]
            for other in others:
                sums = [a + b for a, b in zip(sums, other, strict=True)]
            scale = lane_scale(len(notes), self.lane_power)
            row = [
                w + (s * scale + 32768 >> 16) if s else w
                for w, s in zip(self.row(key), sums, strict=True)
            ]
            above, below = max(row) > WEIGHT_LIMIT, min(row) < -WEIGHT_LIMIT
            events[f"{self.layer} weight above its limit"] += above
            events[f"{self.layer} weight below its limit"] += below
            events[f"{self.layer} row used by several lanes"] += len(notes) > 1
            if above or below:  # seldom, and clamping takes longer than all the rest
                row = [clamp(w, -WEIGHT_LIMIT, WEIGHT_LIMIT) for w in row]
            self.rows[key] = row
            self.short[key] = [w >> 10 for w in row]
        self.notes.clear()
        return written
