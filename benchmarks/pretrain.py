"""Trains the network of a level and preset on some texts, and writes it as a file of the package.

    python -m benchmarks pretrain OUT.xz --level N --preset NAME [--on] FILE …

Every file is coded as `cmixpy c` would in one lane, the context models beginning anew with each;
the network goes on from file to file. The first files are seen at high rates, so kinds of text
should alternate, in pieces of a few hundred kilobytes. Prints the line that cmixpy/pretrained.py
needs. A network that archives may need never changes: give a new one a new number.
"""

import argparse
import sys
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import xxhash

from cmixpy import engine, presets, pretrained
from cmixpy.analysis.study import subject
from cmixpy.parts import Lstm
from cmixpy.plan import Plan
from cmixpy.pretrained import Network

# What a network has learnt and how often, beside its weights: all that goes on from file to file.
OF_NETWORK = ("recurrent", "embedding", "near", "means", "row_means", "row_counts", "updates")
OF_OUTPUTS = ("gates", "gates_near", "gate_scalars", "common", "common_near", "node_counts")
# Bits of a weight: of recurrent ones, known rows, hashed rows, gates, scalars, what nodes have in
# common (LOG.md, "Pretrained networks").
BITS = (7, 7, 3, 6, 8, 8)


def untrained(plan: Plan, level: int) -> Plan:
    """A plan whose LSTM begins with random weights, and the rates that those need."""
    settings = presets.lstm_settings(level)
    values = {field.name: settings[field.name] for field in fields(Lstm)}
    lstm = replace(plan.description.lstm[0], **values)
    return replace(plan, description=replace(plan.description, lstm=(lstm,), pretrained=()))


def _arrays(segment) -> dict[str, np.ndarray]:
    weights, shared = segment.network.weights, segment.shared
    found = {name: np.asarray(getattr(weights, name)) for name in OF_NETWORK}
    return found | {name: getattr(shared, name) for name in OF_OUTPUTS}


def _copied(segment) -> dict[str, np.ndarray]:
    return {name: array.copy() for name, array in _arrays(segment).items()}


def train(paths, level: int, preset: str, on: bool = False, say=print) -> tuple[dict, Plan]:
    """What the network has learnt from the files in turn, and the plan of the last.

    on : it begins as the level's own does, pretrained, and not with random weights
    """
    learnt: dict = {}
    for path in paths:
        data = np.frombuffer(path.read_bytes(), dtype=np.uint8)
        given = subject(path.name, data, level, preset, 1)
        if not given.plan.description.lstm:
            raise ValueError(f"{path.name} is too short for a network")
        plan = given.plan if on else untrained(given.plan, level)
        segment = engine.encoder(given.symbols, plan, 1)
        learnt = learnt or _copied(segment)
        # A primer is not like a text as a whole: what the network learns of it is forgotten.
        segment.run(0, plan.primed)
        for name, array in _arrays(segment).items():
            array[...] = learnt[name]
        weights = segment.network.weights
        weights.updates, weights.held = int(learnt["updates"]), 0
        segment.run(plan.primed, segment.steps)
        codes = segment.finish()
        learnt = _copied(segment)
        segment.close(None)
        say(f"{path.name}: {len(data):,} bytes, codes {sum(map(len, codes or [])):,}")
    return learnt, plan


def network_of(learnt: dict) -> Network:
    """Its weights."""
    names = ("recurrent", "embedding", "gates", "gate_scalars", "common")
    return Network(*(learnt[name] for name in names))


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="benchmarks pretrain", description=__doc__.split("\n")[0])
    parser.add_argument("out", type=Path, metavar="OUT.xz")
    parser.add_argument("files", type=Path, nargs="+", metavar="FILE")
    parser.add_argument("--level", type=int, default=9, choices=range(presets.LSTM_FROM, 10))
    parser.add_argument("--preset", default="english", choices=presets.PRESETS)
    parser.add_argument("--on", action="store_true", help="go on with the network of the level")
    chosen = parser.parse_args(arguments)
    learnt, plan = train(chosen.files, chosen.level, chosen.preset, chosen.on)
    lstm, gates = plan.description.lstm[0], len(plan.description.gates)
    packed = pretrained.pack(network_of(learnt), lstm.known(8), BITS)
    chosen.out.write_bytes(packed)
    digest = xxhash.xxh3_64_intdigest(packed)
    print(f"Shape({lstm.cells}, {lstm.told}, {gates}, {len(packed):_}, 0x{digest:016X}),")
    return 0


if __name__ == "__main__":
    sys.exit(main())
