"""FORMAT.md, "Lanes, steps, half-steps", "Mixer", "SSE and the final probability"."""

from collections import Counter

from reference.coder import Decoder, Encoder, Known
from reference.commits import commit_chains, commit_followers, commit_matches
from reference.experts import Chains, find_experts, move_experts
from reference.frames import first_probability, mirrored, move_frames
from reference.gates import Gates
from reference.inputs import first_length_probability, first_map_probability, mixer_inputs
from reference.lane import Copying, Lane, second_nibble
from reference.lstm import Lstm, embedded_rows, read_network
from reference.matches import follow_rule, look_for_candidate, recent, take_symbol
from reference.mixer import Taught, learn_mixer
from reference.shared import Counted, Slots, Weights
from reference.tables import LOGIT_LIMIT, clamp, history_probability, run_strength, squash
from reference.words import first_text

EACH_BIT = (3, 8, 12)
HASHED = (28, 29, 31, 32)
RULE = 2


class Model:
    """A segment's model: `history`, `lanes`, and the shared tables in the order of the format.

    Parameters
    ----------
    plan : plan.Plan
    n : symbols of the segment, without the primer
    events : counts what happened
    """

    def __init__(self, plan, n: int, events: Counter):
        d = self.description = plan.description
        self.primer = first_text(d, plan.lanes)
        self.primed = len(self.primer) // plan.lanes
        n += self.primed * plan.lanes
        self.n, self.width, self.count, self.groups = n, d.symbol_bits, plan.lanes, plan.groups
        self.rates = d.rates
        self.events = events
        # None until it has been coded: what a lane must not read yet cannot be mistaken for 0.
        self.history: list[int | None] = [None] * n
        self.starts = [
            i * (n // plan.lanes) + min(i, n % plan.lanes) for i in range(plan.lanes + 1)
        ]
        hints = [*plan.hints, *[0] * (8 - len(plan.hints))]
        selectors = (*d.sets, *d.finals, *d.stages)
        reads_instructions = any(c.function == 10 for c in d.contexts) or any(
            s.function in (16, 17) for s in selectors
        )
        self.lanes = [
            Lane(
                i,
                start,
                self.starts[i + 1] - start,
                self.width,
                [Copying() for _ in d.matches],
                hints,
                reads_instructions=reads_instructions,
                primed=self.primed,
                listed=any(start.primer == 3 for start in d.start),
            )
            for i, start in enumerate(self.starts[:-1])
        ]
        self._build_tables(plan)
        self._build_mixer()

    def _build_tables(self, plan) -> None:
        d, rates = self.description, self.rates
        nodes = 15 if self.width == 8 else 3
        self.slots = [Slots(1 << min(c.bits, plan.table_bits), nodes) for c in d.contexts]
        self.histories = [
            Counted(history_probability, rates.history_start, rates.history_limit)
            for _ in d.contexts
        ]
        self.lengths = [
            Counted(first_length_probability, rates.match_start, rates.match_limit)
            for _ in d.matches
        ]
        self.experts = [Counted(lambda key: 45875, 2, 1023) for _ in d.experts]
        self.frames = [Counted(first_probability, 6, 1023)] * d.reads_frames
        self.chains = [Chains(e.seed, self.n) for e in d.experts]
        self.maps = [
            Counted(first_map_probability, 4, rates.history_limit)
            for _ in d.contexts
            if rates.runs == 2
        ]
        self.stages = [Counted(first_sse_probability, s.start, s.limit) for s in d.stages]
        self.match_tables = {
            m: [0] * (1 << min(match.bits, plan.table_bits + 2))
            for m, match in enumerate(d.matches)
            if match.table == m and match.backwards != RULE
        }
        self.reads_text = any(context.function == 12 for context in d.contexts) or any(
            20 <= s.function <= 30 for s in (*d.sets, *d.finals, *d.stages)
        )
        self.follows = any(context.function == 8 for context in d.contexts)
        self.followers = [[0] * (1 << 18) for _ in range(3)] if self.follows else []

    def _build_mixer(self) -> None:
        d, rates = self.description, self.rates
        self.taught: Taught | None = None  # by a pretrained mixer, once it is there
        first = [rates.initial_indirect, rates.initial_direct, rates.initial_linear]
        first = first * len(d.contexts) + [0] * min(rates.runs, 1) * len(d.contexts)
        first += [rates.initial_match, 0] * len(d.matches)
        for rule in d.experts:
            first += [rule.initial, 0, 0, 0, 0]
        first += [0]
        first = [(i << 20) // 1000 for i in first]
        finals = [(1 << 20) // len(d.sets)] * len(d.sets)
        self.sets = [Weights("set", first, rates.lane_power, d.eager) for _ in d.sets]
        self.finals = [Weights("final", finals, rates.lane_power, d.eager) for _ in d.finals]
        network = read_network(d) if d.pretrained else None
        self.gates = [Gates(d, 1 << self.width, network) for _ in d.lstm]
        if d.lstm:
            half = -(-self.count // self.groups)
            sizes = [half, self.count - half][: self.groups]
            held = self.groups * (self.primed // d.lstm[0].horizon) if d.pretrained else 0
            self.lstm = Lstm(
                d.lstm[0], self.width, sizes, network=network, held=held,
                least=d.floor[0].mean if d.floor else 1,
            )  # fmt: skip
            cells = d.lstm[0].cells
            self.outputs = [[0] * cells for _ in self.lanes]
            self.gradients = [[0] * cells for _ in self.lanes]
            self.residuals = [[0] * self.width for _ in self.lanes]
            self.features = [[0] * (1 + d.lstm[0].told.bit_count()) for _ in self.lanes]

    def decoded(self) -> list:
        """The segment's symbols: of every lane what stands behind its part of the primer."""
        symbols = []
        for lane in self.lanes:
            symbols += self.history[lane.start + self.primed : lane.start + lane.length]
        return symbols

    @property
    def steps(self) -> int:
        return -(-self.n // self.count)

    def base_of(self, index: int) -> int:
        """First index of the lane that holds an index."""
        return max(start for start in self.starts[:-1] if start <= index)

    def step(self, t: int, coders: list, symbols=None) -> dict:
        """Code one symbol of every lane; `symbols` are those to encode, else they are decoded.

        Returns what the commits wrote: {(table, number): keys}.
        """
        if t == self.primed and self.description.mixer:
            self.taught = learn_mixer(self)
        half = -(-self.count // self.groups)
        written: dict[tuple[str, int], list] = {}
        for group in range(self.groups):
            lanes = self.lanes[:half] if group == 0 else self.lanes[half:]
            active = [lane for lane in lanes if t < lane.length]
            coded = []
            keys = {lane.index: lane.packed for lane in active}
            for lane in active:
                primed = self.primed
                if t < primed:
                    symbol = self.primer[lane.index * primed + t]
                    coded.append(self._code_symbol(lane, t, Known(), symbol))
                    continue
                place = lane.start + t - primed * (lane.index + 1)
                wanted = None if symbols is None else int(symbols[place])
                coded.append(self._code_symbol(lane, t, coders[lane.index], wanted))
            for lane, (symbol, _) in zip(active, coded, strict=True):
                self.history[lane.start + t] = symbol
            self._commit(written)
            commit_chains(self, active, keys, t, written)
            commit_matches(self, active, [indices for _, indices in coded], t, written)
            commit_followers(self, active, written)
            if self.gates:
                self._run_lstm(group, lanes, active)
        return written

    def _run_lstm(self, group: int, lanes, active) -> None:
        """The LSTM's half-step; lanes that have ended no longer matter."""
        mine = slice(lanes[0].index, lanes[-1].index + 1) if lanes else slice(0)
        for lane in lanes:
            symbol = self.history[lane.start + lane.position - 1]
            if symbol is not None and lane in active:
                self.features[lane.index] = embedded_rows(self, lane, symbol)
        self.outputs[mine] = self.lstm.half_step(
            group, self.features[mine], self.residuals[mine], self.gradients[mine]
        ).tolist()

    def _commit(self, written: dict) -> None:
        for name in (
            "slots", "histories", "lengths", "experts", "stages", "maps", "frames", "sets",
            "finals", "gates",
        ):  # fmt: skip
            for number, table in enumerate(getattr(self, name)):
                written.setdefault((name, number), []).extend(table.commit(self.events))

    def _code_symbol(self, lane: Lane, t: int, coder, wanted) -> tuple[int, dict[int, int]]:
        """The part of a lane in a half-step: the symbol, and its index in each match table."""
        d, width = self.description, self.width
        for match, state in zip(d.matches, lane.matches, strict=True):
            if match.backwards == RULE:
                follow_rule(lane, match.minimum, state, self.history, self.events)
                continue
            table = self.match_tables[match.table]
            look_for_candidate(lane, match, state, table, self.history, self.base_of, self.events)
        if self.follows:
            lane.after = [
                table[place] for table, place in zip(self.followers, lane.place, strict=True)
            ]
        for rule, entries, chains in zip(d.experts, self.experts, self.chains, strict=True):
            find_experts(lane, rule, chains, self.history, entries, self.base_of, self.events)
        hashes = [
            lane.context_hash(c, context, lane.context_words(context, self.history))
            for c, context in enumerate(d.contexts)
        ]
        partial = 1
        runs: list = []  # the copies of the first nibble
        for nibble in range(2 if width == 8 else 1):
            if nibble == 1:
                lane.partial = partial
                hashes = [
                    lane.context_hash(c, context, lane.context_words(context, self.history))
                    if context.function == 9 and context.b >> 15 & 1
                    else second_nibble(h, partial)
                    for (c, context), h in zip(enumerate(d.contexts), hashes, strict=True)
                ]
            partial = self._code_nibble(lane, t, coder, wanted, hashes, partial, nibble, runs)
        symbol = partial - (1 << width)
        if d.rates.runs:
            for copy in runs:
                copy.learn_run(symbol, self.events)
        lane.followed = [
            (place, (after << 8 & 0xFFFFFF) | symbol)
            for place, after in zip(lane.place, lane.after, strict=True)
        ]

        for match, state in zip(d.matches, lane.matches, strict=True):
            take_symbol(match, state, symbol, self.n, self.events)
        for rule, entries in zip(d.experts, self.experts, strict=True):
            move_experts(lane, rule, symbol, self.n, entries, self.events)
        for entries in self.frames:
            move_frames(lane, symbol, entries, self.events)
        indices = {
            m: recent(lane, d.matches[m].minimum, self.history) & (len(table) - 1)
            for m, table in self.match_tables.items()
        }
        lane.take(symbol, self.history)
        return symbol, indices

    def _code_nibble(self, lane, t, coder, wanted, hashes, partial, nibble, runs) -> int:
        d, events = self.description, self.events
        copies = []
        for slots, h in zip(self.slots, hashes, strict=True):
            copies.append(slots.look_up(h))
            events[f"miss in nibble {nibble}"] += not copies[-1].hit
            events[f"hit in nibble {nibble}"] += copies[-1].hit
        if nibble == 0:
            runs += copies
            if d.rates.runs:
                lane.reader.note_runs([(c.run[0], run_strength(c.run[1])) for c in copies])
        lane.hits = sum(
            copy.hit for copy, context in zip(copies, d.contexts, strict=True) if context.known
        )
        if self.width == 2:
            self._learn_inverted(lane)
        sets, finals, stages = (
            [lane.select(selector, self.history) for selector in selectors]
            for selectors in (d.sets, d.finals, d.stages)
        )
        node = 1
        bits = 4 if self.width == 8 else 2
        for k in range(bits * nibble, bits * nibble + bits):
            inputs, touched = mixer_inputs(self, lane, copies, runs, node, partial, k)
            for values, selectors in ((sets, d.sets), (finals, d.finals)):
                for i, selector in enumerate(selectors):
                    if selector.function in EACH_BIT:
                        values[i] = lane.select(selector, self.history)

            def keys(values, selectors, partial=partial, k=k):
                return [
                    (value, partial if selector.partial else k)
                    for value, selector in zip(values, selectors, strict=True)
                ]

            set_keys, final_keys = keys(sets, d.sets), keys(finals, d.finals)
            y = [s.dot(inputs, key, events) for s, key in zip(self.sets, set_keys, strict=True)]
            z = [f.dot(y, key, events) for f, key in zip(self.finals, final_keys, strict=True)]
            mixed = sum(z or y) // len(z or y)
            for gates in self.gates:
                outputs = self.outputs[lane.index]
                gated, mixed = gates.logit(partial, outputs, mixed, y, inputs, events)
            final, more = self._refine(mixed, stages, partial)

            bit = coder.bit(final, None if wanted is None else wanted >> (self.width - 1 - k) & 1)

            for table, key in touched + more:
                table.touch(key, bit)
            for gates in self.gates:
                gradient = self.gradients[lane.index]
                if k == 0:
                    gradient[:] = [0] * len(gradient)
                    self.slopes = [0] * len(gated)
                more, residual = gates.note(partial, outputs, gated, mixed, bit, gradient)
                self.residuals[lane.index][k] = residual
                self.slopes = [a + b for a, b in zip(self.slopes, more, strict=True)]
                if k + 1 == self.width:
                    gates.end(outputs, self.slopes, gradient, events)
            self._note_errors(t, bit, inputs, y, z, set_keys, final_keys)
            for copy, context in zip(copies, d.contexts, strict=True):
                copy.learn(node, bit, context.limit, events)
            node = 2 * node + bit
            partial = 2 * partial + bit
        return partial

    def _learn_inverted(self, lane: Lane) -> None:
        for c, context in enumerate(self.description.contexts):
            o = context.inverted
            if o > 0 and lane.position > o:
                strand = lane.reversed >> 2 * (31 - o)
                words = strand & context.a, (strand >> 32) & context.b
                if context.function == 13:
                    words = words[0], lane.frame_word(words[1], mirrored(lane.framed, o))
                base = lane.reversed >> 2 * (30 - o) & 3
                copy = self.slots[c].look_up(lane.context_hash(c, context, words))
                copy.learn(1, base >> 1, context.limit, self.events)
                copy.learn(2 + (base >> 1), base & 1, context.limit, self.events)
                self.events["inverted repeat learnt"] += 1

    def _refine(self, mixed: int, values: list[int], partial: int) -> tuple[int, list]:
        """The final probability, and the SSE entries that were touched."""
        j, weight = divmod(mixed + 3072, 192)
        near = j + 2 * weight // 192
        total = self.rates.mix_share * squash(mixed)
        touched = []
        for stage, table, value in zip(self.description.stages, self.stages, values, strict=True):
            row = value, partial
            if stage.function in HASHED:
                row = (value + partial * 0x1E35A7BD & 0xFFFF,)
            left, right = table.p16((*row, j)), table.p16((*row, j + 1))
            total += stage.share * ((left * (192 - weight) + right * weight) // 192)
            touched.append((table, (*row, near)))
        final = total >> 4
        self.events["final probability clamped"] += not 1 <= final <= 65535
        self.events["final probability at most 16"] += final <= 16
        self.events["final probability at least 65520"] += final >= 65520
        return clamp(final, 1, 65535), touched

    def _note_errors(self, t, bit, inputs, y, z, set_keys, final_keys) -> None:
        r = self.rates
        done = r.half + t * self.count
        rate = r.last + (r.first - r.last) * r.half // done
        final_rate = r.final_last + (r.final_first - r.final_last) * r.half // done
        for weights, key, logit in zip(self.sets, set_keys, y, strict=True):
            weights.note(key, inputs, self._error(bit, logit) * rate >> 14)
        for weights, key, logit in zip(self.finals, final_keys, z, strict=True):
            weights.note(key, y, self._error(bit, logit) * final_rate >> 14)

    def _error(self, bit: int, logit: int) -> int:
        """What a network learns from; nothing up to the threshold."""
        error = (bit << 16) - squash(logit)
        for threshold in self.description.threshold:
            if abs(error) <= threshold.error:
                self.events["error within the threshold"] += 1
                return 0
        return error


def first_sse_probability(key) -> int:
    j = key[-1]
    return clamp(squash(clamp(192 * j - 1, 0, 2 * LOGIT_LIMIT) - LOGIT_LIMIT), 16, 65519)


def encode(symbols, plan, events: Counter | None = None) -> list[bytes]:
    """The lanes' codes."""
    events = Counter() if events is None else events
    model = Model(plan, len(symbols), events)
    coders = [Encoder(events) for _ in model.lanes]
    for t in range(model.steps):
        model.step(t, coders, symbols)
    return [coder.finish() for coder in coders]


def decode(codes: list[bytes], n: int, plan, events: Counter | None = None) -> list[int]:
    """The symbols."""
    model = Model(plan, n, Counter() if events is None else events)
    coders = [Decoder(code) for code in codes]
    for t in range(model.steps):
        model.step(t, coders)
    return model.decoded()
