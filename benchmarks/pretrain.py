"""Trains the network or the mixer of a level and preset on some data, as a file of the package.

    python -m benchmarks pretrain [--network OUT.xz] [--mixer OUT.xz] --level N --preset NAME
                                  [--on] FILE …

Every file is coded as `cmixpy c` would in one lane, the contexts beginning anew with each; what
is trained goes on from file to file; a network alone is trained beside the mixer that the level
has, a mixer alone beside its network. The first files are seen at high rates, so kinds of data
should alternate, in pieces of a few hundred kilobytes. Prints the lines that cmixpy/pretrained.py
and cmixpy/mixers.py need. What archives may need never changes: give a better one a new number.
"""

import argparse
import sys
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import xxhash

from cmixpy import engine, mixers, presets, pretrained
from cmixpy.analysis.study import subject
from cmixpy.model.counted import COUNT_MASK
from cmixpy.model.state import fill_probabilities
from cmixpy.parts import Lstm
from cmixpy.plan import Plan
from cmixpy.pretrained import Network

# What a network has learnt and how often, beside its weights: all that goes on from file to file.
OF_NETWORK = ("recurrent", "embedding", "near", "means", "row_means", "row_counts", "updates")
OF_OUTPUTS = ("gates", "gates_near", "gate_scalars", "common", "common_near", "node_counts")
AVERAGED = ("weights", "final_weights")
# Bits of a weight: of recurrent ones, known rows, hashed rows, gates, scalars, what nodes have in
# common (LOG.md, "Pretrained networks").
BITS = (7, 7, 3, 6, 8, 8)
# Weights of the mixer are kept to 2^MIXER_SHIFT; rows that learnt less often have their set's mean;
# entries that were touched less often are left as they are (LOG.md, "Pretrained mixers").
MIXER_SHIFT, LEAST_VISITS, LEAST_TOUCHES = 15, 50, 30


def untrained(plan: Plan, level: int) -> Plan:
    """A plan whose LSTM begins with random weights, and the rates that those need."""
    settings = presets.lstm_settings(level)
    values = {field.name: settings[field.name] for field in fields(Lstm)}
    lstm = replace(plan.description.lstm[0], **values)
    return replace(plan, description=replace(plan.description, lstm=(lstm,), pretrained=()))


class Training:
    """What goes on from file to file: the network, the mixer, or both."""

    def __init__(self, network: bool, mixer: bool):
        self.network, self.mixer = network, mixer
        self.learnt: dict[str, np.ndarray] = {}

    def _arrays(self, segment) -> dict[str, np.ndarray]:
        found = {}
        if self.network:
            found |= {n: np.asarray(getattr(segment.network.weights, n)) for n in OF_NETWORK}
            found |= {n: getattr(segment.shared, n) for n in OF_OUTPUTS}
        if self.mixer:
            found |= {n: getattr(segment.shared, n) for n in mixers.CHANGED}
        return found

    def take(self, segment) -> None:
        """Remember what a segment has learnt."""
        self.learnt = {name: array.copy() for name, array in self._arrays(segment).items()}

    def give(self, segment) -> None:
        """Let a segment go on from there."""
        for name, array in self._arrays(segment).items():
            array[...] = self.learnt[name]
        if self.network:
            weights = segment.network.weights
            weights.updates, weights.held = int(self.learnt["updates"]), 0


def train(
    paths, level: int, preset: str, on: bool = False, say=print, network=True, mixer=False
) -> tuple[dict, Plan]:
    """What is learnt from the files in turn, and the plan of the last.

    Weights of the mixer are what they are on average at the ends of files, those of the first
    quarter left out: at the end of any one they are that file's own.

    on : a network begins as the level's own does, pretrained, and not with random weights
    """
    training = Training(network, mixer)
    ends: list[dict] = []
    for path in paths:
        data = np.frombuffer(path.read_bytes(), dtype=np.uint8)
        given = subject(path.name, data, level, preset, 1)
        if given.preset != preset:
            say(f"{path.name}: left out, for it is coded with preset {given.preset}")
            continue
        if network and not given.plan.description.lstm:
            say(f"{path.name}: left out, for it is too short for a network")
            continue
        plan = given.plan if on or not network else untrained(given.plan, level)
        if mixer:
            plan = replace(plan, description=replace(plan.description, mixer=()))
        segment = engine.encoder(given.symbols, plan, 1)
        if not training.learnt:
            training.take(segment)
        # A primer is not like a text as a whole: what is learnt of it is forgotten.
        segment.run(0, plan.primed)
        training.give(segment)
        segment.run(plan.primed, segment.steps)
        codes = segment.finish()
        training.take(segment)
        ends.append({n: training.learnt[n] for n in AVERAGED if mixer})
        segment.close(None)
        say(f"{path.name}: {len(data):,} bytes, codes {sum(map(len, codes or [])):,}")
    if not ends:
        raise ValueError(f"of no file can a model of preset {preset} at level {level} learn")
    ends = ends[len(ends) // 4 :]
    averages = {name: np.mean([end[name] for end in ends], axis=0) for name in ends[0]}
    return training.learnt | averages, plan


def network_of(learnt: dict) -> Network:
    """Its weights."""
    names = ("recurrent", "embedding", "gates", "gate_scalars", "common")
    return Network(*(learnt[name] for name in names))


def packed_mixer(learnt: dict, plan: Plan) -> bytes:
    """The file of a mixer."""
    d = plan.description

    def packed(weights, visits, rows) -> list[bytes]:
        ends = np.cumsum(rows)[:-1]
        parts = zip(np.split(weights, ends), np.split(visits, ends), strict=True)
        return [mixers.pack_rows(w, v, MIXER_SHIFT, LEAST_VISITS) for w, v in parts]

    sets = packed(learnt["weights"], learnt["visits"], d.set_rows)
    final_weights = learnt["final_weights"][:, : len(d.sets)]
    finals = packed(final_weights, learnt["final_visits"], d.final_rows)
    first = np.zeros(d.entries, dtype=np.int64)
    fill_probabilities(plan, engine.state.build_plan(plan, 1), first)
    return mixers.pack(sets, finals, differences(learnt["probability"], first))


def differences(entries: np.ndarray, first: np.ndarray) -> np.ndarray:
    """int8[n]: what the logits of entries differ in from what they first were."""
    logits = [engine.state.logistic.stretch_table()[e >> 20].astype(int) for e in (entries, first)]
    numbers = np.rint((logits[0] - logits[1]) / mixers.LOGIT_STEP).clip(-127, 127)
    numbers[entries & COUNT_MASK < LEAST_TOUCHES] = 0
    return numbers.astype(np.int8)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="benchmarks pretrain", description=__doc__.split("\n")[0])
    parser.add_argument("files", type=Path, nargs="+", metavar="FILE")
    parser.add_argument("--network", type=Path, metavar="OUT.xz")
    parser.add_argument("--mixer", type=Path, metavar="OUT.xz")
    parser.add_argument("--level", type=int, default=9, choices=presets.LEVELS)
    parser.add_argument("--preset", default="english", choices=presets.PRESETS)
    parser.add_argument("--on", action="store_true", help="go on with the network of the level")
    chosen = parser.parse_args(arguments)
    if not chosen.network and not chosen.mixer:
        parser.error("nothing to train: neither --network nor --mixer is given")
    learnt, plan = train(
        chosen.files, chosen.level, chosen.preset, chosen.on,
        network=bool(chosen.network), mixer=bool(chosen.mixer),
    )  # fmt: skip
    d = plan.description
    if chosen.network:
        packed = pretrained.pack(network_of(learnt), d.lstm[0].known(8), BITS)
        chosen.network.write_bytes(packed)
        shape = (d.lstm[0].cells, d.lstm[0].told, len(d.gates))
        print(table_line(shape, packed))
    if chosen.mixer:
        packed = packed_mixer(learnt, plan)
        chosen.mixer.write_bytes(packed)
        print(table_line(d.mixer_shape, packed))
    return 0


def table_line(shape, packed: bytes) -> str:
    """The line for the table of such files."""
    digest = xxhash.xxh3_64_intdigest(packed)
    numbers = ", ".join(f"{number:_}" for number in (*shape, len(packed)))
    return f"Shape({numbers}, 0x{digest:016X}),"


if __name__ == "__main__":
    sys.exit(main())
