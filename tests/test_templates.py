"""Templates of lines: the kernels' fields are those of FORMAT.md after every byte."""

import random

import numpy as np
import pytest
from reference.templates import Templates

from cmixpy.model import fields as f
from cmixpy.model.classes import character_class
from cmixpy.model.hashing import MASK32
from cmixpy.model.jit import routine
from cmixpy.model.templates import LARGEST_UNIT, field_bytes, update_templates
from cmixpy.presets import TEXT, describe

PICKS = TEXT.index("template")


@routine
def take(lane, byte, kind, before, history):
    update_templates(lane, byte, kind, before, history)
    return field_bytes(lane, history)


def log(seed: int, n: int) -> bytes:
    """Events with counters that rise, fall, wrap, and are as long as numbers get."""
    rng = random.Random(seed)
    counters = [rng.randrange(10**k) for k in range(1, 20)]
    steps = [rng.choice((0, 1, -1, 7, -(10**k), 10**k)) for k in range(1, 20)]
    lines, size = [], 0
    while size < n:
        i = rng.randrange(19)
        counters[i] = max(counters[i] + steps[i], 0)
        width = rng.choice((1, 1, 4))
        event = rng.choice(("job", "unit ", "x=", "", "lane-", '"id": "'))
        lines.append(
            f"{event}{i % 3} at {counters[i]:0{width}}.{rng.randrange(3)} {rng.random()}\n"
        )
        size += len(lines[-1])
    return "".join(lines).encode()[:n]


@pytest.mark.parametrize("seed", range(4))
def test_fields_are_those_of_the_format(seed):
    data = np.frombuffer(log(seed, 20_000), dtype=np.uint8)
    lane = np.zeros(f.FIELDS, dtype=np.int64)
    reference, before = Templates(), 0
    history, known = np.zeros(len(data) + 1, dtype=np.uint8), bytearray(len(data) + 1)
    met = dict.fromkeys(
        ("too long", "longest", "falls below 0", "a digit more", "right", "same"), 0
    )
    for here, byte in enumerate(data.tolist()):
        lane[f.POSITION] = here
        history[here] = known[here] = byte
        kind = int(character_class(byte))
        kind = 2 if kind == 3 else kind
        field = take(lane, byte, kind, before, history)
        reference.take(byte, kind, before, here, known)
        whole = int(lane[f.TEMPLATE] + lane[f.DIGITS]) & MASK32
        picks = [whole, *map(int, lane[[f.TEMPLATE_1, f.TEMPLATE_2]]), field, int(lane[f.STEPPED])]
        assert picks == reference.picks(known), here
        before = kind
        met["too long"] += kind == 4 and lane[f.UNIT] == 0
        met["longest"] += kind == 4 and lane[f.UNIT] == LARGEST_UNIT
        met["falls below 0"] += lane[f.COMING] < 0
        units = lane[f.LAST_UNITS + lane[f.NUMBER_SLOT]]
        met["a digit more"] += kind != 4 and units > 0 and lane[f.COMING] >= 10 * units
        met["right"] += kind == 4 and lane[f.STEPPED_SAME] == 1
        met["same"] += lane[f.LAST_FIELD] > 0 and lane[f.FIELD_SAME] == 1
    assert all(count >= 20 for count in met.values()), met


def test_logs_read_them():
    for level in (3, 5, 6):
        picked = {c.a >> PICKS for c in describe(level, "log").contexts if c.function == 12}
        assert len(picked) > 2, level
