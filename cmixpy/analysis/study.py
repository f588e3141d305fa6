"""A file coded step by step under observation."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np

from cmixpy import engine, memory, presets
from cmixpy.analysis import observe, variants
from cmixpy.analysis.letters import letters
from cmixpy.description import Description
from cmixpy.detect import detect
from cmixpy.errors import CmixpyError
from cmixpy.model import fields
from cmixpy.model.experts import EXPERT_INPUTS
from cmixpy.model.head import MIX
from cmixpy.model.predictor import INPUTS_PER_CONTEXT, INPUTS_PER_MATCH
from cmixpy.plan import Plan
from cmixpy.prepare import prepare
from cmixpy.report import SILENT, Report

BINS = 60
TEXT = 16_384
# How often the tables are counted.
CHECKPOINTS = 8
Progress = Callable[[int, int], None]


class Parts(NamedTuple):
    """What the mixer's inputs come from.

    names, kinds : of contexts, match models, copy experts, the constant and the LSTM
    owner : int64[inputs], the part of each input, -1 for padding
    voice : int64[parts], the input that is the part's own logit, -1: none
    """

    names: list[str]
    kinds: list[str]
    owner: np.ndarray
    voice: np.ndarray


def parts_of(description: Description) -> Parts:
    """The parts in the order in which the predictor lays out its inputs."""
    d = description
    names, kinds, voice = [], [], []
    owner = np.full(d.inputs, -1, dtype=np.int64)
    contexts = len(d.contexts)
    for c, context in enumerate(d.contexts):
        names.append(variants.context_name(context))
        kinds.append("context")
        owner[INPUTS_PER_CONTEXT * c : INPUTS_PER_CONTEXT * (c + 1)] = c
        voice.append(INPUTS_PER_CONTEXT * c)
    at = INPUTS_PER_CONTEXT * contexts
    if d.inputs_per_context > INPUTS_PER_CONTEXT:
        owner[at : at + contexts] = np.arange(contexts)
        at += contexts
    others = [(f"match {variants.match_name(m)}", "match", INPUTS_PER_MATCH) for m in d.matches]
    others += [("copy experts", "experts", EXPERT_INPUTS) for _ in d.experts]
    for name, kind, inputs in others:
        owner[at : at + inputs] = len(names)
        names.append(name)
        kinds.append(kind)
        voice.append(at)
        at += inputs
    owner[at] = len(names)
    # The LSTM is not an input: it moves what is mixed of them.
    last = ["constant", *("LSTM mixer" for _ in d.lstm)]
    names, kinds, voice = [*names, *last], [*kinds, *last], [*voice, *(-1 for _ in last)]
    return Parts(names, kinds, owner, np.array(voice, dtype=np.int64))


@dataclass(frozen=True)
class Study:
    """What was found; see `observe.Tally` for the sums.

    code_bytes : of all lanes' codes; None when the model could not shrink the data
    fill : float64[checkpoints, contexts], share of the rows of each table that are in use
    shown : place of the first symbol that is shown one by one
    text, letters : uint8[…], those symbols, and what to show for each (letters.py)
    length : bytes that were read, of file_length; `symbols` is what the transform made of them
    ablation : (what is left out, bytes of code without it), None: it could not be coded
    """

    name: str
    length: int
    file_length: int
    symbols: int
    preset: str
    level: int
    transform: int
    plan: Plan
    parts: Parts
    sets: list[str]
    tally: observe.Tally
    code_bytes: int | None
    codes: list[bytes] | None
    fill: np.ndarray
    shown: int
    text: np.ndarray
    letters: list[str]
    ablation: list[tuple[str, int | None]]

    @cached_property
    def bits(self) -> float:
        """Bits of all symbols, by the probabilities they were coded with."""
        return float(self.tally.cost.sum())


class Subject(NamedTuple):
    """The symbols of a file's first segment, and how they are coded."""

    name: str
    length: int
    preset: str
    level: int
    transform: int
    parameters: bytes
    symbols: np.ndarray
    plan: Plan


def subject(name: str, data: bytes, level: int, preset: str, lanes: int | None) -> Subject:
    """As `cmixpy c` would choose it."""
    raw = np.frombuffer(data, dtype=np.uint8)
    if not len(raw):
        raise CmixpyError(f"{name}: empty, so there is nothing to analyze")
    chosen = detect(raw) if preset == "auto" else preset
    ready = prepare(raw, chosen, preset != "auto", level)
    if not len(ready.symbols):
        raise CmixpyError(f"{name}: the transform leaves no symbols to analyze")
    lanes = None if lanes is None else min(lanes, len(ready.symbols))
    plan = presets.choose(level, ready.preset, len(ready.symbols), lanes, ready.hints)
    return Subject(
        name, len(data), ready.preset, level, ready.transform, ready.parameters, ready.symbols, plan
    )


def table_fill(segment: engine.Segment) -> np.ndarray:
    """Share of the rows of each context's table that hold a tag."""
    tags, plan = segment.shared.slots[:, 0], segment.plan
    ends = plan.context_base + plan.context_mask + 1
    return np.array([
        np.count_nonzero(tags[begin:end] & 0xFFFF) / (end - begin)
        for begin, end in zip(plan.context_base, ends, strict=True)
    ])  # fmt: skip


def follow(
    given: Subject,
    text: int = TEXT,
    shown: int = 0,
    bins: int = BINS,
    progress: Progress | None = None,
) -> Study:
    """Code the symbols on one thread, a step at a time, and watch.

    Parameters
    ----------
    text, shown : how many symbols are kept one by one, and from where on
    bins : of time
    progress : told (symbols done, bytes of code so far) now and then
    """
    d, plan = given.plan.description, given.plan
    segment = engine.encoder(given.symbols, plan, 1)
    parts = parts_of(d)
    n, sets, finals = len(given.symbols), len(d.sets), len(d.finals)
    primed = plan.primed
    shown, steps = min(shown, n), segment.steps - primed
    text, bins, count = min(text, n - shown), min(bins, steps), len(parts.names)
    tally = observe.Tally(
        np.zeros(n), np.zeros(bins), np.zeros(bins), np.zeros(bins), np.zeros(bins),
        np.zeros((bins, count)), np.zeros((bins, count)), np.zeros((bins, count)),
        np.zeros((bins, sets)),
        np.zeros((text, d.symbol_bits), dtype=np.float32),
        np.zeros((text, count), dtype=np.float32),
    )  # fmt: skip
    private, costs, pushes, fill = segment.private, observe.cost_table(), np.zeros(count), []
    mix = next((j for j, gate in enumerate(d.gates) if gate.source == MIX), -1)
    coded = private.lanes[:, fields.CODE_COUNT]
    stops = {-(-steps * (i + 1) // CHECKPOINTS) for i in range(CHECKPOINTS)}
    try:
        segment.run(0, primed, 1)
        for now in range(steps):
            segment.run(primed + now, primed + now + 1, 1)
            observe.observe(
                now * bins // steps, primed, d.symbol_bits, private.lanes, private.active,
                private.symbols, private.inputs, private.rows, private.errors, private.middles,
                private.gated, segment.shared.weights, segment.plan.squash, parts.owner,
                parts.voice, count - 1 if d.lstm else -1, mix, sets, finals, costs, pushes, shown,
                tally,
            )  # fmt: skip
            if now + 1 in stops:
                fill.append(table_fill(segment))
            if progress is not None and now % 256 == 0:
                progress(min(n, now * plan.lanes), int(coded.clip(min=0).sum()))
    finally:
        segment.close(None)
    codes = segment.finish()
    return Study(
        given.name, given.length, given.length, n, given.preset, given.level, given.transform,
        plan, parts, [variants.selector_name(part) for part in d.sets], tally,
        None if codes is None else sum(map(len, codes)), codes, np.array(fill),
        shown, given.symbols[shown : shown + text].copy(),
        letters(given.symbols, d.symbol_bits, given.transform, given.parameters, shown + text)[
            shown:
        ],
        [],
    )  # fmt: skip


def study(
    name: str,
    data: bytes,
    *,
    level: int,
    preset: str = "auto",
    lanes: int | None = None,
    text: int = TEXT,
    shown: int = 0,
    ablated: bool = False,
    threads: int = 1,
    file_length: int | None = None,
    report: Report = SILENT,
) -> Study:
    """Follow the data, and then leave out each part of the model in turn if `ablated`.

    `threads` are for the ablation; `file_length` is of the file that data are the first bytes of.

    Raises
    ------
    CmixpyError
        There is nothing to code, or the memory does not suffice.
    """
    given = subject(name, data, level, preset, lanes)
    if ablated:
        untaught = variants.untaught(given.plan.description)
        given = given._replace(plan=replace(given.plan, description=untaught))
    n, done, size = len(given.symbols), 0, 0
    memory.require(given.plan.memory_bytes(n) + n * 16, None, "analyzing")
    rest = list(variants.leave_one_out(given.plan.description)) if ablated else []
    report.begin(n * (1 + len(rest)))
    if not engine.compiled():
        report.compiling()
    found = follow(given, text, shown, progress=report.advance)
    ablation: list[tuple[str, int | None]] = []
    for part, description in rest:
        done, size = done + n, size + (found.code_bytes or n)
        report.advance(done, size)
        plan = replace(given.plan, description=description)
        codes = engine.encode_segment(given.symbols, plan, threads)
        ablation.append((part, None if codes is None else sum(map(len, codes))))
    return replace(found, ablation=ablation, file_length=file_length or found.file_length)
