"""The reference's state laid out as the kernels' arrays (cmixpy/model/state.py)."""

import numpy as np
from reference.coder import M32, Encoder
from reference.mixer import entry_number, taught_entry

from cmixpy.model import fields

# Larger arrays are compared as a whole every so many steps, and what a step wrote after each.
SMALL, EVERY = 1 << 19, 16
LANE_FIELDS = {
    fields.LOW: "low", fields.HIGH: "high", fields.WORD: "word", fields.WORD_1: "word1",
    fields.WORD_2: "word2", fields.WORD_3: "word3", fields.POSITION: "position",
    fields.START: "start", fields.LENGTH: "length", fields.LINE: "line",
    fields.LINE_BEFORE: "line_before", fields.LINE_FIRST: "line_first",
    fields.CLASSES: "classes", fields.WORD_LENGTH: "letters", fields.OPENED: "opened",
    fields.OPENED_BEFORE: "opened_before", fields.PACKED: "packed",
    fields.REVERSED: "reversed", fields.ORDER_HITS: "hits", fields.TAG: "tag",
    fields.TAG_1: "tag1", fields.TAG_2: "tag2", fields.NAME: "name", fields.NAME_STATE: "state",
    fields.QUOTED: "quoted", fields.IN_QUOTES: "in_quotes", fields.KEY: "key",
    fields.ZEROS: "zeros",
}  # fmt: skip
READER_FIELDS = {
    fields.WORD_4: "word4", fields.HERE: "here", fields.GAP: "gap",
    fields.GAP_LENGTH: "gap_length", fields.RUNS: "runs", fields.SHAPE: "shape",
    fields.FOLDED_LOW: "folded", fields.FOLDED_HIGH: "folded_high", fields.MARKS: "marks",
    fields.LINE_WORD: "line_word", fields.INDENT: "indent", fields.INDENTED: "indented",
    fields.ALIGNED_SAME: "aligned_same", fields.KEYED_SAME: "keyed_same",
    fields.TEXT_COLUMN: "column", fields.CODE_STATE: "code", fields.RUN_SYMBOL: "run_symbol",
    fields.AGREEING: "agreeing",
}  # fmt: skip
PARSER_FIELDS = {
    fields.NEXT: "next", fields.LEFT: "left", fields.WITHIN: "within", fields.OPERAND: "operand",
    fields.FIELD: "field", fields.LAST_DISPLACEMENT: "last_displacement",
    fields.LAST_TARGET: "last_target",
}  # fmt: skip
MATCH_FIELDS = {
    fields.MATCH_POINTER: "pointer", fields.MATCH_LENGTH: "length",
    fields.MATCH_MISSES: "misses", fields.MATCH_SYMBOL: "symbol",
    fields.MATCH_FLOOR: "floor", fields.MATCH_SLOT: "slot",
}  # fmt: skip


def pack_node(node) -> int:
    return node.probability << 15 | node.count << 8 | node.state


def pack_entry(entry) -> int:
    return entry.probability << 10 | entry.count


def bases(sizes) -> list[int]:
    """Where each of several tables begins, one behind the other."""
    return np.cumsum([0, *sizes]).tolist()


class KernelState:
    """What the kernels' arrays must hold; `follow` it after each step, then `check` it."""

    def __init__(self, model, segment):
        self.model, self.segment = model, segment
        d, width = model.description, model.width
        self.spans = {
            name: [1 << width if s.partial else width for s in selectors]
            for name, selectors in (("sets", d.sets), ("finals", d.finals))
        }
        self.base = {
            "slots": bases(len(table.tags) for table in model.slots),
            "sets": bases(
                s.values * span for s, span in zip(d.sets, self.spans["sets"], strict=True)
            ),
            "finals": bases(
                s.values * span for s, span in zip(d.finals, self.spans["finals"], strict=True)
            ),
            "histories": bases(256 for _ in d.contexts),
        }
        self.base["lengths"] = [self.base["histories"][-1] + 2048 * m for m in range(5)]
        end = self.base["lengths"][len(d.matches)]
        self.base["stages"] = [end + b for b in bases(33 * s.rows(width) for s in d.stages)]
        self.base["experts"] = [self.base["stages"][-1]]
        self.base["frames"] = [self.base["stages"][-1] + 2048 * len(model.experts)]
        # Bases have no maps, others no experts.
        self.base["maps"] = [self.base["stages"][-1] + b for b in bases(1024 for _ in model.maps)]
        self.arrays = {
            name: np.zeros_like(getattr(segment.shared, name))
            for name in ("slots", "probability", "weights", "final_weights", "match_table",
                          "followers", "expert_head", "expert_before", "gates")
        }  # fmt: skip
        self._fill(segment.shared)
        self.first, self.taught = self.arrays["probability"].copy(), False

    def _fill(self, shared) -> None:
        """The state before the first step."""
        model, d = self.model, self.model.description
        # Of an empty row only the tag and the count of node 1 can be read.
        self.arrays["slots"][:] = shared.slots
        assert not self.arrays["slots"][:, 0].any()
        assert not (self.arrays["slots"][:, 1] & 0x7F00).any()
        for table, base in zip(model.histories, self.base["histories"], strict=False):
            # Behind the 209 histories the kernels have spare entries, which stay as they are.
            self.arrays["probability"][base : base + 256] = shared.probability[base : base + 256]
            for state in range(209):
                self.arrays["probability"][base + state] = pack_entry(table.read(state))
        for m, table in enumerate(model.lengths):
            for key in np.ndindex(16, 8, 8, 2):
                self.arrays["probability"][self._place("lengths", m, key)[1]] = pack_entry(
                    table.read(key)
                )
        for gates in model.gates:
            self.arrays["gates"][:] = gates.weights
        for i, (table, stage) in enumerate(zip(model.stages, d.stages, strict=True)):
            # Keys end with the bucket; no rows differ at first.
            row = [pack_entry(table.read((0, j))) for j in range(33)]
            at = slice(self.base["stages"][i], self.base["stages"][i + 1])
            self.arrays["probability"][at] = np.tile(row, stage.rows(model.width))
        for table in model.experts:
            at = self.base["experts"][0]
            self.arrays["probability"][at : at + 2048] = pack_entry(table.read(0))
        for table in model.frames:
            for key in range(7168):
                at = self.base["frames"][0] + key
                self.arrays["probability"][at] = pack_entry(table.read(key))
        for table, base in zip(model.maps, self.base["maps"], strict=False):
            for said, counts, run in np.ndindex(32, 8, 4):
                at = base + said * 32 + counts * 4 + run
                self.arrays["probability"][at] = pack_entry(table.read((said, counts, run)))
        self.arrays["weights"][:, : len(model.sets[0].first)] = model.sets[0].first
        for final in model.finals[:1]:
            self.arrays["final_weights"][:, : len(d.sets)] = final.first

    def _place(self, name: str, number: int, key):
        """The array and the index in it of what the reference calls key of table `number`."""
        if name == "match_tables":
            return "match_table", (number, key)
        if name == "followers":
            return "followers", (number, key)
        if name == "gates":
            return "gates", key
        if name in ("heads", "before"):
            return {"heads": "expert_head", "before": "expert_before"}[name], key
        base = self.base[name][number]
        match name:
            case "slots":
                return "slots", base + key
            case "histories" | "experts" | "frames" | "maps" | "lengths" | "stages":
                return "probability", base + entry_number(name, key, self.model.width)
        value, within = key
        array = "weights" if name == "sets" else "final_weights"
        return array, base + value * self.spans[name][number] + within

    def _value(self, name: str, number: int, key):
        if name == "gates":
            return self.model.gates[number].weights[key]
        if name in ("heads", "before"):
            chains = self.model.chains[number]
            return (chains.head if name == "heads" else chains.before)[key]
        table = getattr(self.model, name)[number]
        match name:
            case "match_tables" | "followers":
                return table[key]
            case "slots":
                symbol, count = table.runs[key]
                first = table.tags[key] | symbol << 16 | count << 24
                return [first, *map(pack_node, table.nodes[key][1:])]
            case "sets" | "finals":
                return table.row(key)
        return pack_entry(table.read(key))

    def _learn(self) -> None:
        """What a pretrained mixer says of all that the arrays hold."""
        sets, finals, numbers = self.model.taught
        self.arrays["weights"][:] = np.concatenate([weights for weights, _ in sets])
        if finals:
            rows = np.concatenate([weights for weights, _ in finals])
            self.arrays["final_weights"][:, : rows.shape[1]] = rows
        known = np.flatnonzero(numbers)
        pairs = np.stack((self.first[known] >> 16, numbers[known]))
        pairs, which = np.unique(pairs, axis=1, return_inverse=True)
        entries = [pack_entry(taught_entry(*pair)) for pair in pairs.T.tolist()]
        self.arrays["probability"][known] = np.array(entries)[which.reshape(-1)]

    def follow(self, written: dict) -> None:
        """Take what a step's commits wrote (`Model.step`)."""
        if self.model.taught and not self.taught:
            self._learn()
            self.taught = True
        for (name, number), keys in written.items():
            for key in keys:
                array, index = self._place(name, number, key)
                value = self._value(name, number, key)
                if name == "gates":
                    self.arrays[array][index] = value
                elif name in ("sets", "finals"):
                    self.arrays[array][index, : len(value)] = value
                else:
                    self.arrays[array][index] = value

    def check(self, step: int, written: dict, coders: list) -> None:
        """Assert that the kernels' state is the reference's."""
        history = [0 if s is None else s for s in self.model.history]
        assert self.segment.shared.history.tolist() == history, step
        # The kernels also count in the entries of empty histories, which nobody reads.
        unread = self.base["histories"][:-1]
        self.arrays["probability"][unread] = self.segment.shared.probability[unread]
        for name, expected in self.arrays.items():
            if expected.size <= SMALL or step % EVERY == 0 or step + 1 == self.model.steps:
                found = getattr(self.segment.shared, name)
                if not np.array_equal(found, expected):
                    where = np.argwhere(found != expected)[:5].tolist()
                    raise AssertionError(f"step {step}: {name} differs at {where}")
        private = self.segment.private
        for gates in self.model.gates:
            shared = self.segment.shared
            assert np.array_equal(shared.gate_scalars, gates.scalars), step
            assert shared.node_counts.tolist() == gates.counts, step
            assert np.array_equal(shared.common, gates.common), step
            assert private.gradients.tolist() == self.model.gradients, step
            assert private.outputs.tolist() == self.model.outputs, step
        for (name, number), keys in written.items():
            places = [self._place(name, number, key) for key in keys]
            if places and self.arrays[places[0][0]].size > SMALL:
                array, at = places[0][0], [index for _, index in places]
                if isinstance(at[0], tuple):
                    at = tuple(zip(*at, strict=True))
                found = getattr(self.segment.shared, array)[at]
                assert np.array_equal(found, self.arrays[array][at]), (step, name, keys)
        for lane, coder in zip(self.model.lanes, coders, strict=True):
            self._check_lane(step, lane, coder, self.segment.private.lanes[lane.index].tolist())

    def _check_lane(self, step: int, lane, coder, row: list[int]) -> None:
        found = {name: row[column] for column, name in LANE_FIELDS.items()}
        assert found == {name: getattr(lane, name) for name in found}, (step, lane.index)
        if self.model.follows:
            assert row[fields.FOLLOWERS : fields.FOLLOWERS + 3] == lane.after, (step, lane.index)
        if self.model.reads_text:
            found = {name: row[column] for column, name in READER_FIELDS.items()}
            assert found == {name: getattr(lane.reader, name) for name in found}, step
        found = {name: row[column] for column, name in PARSER_FIELDS.items()}
        found["records"] = row[fields.RECORD : fields.RECORD_4 + 1]
        assert found == vars(lane.parser), (step, lane.index)
        for m, match in enumerate(lane.matches):
            base = fields.MATCH + m * fields.MATCH_FIELDS
            found = {name: row[base + column] for column, name in MATCH_FIELDS.items()}
            found["carry"] = row[fields.RULE_CARRY + m]
            assert found == vars(match), (step, lane.index, m)
        experts = self.segment.private.experts[lane.index]
        assert row[fields.EXPERTS] == len(lane.experts), (step, lane.index)
        for expert, found in zip(lane.experts, experts.tolist(), strict=False):
            wanted = expert.pointer, expert.direction, expert.floor, expert.outcomes, expert.run
            assert found[:5] == list(wanted), (step, lane.index)
        if self.model.frames:
            assert row[fields.FRAMES : fields.FRAMES + 7] == lane.frames, (step, lane.index)
            assert row[fields.FRAME : fields.FRAMED + 1] == [lane.frame, lane.framed], step
        assert row[fields.CODE_RANGE] == coder.range, (step, lane.index)
        if isinstance(coder, Encoder):
            # The kernel keeps 32 bits, and a carry that waits to leave.
            assert row[fields.CODE_LOW] & M32 == coder.low & M32, (step, lane.index)
        else:
            assert row[fields.CODE_VALUE] == coder.code, (step, lane.index)
