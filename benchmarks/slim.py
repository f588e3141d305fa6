"""A smaller mixer from a larger one: what a level's mixer is without some of the level's parts.

    python -m benchmarks slim --mixer OUT.xz --level N --preset NAME 'set known by bit' …

Parts are named as `ablate` names them, contexts, sets, finals and stages; run it before they go
from models/*.toml. Rows, columns and entries of what goes are left out and the second layer's
weights raised so that they add up to the same; nothing is trained, for that takes hours and gave
no more where both were tried (LOG.md, "English at level 5", "Fewer parts at level 6"). Prints the
line that cmixpy/mixers.py needs.
"""

import argparse
import lzma
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.pretrain import table_line
from cmixpy import mixers, presets, shipped
from cmixpy.analysis.variants import context_name, selector_name, without_lstm
from cmixpy.description import Description
from cmixpy.model.predictor import INPUTS_PER_CONTEXT, INPUTS_PER_MATCH

Rows = tuple[int, np.ndarray, np.ndarray]  # shift, int16[columns], int8[columns, rows]


def kept(d: Description, names: list[str]) -> dict[str, list[int]]:
    """Which of the contexts, sets, finals and stages stay; ValueError for a name of none."""
    parts = [("context", d.contexts, context_name), ("set", d.sets, selector_name)]
    parts += [("final", d.finals, selector_name), ("stage", d.stages, selector_name)]
    found, unknown = {}, set(names)
    for kind, entries, name_of in parts:
        called = [f"{kind} {name_of(entry)}" for entry in entries]
        found[kind] = [i for i, name in enumerate(called) if name not in names]
        unknown.difference_update(called)
    if unknown:
        raise ValueError(f"there is no {min(unknown)}")
    return found


def without(d: Description, stay: dict[str, list[int]]) -> Description:
    """With these parts only, no mixer and no LSTM, which tells a mixer nothing; what is mixed takes
    the shares of stages that went."""
    contexts = tuple(d.contexts[i] for i in stay["context"])
    stages = tuple(d.stages[i] for i in stay["stage"])
    lost = sum(stage.share for stage in d.stages) - sum(stage.share for stage in stages)
    return replace(
        without_lstm(d), mixer=(), contexts=contexts, stages=stages,
        sets=tuple(d.sets[i] for i in stay["set"]),
        finals=tuple(d.finals[i] for i in stay["final"]),
        rates=replace(d.rates, mix_share=d.rates.mix_share + lost),
    )  # fmt: skip


def _read(d: Description) -> tuple[list[Rows], list[Rows], np.ndarray]:
    """The rounded numbers of a description's mixer: its sets, its finals, its entries."""
    number = d.mixer[0].mixer
    shape = mixers.MIXERS[number]
    data = shipped.read(f"mixer-{number}.xz", shape.bytes, shape.digest)
    given, at = np.frombuffer(lzma.decompress(data.tobytes()), dtype=np.int8), 0

    def take(count: int) -> np.ndarray:
        nonlocal at
        at += count
        return given[at - count : at]

    def take_set(rows: int, columns: int) -> Rows:
        shift, means = int(take(1)[0]), take(2 * columns).view("<i2")
        return shift, means, take(rows * columns).reshape(columns, rows)

    sets = [take_set(rows, d.inputs) for rows in d.set_rows]
    finals = [take_set(rows, len(d.sets)) for rows in d.final_rows]
    return sets, finals, take(d.entries)


def _packed(rows: Rows) -> bytes:
    shift, means, numbers = rows
    return bytes([shift]) + means.astype("<i2").tobytes() + numbers.astype(np.int8).tobytes()


def _inputs(d: Description, contexts: list[int]) -> list[int]:
    """The numbers of the inputs that stay; the matches', the experts' and the constant all do."""
    found = [INPUTS_PER_CONTEXT * c + i for c in contexts for i in range(INPUTS_PER_CONTEXT)]
    of_contexts = d.inputs_per_context * len(d.contexts)
    if d.inputs_per_context > INPUTS_PER_CONTEXT:
        found += [INPUTS_PER_CONTEXT * len(d.contexts) + c for c in contexts]
    return [*found, *range(of_contexts, of_contexts + INPUTS_PER_MATCH * len(d.matches) + 1)]


def slim(d: Description, names: list[str]) -> tuple[Description, bytes]:
    """What is left of a description, without a mixer, and the file of a mixer for it.

    Raises
    ------
    ValueError
        It has no mixer, or no part of some name.
    """
    if not d.mixer:
        raise ValueError("there is no mixer to make smaller")
    stay = kept(d, names)
    rest = without(d, stay)
    sets, finals, entries = _read(d)
    columns = _inputs(d, stay["context"])
    padding = rest.inputs - len(columns)

    def narrowed(rows: Rows) -> Rows:
        shift, means, numbers = rows
        padded = np.pad(numbers[columns], ((0, padding), (0, 0)))
        return shift, np.pad(means[columns], (0, padding)), padded

    # Of all final rows, not of those that were seen often: what they differ in is small.
    of_sets = d.pretrained_mixer.final_weights.mean(axis=0)
    raised = of_sets.sum() / of_sets[stay["set"]].sum()

    def raised_rows(rows: Rows) -> Rows:
        shift, means, numbers = rows
        means, numbers = means[stay["set"]] * raised, numbers[stay["set"]] * raised
        return shift, np.rint(means), np.rint(numbers).clip(-127, 127)

    buckets = [33 * stage.rows(d.symbol_bits) for stage in d.stages]
    matches, maps = 2048 * len(d.matches), 1024 * d.maps
    sizes = [256 * len(d.contexts), matches, *buckets, maps]
    histories, of_matches, *of_stages, of_maps = np.split(entries, np.cumsum(sizes)[:-1])
    of_maps = of_maps.reshape(d.maps, -1)[stay["context"]] if d.maps else of_maps
    left = [histories.reshape(-1, 256)[stay["context"]].ravel(), of_matches]
    left += [*(of_stages[i] for i in stay["stage"]), of_maps.ravel()]
    return rest, mixers.pack(
        [_packed(narrowed(sets[i])) for i in stay["set"]],
        [_packed(raised_rows(finals[i])) for i in stay["final"]],
        np.concatenate(left),
    )


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="benchmarks slim", description=__doc__.split("\n")[0])
    parser.add_argument("parts", nargs="+", metavar="PART")
    parser.add_argument("--mixer", type=Path, required=True, metavar="OUT.xz")
    parser.add_argument("--level", type=int, required=True, choices=presets.LEVELS)
    parser.add_argument("--preset", required=True, choices=presets.PRESETS)
    chosen = parser.parse_args(arguments)
    try:
        rest, packed = slim(presets.describe(chosen.level, chosen.preset), chosen.parts)
    except ValueError as error:
        parser.error(str(error))
    chosen.mixer.write_bytes(packed)
    print(table_line(rest.mixer_shape, packed))
    return 0


if __name__ == "__main__":
    sys.exit(main())
