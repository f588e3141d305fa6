"""Presets and levels: models/*.toml turned into a Plan for a segment.

What is chosen depends on the segment's length, the level and the preset, never on memory,
threads or device, so that the same input gives the same archive everywhere.
"""

import tomllib
from dataclasses import fields, replace
from functools import cache
from pathlib import Path

from cmixpy import mixers
from cmixpy.description import Description
from cmixpy.parts import (
    RULE,
    Context,
    Eager,
    Experts,
    Floor,
    Gate,
    Lstm,
    Match,
    Pretrained,
    PretrainedMixer,
    Rates,
    Selector,
    Stage,
    Start,
    Threshold,
)
from cmixpy.plan import Plan

LEVELS = range(1, 10)
LSTM_FROM = 7  # the first level with the LSTM mixer
MANY_CONTEXTS = 5  # the first level whose contexts are so many that memory counts for small files
HALF_TABLES = 18  # log2 of the rows from which on the strongest levels have one for two symbols
FULL_TABLES = 22  # log2 of the length up to which tables stay one size below the largest
# The number of each preset in the labels of archives: for people, and never given twice.
LABELS = {
    "text": 0, "dna": 1, "binary": 2, "executable": 3, "records": 4, "generator": 5, "bitmap": 6,
    "lines": 7, "log": 8, "genes": 9, "english": 10, "csv": 11,
}  # fmt: skip
PRESETS = tuple(LABELS)
# Names that models/*.toml uses for the numbers in a description.
CONTEXTS = {
    "bytes": 0, "words": 1, "line": 2, "column": 3, "classes": 4, "opened": 5, "expected": 6,
    "bases": 7, "indirect": 8, "record": 9, "instruction": 10, "markup": 11,
    "text": 12, "frame": 13, "zeros": 14,
}  # fmt: skip
SELECTORS = {
    "none": 0, "byte-1": 1, "byte-2": 2, "longest-match": 3, "known": 4, "classes": 5,
    "word-length": 6, "bytes-1-2": 7, "expected": 8, "bases": 9, "opened": 10, "byte-above": 11,
    "two-matches": 12, "column": 13, "above": 14, "record-column": 15, "instruction": 16,
    "opcode": 17, "experts": 18, "two-experts": 19,
    "runs": 20, "element": 21, "line-place": 22, "aligned": 23, "word-1": 24, "follower": 25,
    "agreeing": 26, "text-column": 27, "bytes-3": 28, "word-or-gap": 29, "run-symbol": 30,
    "bytes-2": 31, "expected-hashed": 32, "frame": 33, "cell-column": 34, "cell-bytes": 35,
    "zeros-place": 36, "zeros": 37,
}  # fmt: skip


def name_of(label: int) -> str | None:
    """The preset of a label in an archive; None for one that is not known here."""
    return {number: name for name, number in LABELS.items()}.get(label)


def _models() -> Path:
    """models/ inside the installed package, or beside it in a checkout."""
    inside = Path(__file__).parent / "models"
    return inside if inside.is_dir() else Path(__file__).parents[1] / "models"


def _changed(level: dict, by: dict) -> dict:
    """A level's settings with some changed; its rates one by one."""
    return {**level, **by, "rates": {**level.get("rates", {}), **by.get("rates", {})}}


def _at_levels(entries: list[dict], key: str, changes: list[dict]) -> list[dict]:
    """The entries, with the levels `at` which a change says the same of one under this key."""
    changed = []
    for entry in entries:
        levels = list(entry.get(key, []))
        for other in changes:
            if all(entry.get(name) == value for name, value in other.items() if name != "at"):
                levels += other["at"]
        changed.append({**entry, key: levels} if levels else entry)
    return changed


@cache
def _preset(name: str) -> dict:
    """models/NAME.toml; what it sets takes the place of what the preset sets that it is `like`,
    in a level's rates one by one.

    `more_contexts` come behind the contexts of that preset; `without` says which of its contexts,
    matches, sets, finals and stages are left out `at` some levels, by what they are, and `with`
    which of them run at others than it has them at.
    """
    with open(_models() / f"{name}.toml", "rb") as file:
        model = tomllib.load(file)
    if "like" not in model:
        return model
    like, changed = _preset(model.pop("like")), model.pop("levels", {})
    levels = {level: _changed(old, changed.get(level, {})) for level, old in like["levels"].items()}
    parts = {kind: like[kind] for kind in ("contexts", "matches", "sets", "finals", "stages")}
    for key, change in (("not_at", "without"), ("also_at", "with")):
        changes = model.pop(change, [])
        parts = {kind: _at_levels(part, key, changes) for kind, part in parts.items()}
    parts["contexts"] += model.pop("more_contexts", [])
    return {**like, **parts, **model, "levels": levels}


def lstm_settings(level: int) -> dict:
    """What models/lstm.toml sets at a level, for networks that begin with random weights."""
    shared = _preset("lstm")
    return {**shared["common"], **shared["levels"][str(level)]}


def _settings(level: int, preset: str) -> dict:
    """What a level of a preset sets; from LSTM_FROM on level 6, then models/lstm.toml, then what
    the preset sets under `lstm` for that level."""
    levels = _preset(preset)["levels"]
    if level < LSTM_FROM:
        return levels[str(level)]
    settings = levels[str(LSTM_FROM - 1)]
    if "lstm_from" not in _preset(preset):
        return settings
    own = _preset(preset).get("lstm", {}).get(str(level), {})
    rates = _preset("lstm")["pretrained"] if "pretrained" in own else {}
    return _changed(settings, {**lstm_settings(level), **rates, **own})


def _at_level(entries: list[dict], level: int) -> list[dict]:
    """The entries that run at this level: those without `from` and `to`, or within them.

    `not_at` are levels within that leave one out, `also_at` others that have it.
    """
    chosen = []
    for entry in entries:
        entry = dict(entry)
        levels = range(entry.pop("from", 1), entry.pop("to", 9) + 1)
        left_out, taken_in = entry.pop("not_at", ()), entry.pop("also_at", ())
        if level in taken_in or (level in levels and level not in left_out):
            chosen.append(entry)
    return chosen


# What a record context may be told of its neighbours (FORMAT.md, "Records").
DERIVED = {
    "plane": 1, "above-line": 2, "element-line": 3, "mean": 4, "held-plane": 5, "agreed": 6,
    "carried": 7, "line-changes": 8, "largest": 9,
}  # fmt: skip


# What a text context may pick, by the bits of its parameter (FORMAT.md, "Text").
TEXT = (
    "word-or-gap", "word-1", "word-2", "word-3", "word-4", "gap", "runs", "shape", "folded",
    "folded-high", "marks", "line-word", "indent", "element", "key", "opened", "aligned", "keyed",
    "text-column", "template", "line-before", "line-before-2", "field", "stepped",
    "cell", "cell-column", "cell-1", "cell-2", "cell-above", "cell-bytes",
)  # fmt: skip


def _record(entry: dict) -> dict:
    """A record context as the kernels know it, from its neighbours by name or its pixels.

    `taps`: up to four [rows up, columns right] or [elements back, columns right, 1]; `last`: how
    many of the last bytes; `column`: 1, 2, 3 for the column and a quarter, a sixteenth of it;
    `derived`: a name; `mask`: of the taps. Or `pixels`: [left], and [left, right] of three rows up.
    """
    if "pixels" in entry:
        (a,), *rows = entry.pop("pixels")
        for i, (left, right) in enumerate(rows):
            a |= (left | right << 4) << 5 + 8 * i
        return {"a": a, "b": 1 << 15 | entry.pop("hint", 0)}
    a = 0
    for i, (rows, columns, *element) in enumerate(entry.pop("taps", [])):
        a |= (rows << 6 | sum(element) << 5 | columns + 16) << 8 * i
    b = entry.pop("hint", 0) | ((1 << entry.pop("last", 0)) - 1) << 3 | entry.pop("column", 0) << 7
    b |= DERIVED.get(entry.pop("derived", None), 0) << 9
    return {"a": a, "b": b | entry.pop("mask", 255) << 16 | 255 << 24}


def _context(entry: dict, defaults: dict) -> Context:
    entry = {**defaults, **entry}
    if entry["function"] == "record":
        entry.update(_record(entry))
    if entry["function"] == "text":
        entry["a"] = sum(1 << TEXT.index(name) for name in entry.pop("picks"))
    order = entry.pop("order", None)
    function = entry.pop("function")
    if order is not None:
        bases = function in ("bases", "frame")
        width = 16 if bases else 4
        each = 2 if bases else 8
        entry["a"] = (1 << each * min(order, width)) - 1
        entry["b"] = (1 << each * max(order - width, 0)) - 1
        if entry.get("inverted"):
            entry["inverted"] = order
    zeros = {"a": 0, "b": 0, "known": 0, "local": 0, "inverted": 0}
    return Context(function=CONTEXTS[function], **{**zeros, **entry})


def _match(entry: dict, bits: int) -> Match:
    entry = {"backwards": 0, "bits": bits, **entry}
    factor = entry.pop("rule", None)
    if factor is not None:
        entry.update(minimum=factor, backwards=RULE)
    return Match(**entry)


def _selector(entry: dict, kind=Selector):
    return kind(**{"a": 0, **entry, "function": SELECTORS[entry["function"]]})


def _with_lstm(description: Description, settings: dict) -> Description:
    """With the LSTM mixer; its gated logits by name: "mix", "sets", "matches" (first inputs)."""
    names, first = settings["gates"], description.inputs_per_context * len(description.contexts)
    gates = [Gate(0, 0)] if "mix" in names else []
    if "sets" in names:
        ungated = [SELECTORS[name] for name in settings["ungated"]]
        gated = [i for i, s in enumerate(description.sets) if s.function not in ungated]
        gates += [Gate(1, i) for i in gated[: settings["gated_sets"]]]
    if "matches" in names:
        gates += [Gate(2, first + 2 * i) for i in range(len(description.matches))]
    lstm = Lstm(**{field.name: settings[field.name] for field in fields(Lstm)})
    number = settings.get("pretrained")
    return replace(
        description, lstm=(lstm,), gates=tuple(gates),
        pretrained=(Pretrained(number),) if number else (),
        floor=(Floor(settings["least_mean"]),) if settings["least_mean"] > 1 else (),
    )  # fmt: skip


def uses_lstm(level: int, preset: str, length: int) -> bool:
    """Whether there is enough to learn from; else levels 7 to 9 are level 6 (LSTM_FROM)."""
    least = _preset(preset).get("lstm_from")
    return level >= LSTM_FROM and least is not None and length >= least


@cache
def describe(level: int, preset: str) -> Description:
    """The description that this level of this preset stands for today."""
    if level >= LSTM_FROM and "lstm_from" not in _preset(preset):
        return describe(LSTM_FROM - 1, preset)
    model = _preset(preset)
    settings = _settings(level, preset)
    rates = {**model["rates"], **settings.get("rates", {})}
    description = Description(
        symbol_bits=model["symbol_bits"],
        rates=Rates(**rates),
        contexts=tuple(
            _context(entry, {"bits": settings["table_bits"], **model["context_defaults"]})
            for entry in _at_level(model["contexts"], level)
        ),
        matches=tuple(
            _match(entry, settings["match_bits"]) for entry in _at_level(model["matches"], level)
        ),
        sets=tuple(_selector(entry) for entry in _at_level(model["sets"], level)),
        finals=tuple(_selector(entry) for entry in _at_level(model["finals"], level)),
        stages=tuple(_selector(entry, Stage) for entry in _at_level(model["stages"], level)),
        experts=tuple(Experts(**entry) for entry in _at_level(model.get("experts", []), level)),
    )
    if level >= LSTM_FROM:
        description = _with_lstm(description, settings)
    if "start" in settings:
        description = replace(description, start=(Start(**settings["start"]),))
    if settings.get("eager"):
        description = replace(description, eager=(Eager(**settings["eager"]),))
    if "threshold" in model:
        description = replace(description, threshold=(Threshold(model["threshold"]),))
    number = model.get("mixers", {}).get(str(level))
    # A preset that is being worked on has none until one is made for it.
    if number and mixers.fits(number, description.mixer_shape):
        description = replace(description, mixer=(PretrainedMixer(number),))
    return description


def lanes_for(level: int, preset: str, length: int) -> int:
    """One lane for every `lane_bytes`, at most `most_lanes`: fewer lanes compress better.

    From `two_lanes_from` on there are two at least, for two cores.
    """
    settings = _settings(level, preset)
    lanes = max(1, min(settings["most_lanes"], length // settings["lane_bytes"]))
    if length >= settings.get("two_lanes_from", length + 1):
        lanes = max(2, lanes)
    # Two threads, or any even number of them, share an even number without one waiting.
    return lanes - lanes % 2 if lanes > 2 else lanes


def choose(
    level: int, preset: str, length: int, lanes: int | None = None, hints: tuple[int, ...] = ()
) -> Plan:
    """The plan for a segment of `length` bytes; `hints` are what was found in them (lags.py).

    Raises
    ------
    KeyError
        Unknown level or preset.
    """
    if not uses_lstm(level, preset, length):
        level = min(level, LSTM_FROM - 1)
    short = _preset(preset).get("short", {"symbols": 0})
    if length < short["symbols"]:
        level = short.get(str(level), level)
    settings = _settings(level, preset)
    if lanes is None:
        lanes = lanes_for(level, preset, length)
    lanes = min(lanes, max(length, 1))
    description = describe(level, preset)
    largest = settings["table_bits"]
    # One group: the LSTM's thread has the whole of a trace for its learning, and codes lanes else.
    plan = Plan(description, lanes, 1, largest, hints)
    # A symbol takes up to two slots in a context, but most of them are never seen again: where
    # contexts are many, a row for each symbol is enough (at most 0.04 % more bytes than with two),
    # and up to FULL_TABLES half of the largest tables (enwik8.4M at the default level: 0.4 % more
    # than with all). Memory is slow to come by on some machines, and small files wait for it: from
    # level 6 on, where contexts are most, a row for two symbols is enough for all but the shortest
    # (0.04 to 0.15 % more bytes; LOG.md, "Smaller tables of the strongest levels"). Logs repeat
    # themselves, and do with less (`spare_bits`).
    digits = max(plan.primed * plan.lanes + length - 1, 1).bit_length()
    few = level < MANY_CONTEXTS or description.symbol_bits == 2
    spare = settings.get("spare_bits", 1 if few else 0)
    rows = digits + spare
    if level >= LSTM_FROM - 1 and not few:
        rows = min(rows, max(digits - 1, HALF_TABLES))
    table_bits = max(10, min(rows, largest - 1 + max(0, digits - FULL_TABLES), largest))
    return replace(plan, table_bits=table_bits)


def segment_size(level: int, preset: str) -> int:
    """Default length of a segment in bytes."""
    return _settings(level, preset)["segment"]


def table() -> list[tuple[str, int, str, int, int]]:
    """(preset, level, summary, contexts, bytes of memory for a whole segment) of all levels."""
    rows = []
    for preset in PRESETS:
        for level in LEVELS:
            length = segment_size(level, preset)
            plan = choose(level, preset, length)
            summary = _settings(level, preset)["summary"]
            contexts = len(plan.description.contexts)
            rows.append((preset, level, summary, contexts, plan.memory_bytes(length)))
    return rows
