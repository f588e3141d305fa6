"""Pretrained networks: never changed, equal in the reference, made by a committed script."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import xxhash
from hypothesis import given
from hypothesis import strategies as st
from reference.lstm import read_network
from small_models import byte_symbols, mild, tight
from test_reference import compare, compare_decoding

import cmixpy
from benchmarks import pretrain
from cmixpy import presets, pretrained
from cmixpy.description import Description, _frozen, frozen
from cmixpy.lstm.cells import WEIGHT_LIMIT
from cmixpy.model.head import WEIGHT_LIMIT as HEAD_LIMIT
from cmixpy.parts import Pretrained
from cmixpy.plan import Plan

# Frozen descriptions are of today's levels and of what archives made before have.
DESCRIPTIONS = {d.pretrained[0].network: d for d in map(frozen, _frozen()) if d.pretrained}


def test_the_files_are_those_that_archives_were_made_with():
    assert set(DESCRIPTIONS) == set(pretrained.NETWORKS)
    for number, shape in pretrained.NETWORKS.items():
        data = Path(cmixpy.__file__).with_name(f"lstm-{number}.xz").read_bytes()
        assert (len(data), xxhash.xxh3_64_intdigest(data)) == (shape.bytes, shape.digest)


@pytest.mark.parametrize("number", pretrained.NETWORKS)
def test_networks_are_read_as_the_format_says(number):
    d = DESCRIPTIONS[number]
    found = d.network
    for array, expected in zip(found, read_network(d), strict=True):
        assert np.array_equal(array, expected)
        assert not array.flags.writeable
    for array in (found.recurrent, found.embedding):
        assert np.abs(array.astype(np.int64)).max() <= WEIGHT_LIMIT
    for array in (found.gates, found.scalars, found.common):
        # Rounding may reach -2^22, one beyond the clamp; its near copy is then -2^13, as allowed.
        assert np.abs(array).max() <= HEAD_LIMIT + 1


def test_a_changed_file_is_refused(monkeypatch):
    number, shape = next(iter(pretrained.NETWORKS.items()))
    monkeypatch.setitem(pretrained.NETWORKS, number, shape._replace(digest=0))
    pretrained.network.cache_clear()
    with pytest.raises(RuntimeError, match=rf"lstm-{number}.xz .* has been changed"):
        DESCRIPTIONS[number].network  # noqa: B018
    pretrained.network.cache_clear()


def test_descriptions_with_a_pretrained_network():
    number, d = next(iter(DESCRIPTIONS.items()))
    assert Description.from_bytes(d.to_bytes()) == d
    lstm = d.lstm[0]
    bad = (
        {"pretrained": (Pretrained(0),)}, {"pretrained": (Pretrained(len(DESCRIPTIONS) + 1),)},
        {"pretrained": (Pretrained(number),) * 2}, {"lstm": (), "gates": ()},
        {"lstm": (replace(lstm, cells=lstm.cells + 32),)}, {"lstm": (replace(lstm, told=1),)},
        {"gates": d.gates[1:]},
    )  # fmt: skip
    for change in bad:
        with pytest.raises(ValueError):
            replace(d, **change)


@pytest.mark.parametrize("shrink", [mild, tight])
@pytest.mark.parametrize("lanes", [1, 3])
def test_segments_equal_the_reference(shrink, lanes):
    """The smallest network, over small tables; nothing of a cell or a gate begins as 0."""
    d = min(DESCRIPTIONS.values(), key=lambda one: one.lstm[0].cells)
    d = replace(shrink(d, lanes), lstm=(replace(d.lstm[0], horizon=5, stride=3),))
    symbols = byte_symbols(lanes, 30 * lanes + 1)
    plan = Plan(d, lanes, min(lanes, 2), table_bits=8)
    codes = compare(symbols, plan)
    assert compare_decoding(codes, len(symbols), plan) == symbols.tolist()


@given(st.integers(2, 8), st.integers(0, 30), st.integers(0, 1 << 32))
def test_rounding(bits, most, seed):
    weights = np.random.default_rng(seed).integers(-(1 << most), (1 << most) + 1, 64)
    shift, numbers = pretrained.rounded(weights.astype(np.int32), bits)
    assert np.abs(numbers.astype(int)).max() <= 1 << bits - 1
    after = numbers.astype(np.int64) << shift
    error = np.square((after - weights).astype(float)).sum()
    # Not worse than no number at all, nor than any other shift with its nearest numbers.
    assert error <= np.square(weights.astype(float)).sum()
    for other in range(31):
        nearest = np.clip(np.rint(weights / 2.0**other), -(1 << bits - 1), (1 << bits - 1) - 1)
        assert error <= np.square(nearest * 2.0**other - weights).sum()
    again, same = pretrained.rounded(after, bits)
    assert np.array_equal(same.astype(np.int64) << again, after)


def test_the_script_makes_a_network_that_fits(tmp_path, capsys):
    sources = sorted((Path(__file__).parents[1] / "benchmarks").glob("*.md"))[:2]
    for i, source in enumerate(sources):
        (tmp_path / f"{i}.txt").write_bytes(source.read_bytes()[:2500])
    files = [str(tmp_path / f"{i}.txt") for i in range(len(sources))]
    out = tmp_path / "lstm-9.xz"
    level = presets.LSTM_FROM
    assert pretrain.main(["--network", str(out), *files, "--level", str(level)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition(":")[0] for line in lines[:2]] == ["0.txt", "1.txt"]
    d = presets.describe(level, "english")
    m, data = d.lstm[0], out.read_bytes()
    digest = f"0x{xxhash.xxh3_64_intdigest(data):016X}"
    shape = pretrained.Shape(m.cells, m.told, len(d.gates), len(data), int(digest, 16))
    assert eval(lines[-1].removesuffix(","), {"Shape": pretrained.Shape}) == shape
    network = pretrained.unpack(data, m.cells, m.known(8), m.features(8), len(d.gates))
    assert (network.common != 0).any()
    assert (network.embedding[m.known(8) :] != 0).any()


def test_a_network_goes_on_from_file_to_file(tmp_path):
    text = (Path(__file__).parents[1] / "README.md").read_bytes()
    files = []
    for i in range(2):
        files.append(tmp_path / f"{i}.txt")
        files[-1].write_bytes(text[2500 * i :][:2500])
    level = presets.LSTM_FROM
    (one, plan), (two, _), (alone, _) = (
        pretrain.train(some, level, "english", say=lambda line: None)
        for some in (files[:1], files, files[1:])
    )
    assert not plan.description.pretrained
    assert two["updates"] == one["updates"] + alone["updates"]
    assert (two["node_counts"] == one["node_counts"] + alone["node_counts"]).all()
    assert (two["recurrent"] != alone["recurrent"]).any()
