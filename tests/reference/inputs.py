"""FORMAT.md, "Inputs"."""

from collections import Counter

from reference.tables import run_strength, squash, stretch


def mixer_inputs(model, lane, copies, runs, node, partial, k) -> tuple[list[int], list]:
    """The mixer's inputs, and the counted entries that were touched on the way."""
    inputs, touched = [], []
    for c, (copy, histories) in enumerate(zip(copies, model.histories, strict=True)):
        probability, count, state = copy.nodes[node]
        mapped = None
        if model.maps:
            key = map_key(copy.nodes[node], run_says(runs[c], partial, k))
            touched.append((model.maps[c], key))
            mapped = stretch(model.maps[c].p16(key) >> 4)
        if state == 0:
            inputs += [0, 0, 0]
            continue
        p = histories.p16(state)
        touched.append((histories, state))
        confidence = 512 * count // (2 * count + model.rates.confidence)
        inputs.append(stretch(p >> 4))
        inputs.append(stretch((probability >> 1) >> 4) * confidence >> 8)
        inputs.append((p - 32768) >> 4 if mapped is None else mapped)
    if model.rates.runs:
        inputs += [run_input(copy, partial, k, model.events) for copy in runs]
    for state, lengths in zip(lane.matches, model.lengths, strict=True):
        x = state.symbol | 1 << model.width
        if state.slot > 0 and x >> (model.width - k) == partial:
            expected = x >> (model.width - 1 - k) & 1
            key = state.slot, state.misses & 7, k, expected
            touched.append((lengths, key))
            inputs += [stretch(lengths.p16(key) >> 4), (lengths.p16(key) - 32768) >> 4]
        else:
            model.events["match refuted within a symbol"] += state.slot > 0
            state.slot = 0
            inputs += [0, 0]
    for _ in model.experts:
        inputs += lane.voting.inputs(partial, k)
    return [*inputs, 256], touched


def run_says(copy, partial: int, k: int) -> int:
    """0: nothing, 1 or 2: the bit is 0 or 1, 3: it was wrong."""
    symbol, count = copy.run
    if count == 0:
        return 0
    return 1 + (symbol >> (7 - k) & 1) if (symbol | 256) >> (8 - k) == partial else 3


def run_input(copy, partial: int, k: int, events: Counter) -> int:
    symbol, count = copy.run
    if (symbol | 256) >> (8 - k) != partial:
        events["run refuted within a symbol"] += count > 0
        return 0
    return run_strength(count) if symbol >> (7 - k) & 1 else -run_strength(count)


def map_key(node, run: int) -> tuple[int, int, int]:
    said = (stretch((node.probability >> 1) >> 4) + 2304) // 144
    counts = sum(node.count >= least for least in (1, 2, 3, 4, 7, 15, 60))
    return said, counts, run


def first_map_probability(key) -> int:
    return squash(144 * key[0] - 2232)


def first_length_probability(key) -> int:
    slot, _, _, expected = key
    q = 65536 // (slot + 3)
    return 65536 - q if expected else q
