"""A description with one part left out: what ablation compares with the whole."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from cmixpy import presets
from cmixpy.description import Description
from cmixpy.parts import RULE, Context, Gate, Match, Selector, Stage

FUNCTIONS = {number: name for name, number in presets.CONTEXTS.items()}
SELECTORS = {number: name for name, number in presets.SELECTORS.items()}


def context_name(context: Context) -> str:
    """As models/*.toml says it: `bytes order 3`, `words a=1 b=ff local`, `text shape b=ff`."""
    function = FUNCTIONS[context.function]
    masks = f"a={context.a:x} b={context.b:x}"
    if function in ("bases", "frame", "bytes"):
        mask, width = context.a | context.b << 32, 8 if function == "bytes" else 2
        # All ones from the newest symbol back: a plain order.
        if mask & (mask + 1) == 0:
            masks = f"order {mask.bit_length() // width}"
    elif function == "text":
        picks = [name for i, name in enumerate(presets.TEXT) if context.a >> i & 1]
        masks = " ".join([*picks, *([f"b={context.b:x}"] if context.b else [])])
    return f"{function} {masks}" + (" local" if context.local else "")


def match_name(match: Match) -> str:
    """Its least length, and the direction when it copies inverted repeats; or its rule's factor."""
    if match.backwards == RULE:
        return f"rule times {match.minimum}"
    return f"minimum {match.minimum}" + (" backwards" if match.backwards else "")


def selector_name(part: Selector | Stage) -> str:
    """Its function; `bases` with its bits; whether rows go by the partial symbol or by the bit."""
    name = SELECTORS[part.function] + (f" {part.a}" if part.a else "")
    return f"{name} by bit" if isinstance(part, Selector) and not part.partial else name


def without(parts: tuple, i: int) -> tuple:
    """All but part `i`."""
    return parts[:i] + parts[i + 1 :]


def without_match(matches: tuple[Match, ...], i: int) -> tuple[Match, ...]:
    """All but match model `i`; others that looked up its table share one of their own.

    Backward models cannot fill a table: where only they are left of a table's users, they go too.
    """
    owners: dict[int, int] = {}
    kept: list[Match] = []
    for j, match in enumerate(matches):
        if j == i:
            continue
        if match.backwards != 1:
            owners.setdefault(match.table, len(kept))
        kept.append(match)
    # Owners are found before anybody leaves; leaving shifts the numbers of those behind.
    stays = [match for match in kept if match.table in owners]
    numbers = {table: stays.index(kept[owner]) for table, owner in owners.items()}
    return tuple(replace(match, table=numbers[match.table]) for match in stays)


def with_sets(description: Description, stay: Sequence[int]) -> Description:
    """With the weight sets of these numbers only, and without the gates of the others."""
    numbers = {old: new for new, old in enumerate(stay)}
    gates = [
        replace(gate, index=numbers[gate.index]) if gate.source == 1 else gate
        for gate in description.gates
        if gate.source != 1 or gate.index in numbers
    ]
    if description.gates and not gates:
        gates = [Gate(0, 0)]  # an LSTM has one at least: the mix
    sets = tuple(description.sets[i] for i in stay)
    return replace(description, gates=tuple(gates), sets=sets)


def without_stage(description: Description, i: int) -> Description:
    """All but SSE stage `i`; the mixed probability takes its share."""
    share = description.rates.mix_share + description.stages[i].share
    rates = replace(description.rates, mix_share=share)
    return replace(description, rates=rates, stages=without(description.stages, i))


def without_lstm(description: Description) -> Description:
    """With what is mixed as the mixer alone would mix it."""
    return replace(description, lstm=(), gates=(), pretrained=(), floor=())


def untaught(description: Description) -> Description:
    """Without a pretrained mixer and network: they fit the whole and no part of it, so that what a
    part earns is seen against the whole without them."""
    return replace(description, mixer=(), pretrained=())


def without_all(description: Description, words: str) -> Description:
    """`untaught`, without every context and every weight set whose names contain the words.

    Raises ValueError where nothing is named so, or no context or no set is left.
    """
    contexts = tuple(c for c in description.contexts if words not in context_name(c))
    sets = [i for i, s in enumerate(description.sets) if words not in selector_name(s)]
    if (len(contexts), len(sets)) == (len(description.contexts), len(description.sets)):
        raise ValueError(f"no context or weight set is named like {words!r}")
    return with_sets(replace(untaught(description), contexts=contexts), sets)


WORDS = {"word-or-gap", "word-1", "word-2", "word-3", "word-4", "gap"}
# What a text context is for, by the first of these picks that it has.
OF_PICKS = {
    "templates, steps": {"template", "line-before", "line-before-2", "field", "stepped"},
    "cells": {"cell", "cell-column", "cell-1", "cell-2", "cell-above", "cell-bytes"},
    "shapes, folded text": {"shape", "runs", "folded", "folded-high"},
    "lines, columns, keys": {"aligned", "keyed", "text-column"},
}
OF_FUNCTIONS = {
    "words": "words", "line": "lines, columns, keys", "column": "lines, columns, keys",
    "classes": "classes of bytes", "opened": "open brackets", "markup": "elements, keys",
    "indirect": "followers", "expected": "what matches foretell", "record": "records",
    "instruction": "instructions", "frame": "reading frames", "zeros": "zeros",
}  # fmt: skip


def technique_of(context: Context) -> str:
    """The technique that a context is a part of."""
    function = FUNCTIONS[context.function]
    if function in ("bytes", "bases"):
        return "plain orders" if " order " in context_name(context) else "sparse contexts"
    if function == "text":
        picks = {name for i, name in enumerate(presets.TEXT) if context.a >> i & 1}
        found = (name for name, of in OF_PICKS.items() if picks & of)
        return next(found, "words" if picks <= WORDS else "words and their place")
    return OF_FUNCTIONS[function]


def _without_stages(description: Description) -> Description:
    for _ in description.stages:
        description = without_stage(description, 0)
    return description


def _without_inverted(description: Description) -> Description:
    matches = description.matches
    for i in reversed(range(len(matches))):
        matches = without_match(matches, i) if matches[i].backwards == 1 else matches
    contexts = tuple(replace(c, inverted=0) for c in description.contexts)
    return replace(description, contexts=contexts, matches=matches)


def techniques(description: Description) -> Iterator[tuple[str, Description]]:
    """(technique, the description without it) for each that it has, all of them `untaught`.

    Where all contexts are one technique's the first of them stays.
    """
    d = untaught(description)
    for name in dict.fromkeys(map(technique_of, d.contexts)):
        rest = tuple(c for c in d.contexts if technique_of(c) != name) or d.contexts[:1]
        if rest != d.contexts:
            yield f"contexts: {name}", replace(d, contexts=rest)
    r = d.rates
    constant = replace(r, last=r.first, final_last=r.final_first)
    changes = {
        "match models": replace(d, matches=()),
        "copy experts": replace(d, experts=()),
        "inverted repeats": _without_inverted(d),
        "run inputs": replace(d, rates=replace(r, runs=0)),
        "maps of direct probabilities": replace(d, rates=replace(r, runs=min(r.runs, 1))),
        "learning rates that fall": replace(d, rates=constant),
        "weight sets but the first": with_sets(d, [0]),
        "final sets but the first": replace(d, finals=d.finals[:1]),
        "SSE": _without_stages(d),
        "primer": replace(d, start=()),
        "faster learning at first": replace(d, eager=()),
        "threshold of errors": replace(d, threshold=()),
    }
    for lstm in d.lstm:
        constant_lstm = replace(lstm, last=lstm.first, head_last=lstm.head_first)
        changes |= {
            "LSTM mixer": without_lstm(d),
            "LSTM: all gates but the first": replace(d, gates=d.gates[:1]),
            "LSTM: rates that fall": replace(d, lstm=(constant_lstm,)),
            "LSTM: what else it is told": replace(d, lstm=(replace(lstm, told=0),)),
            "LSTM: gate vectors in common": replace(d, lstm=(replace(lstm, common_rate=0),)),
            "LSTM: floor": replace(d, floor=()),
        }
    yield from ((name, rest) for name, rest in changes.items() if rest != d)


def part_names(description: Description) -> dict[str, list[str]]:
    """What contexts, sets, finals and stages are called, by the field of the description."""
    d = description
    return {
        "contexts": [f"context {context_name(part)}" for part in d.contexts],
        "sets": [f"set {selector_name(part)}" for part in d.sets],
        "finals": [f"final {selector_name(part)}" for part in d.finals],
        "stages": [f"stage {selector_name(part)}, share {part.share}" for part in d.stages],
    }


def leave_one_out(description: Description) -> Iterator[tuple[str, Description]]:
    """(what is left out, the rest) for every part that can be spared, all of them `untaught`."""
    d = untaught(description)
    names = part_names(d)

    def each(kind: str, rest: Callable[[int], Description], least: int = 1):
        found = names[kind]
        return ((name, rest(i)) for i, name in enumerate(found) if len(found) > least)

    yield from each("contexts", lambda i: replace(d, contexts=without(d.contexts, i)))
    for i, match in enumerate(d.matches):
        rest = without_match(d.matches, i)
        also = len(d.matches) - len(rest) - 1
        name = f"match {match_name(match)}" + (f" and {also} on its table" if also else "")
        yield name, replace(d, matches=rest)
    yield from each("sets", lambda i: with_sets(d, [j for j in range(len(d.sets)) if j != i]))
    yield from each("finals", lambda i: replace(d, finals=without(d.finals, i)))
    yield from each("stages", lambda i: without_stage(d, i), least=0)
    if d.experts:
        yield "copy experts", replace(d, experts=())
    if d.lstm:
        yield "LSTM mixer", without_lstm(d)
