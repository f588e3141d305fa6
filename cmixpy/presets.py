"""Presets and levels: models/*.toml turned into a Plan for a segment.

What is chosen depends on the segment's length, the level and the preset, never on memory,
threads or device, so that the same input gives the same archive everywhere.
"""

import tomllib
from functools import cache
from pathlib import Path

from cmixpy.description import Context, Description, Experts, Match, Plan, Rates, Selector, Stage

LEVELS = range(1, 7)
FULL_TABLES = 22  # log2 of the length up to which tables stay one size below the largest
PRESETS = ("text", "dna", "binary")
# Names that models/*.toml uses for the numbers in a description.
CONTEXTS = {
    "bytes": 0, "words": 1, "line": 2, "column": 3, "classes": 4, "opened": 5, "expected": 6,
    "bases": 7,
}  # fmt: skip
SELECTORS = {
    "none": 0, "byte-1": 1, "byte-2": 2, "longest-match": 3, "known": 4, "classes": 5,
    "word-length": 6, "bytes-1-2": 7, "expected": 8, "bases": 9, "opened": 10, "byte-above": 11,
    "two-matches": 12, "column": 13,
    "experts": 18, "two-experts": 19,
}  # fmt: skip


def _models() -> Path:
    """models/ inside the installed package, or beside it in a checkout."""
    inside = Path(__file__).parent / "models"
    return inside if inside.is_dir() else Path(__file__).parents[1] / "models"


@cache
def _preset(name: str) -> dict:
    with open(_models() / f"{name}.toml", "rb") as file:
        return tomllib.load(file)


def _at_level(entries: list[dict], level: int) -> list[dict]:
    """The entries that run at this level: those without `from` and `to`, or within them."""
    chosen = []
    for entry in entries:
        entry = dict(entry)
        if entry.pop("from", 1) <= level <= entry.pop("to", 9):
            chosen.append(entry)
    return chosen


def _context(entry: dict, defaults: dict) -> Context:
    entry = {**defaults, **entry}
    order = entry.pop("order", None)
    function = entry.pop("function")
    if order is not None:
        width = 16 if function == "bases" else 4
        each = 2 if function == "bases" else 8
        entry["a"] = (1 << each * min(order, width)) - 1
        entry["b"] = (1 << each * max(order - width, 0)) - 1
        if entry.get("inverted"):
            entry["inverted"] = order
    zeros = {"a": 0, "b": 0, "known": 0, "local": 0, "inverted": 0}
    return Context(function=CONTEXTS[function], **{**zeros, **entry})


def _selector(entry: dict, kind=Selector):
    return kind(**{"a": 0, **entry, "function": SELECTORS[entry["function"]]})


@cache
def describe(level: int, preset: str) -> Description:
    """The description that this level of this preset stands for today."""
    model = _preset(preset)
    settings = model["levels"][str(level)]
    rates = {**model["rates"], **settings.get("rates", {})}
    return Description(
        symbol_bits=model["symbol_bits"],
        rates=Rates(**rates),
        contexts=tuple(
            _context(entry, {"bits": settings["table_bits"], **model["context_defaults"]})
            for entry in _at_level(model["contexts"], level)
        ),
        matches=tuple(
            Match(**{"backwards": 0, "bits": settings["match_bits"], **entry})
            for entry in _at_level(model["matches"], level)
        ),
        sets=tuple(_selector(entry) for entry in _at_level(model["sets"], level)),
        finals=tuple(_selector(entry) for entry in _at_level(model["finals"], level)),
        stages=tuple(_selector(entry, Stage) for entry in _at_level(model["stages"], level)),
        experts=tuple(Experts(**entry) for entry in _at_level(model.get("experts", []), level)),
    )


def lanes_for(level: int, preset: str, length: int) -> int:
    """One lane for every `lane_bytes`, at most `most_lanes`: fewer lanes compress better."""
    settings = _preset(preset)["levels"][str(level)]
    return max(1, min(settings["most_lanes"], length // settings["lane_bytes"]))


def choose(level: int, preset: str, length: int, lanes: int | None = None) -> Plan:
    """The plan for a segment of `length` bytes.

    Raises
    ------
    KeyError
        Unknown level or preset.
    """
    settings = _preset(preset)["levels"][str(level)]
    if lanes is None:
        lanes = lanes_for(level, preset, length)
    # A symbol takes up to two slots in a context, but most of them are never seen again: up to
    # FULL_TABLES half of the largest tables is enough (enwik8.4M at the default level: 0.4 % more
    # bytes than with all, for half the memory, which on some machines is slow to come by).
    digits = max(length - 1, 1).bit_length()
    largest = settings["table_bits"]
    table_bits = max(10, min(digits + 1, largest - 1 + max(0, digits - FULL_TABLES), largest))
    return Plan(describe(level, preset), min(lanes, max(length, 1)), 1, table_bits)


def segment_size(level: int, preset: str) -> int:
    """Default length of a segment in bytes."""
    return _preset(preset)["levels"][str(level)]["segment"]


def table() -> list[tuple[str, int, str, int, int]]:
    """(preset, level, summary, contexts, bytes of memory for a whole segment) of all levels."""
    rows = []
    for preset in PRESETS:
        for level in LEVELS:
            length = segment_size(level, preset)
            plan = choose(level, preset, length)
            summary = _preset(preset)["levels"][str(level)]["summary"]
            contexts = len(plan.description.contexts)
            rows.append((preset, level, summary, contexts, plan.memory_bytes(length)))
    return rows
