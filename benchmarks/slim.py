"""A smaller mixer from a larger one: what a level's mixer is without some of the level's parts.

    python -m benchmarks slim --mixer OUT.xz --level N --preset NAME 'set known by bit' …

Parts are named as `ablate` names them, contexts, sets, finals and stages; run it before they go
from models/*.toml. Rows, columns and entries of what goes are left out and the second layer's
weights raised so that they add up to the same. Nothing is trained, for that takes an hour and more;
whether it would give more was not tried (LOG.md, "Fewer parts at level 6"). Prints the line that
cmixpy/mixers.py needs.
"""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.pretrain import table_line
from cmixpy import mixers, presets
from cmixpy.analysis.variants import part_names, without_lstm, without_stage
from cmixpy.description import Description
from cmixpy.mixers import Rows
from cmixpy.model.maps import MAP_ENTRIES
from cmixpy.model.predictor import INPUTS_PER_CONTEXT, INPUTS_PER_MATCH
from cmixpy.model.sse import SSE_BUCKETS
from cmixpy.model.state import MATCH_ENTRIES


def kept(d: Description, names: list[str]) -> dict[str, list[int]]:
    """Which of the contexts, sets, finals and stages stay; ValueError for a name of none."""
    found, unknown = {}, set(names)
    for kind, called in part_names(d).items():
        found[kind] = [i for i, name in enumerate(called) if name not in names]
        unknown.difference_update(called)
    if unknown:
        raise ValueError(f"there is no {min(unknown)}")
    return found


def without(d: Description, stay: dict[str, list[int]]) -> Description:
    """With these parts only, no mixer, and no LSTM, which a mixer does not depend on."""
    d = replace(
        without_lstm(d), mixer=(), contexts=tuple(d.contexts[i] for i in stay["contexts"]),
        sets=tuple(d.sets[i] for i in stay["sets"]),
        finals=tuple(d.finals[i] for i in stay["finals"]),
    )  # fmt: skip
    for i in reversed(range(len(d.stages))):
        d = d if i in stay["stages"] else without_stage(d, i)
    return d


def _inputs(d: Description, contexts: list[int]) -> list[int]:
    """The numbers of the inputs that stay; bytes have no experts, matches and the constant do."""
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
    shape = d.inputs, d.set_rows, d.final_rows, d.entries
    sets, finals, entries = mixers.parse(mixers.read(d.mixer[0].mixer), *shape)
    columns = _inputs(d, stay["contexts"])
    padding = rest.inputs - len(columns)

    def narrowed(rows: Rows) -> Rows:
        numbers = np.pad(rows.numbers[columns], ((0, padding), (0, 0)))
        return Rows(rows.shift, np.pad(rows.means[columns], (0, padding)), numbers)

    # Of all final rows, not of those that were seen often: what they differ in is small.
    of_sets = np.concatenate([rows.weights()[0] for rows in finals]).mean(axis=0)
    factor = of_sets.sum() / of_sets[stay["sets"]].sum()

    def raised(rows: Rows) -> Rows:
        means, numbers = rows.means[stay["sets"]] * factor, rows.numbers[stay["sets"]] * factor
        return Rows(rows.shift, np.rint(means), np.rint(numbers).clip(-127, 127))

    buckets = [SSE_BUCKETS * stage.rows(d.symbol_bits) for stage in d.stages]
    matches, maps = MATCH_ENTRIES * len(d.matches), MAP_ENTRIES * d.maps
    sizes = [256 * len(d.contexts), matches, *buckets, maps]
    histories, of_matches, *of_stages, of_maps = np.split(entries, np.cumsum(sizes)[:-1])
    of_maps = of_maps.reshape(d.maps, -1)[stay["contexts"]] if d.maps else of_maps
    left = [histories.reshape(-1, 256)[stay["contexts"]].ravel(), of_matches]
    left += [*(of_stages[i] for i in stay["stages"]), of_maps.ravel()]
    return rest, mixers.pack(
        [narrowed(sets[i]).to_bytes() for i in stay["sets"]],
        [raised(finals[i]).to_bytes() for i in stay["finals"]],
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
