"""Pretrained mixers: never changed, equal in the reference, made by a committed script."""

import lzma
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import xxhash
from reference.mixer import read_mixer
from small_models import byte_symbols, mild, tight
from test_reference import compare, compare_decoding

import cmixpy
from benchmarks import pretrain, slim
from cmixpy import engine, mixers, presets
from cmixpy.analysis import variants
from cmixpy.description import Description, _frozen, frozen
from cmixpy.model.mixer import WEIGHT_LIMIT
from cmixpy.parts import PretrainedMixer
from cmixpy.plan import Plan

# Of each mixer a description that archives have, be it of an earlier version.
DESCRIPTIONS = {d.mixer[0].mixer: d for d in map(frozen, _frozen()) if d.mixer}


def _ranges(rows, chosen) -> np.ndarray:
    """The numbers of the rows of the chosen sets."""
    ends = np.cumsum(rows)
    return np.concatenate([np.arange(ends[i] - rows[i], ends[i]) for i in chosen])


SOURCES = sorted((Path(__file__).parents[1] / "benchmarks").glob("*.md"))[:3]


def test_every_mixer_fits_the_level_it_is_named_for():
    for name in presets.PRESETS:
        for level, number in presets._preset(name).get("mixers", {}).items():
            assert presets.describe(int(level), name).mixer == (PretrainedMixer(number),)


def test_the_files_are_those_that_archives_were_made_with():
    assert set(DESCRIPTIONS) == set(mixers.MIXERS)
    for number, shape in mixers.MIXERS.items():
        data = Path(cmixpy.__file__).with_name(f"mixer-{number}.xz").read_bytes()
        assert (len(data), xxhash.xxh3_64_intdigest(data)) == (shape.bytes, shape.digest)


@pytest.mark.parametrize("number", mixers.MIXERS)
def test_mixers_are_read_as_the_format_says(number):
    d = DESCRIPTIONS[number]
    found, (sets, finals, numbers) = d.pretrained_mixer, read_mixer(d, d.symbol_bits)
    assert np.array_equal(found.weights, np.concatenate([weights for weights, _ in sets]))
    assert np.array_equal(found.learnt, np.concatenate([learnt for _, learnt in sets]))
    assert np.array_equal(found.final_weights, np.concatenate([weights for weights, _ in finals]))
    assert np.array_equal(found.final_learnt, np.concatenate([learnt for _, learnt in finals]))
    assert np.array_equal(found.numbers, numbers)
    assert mixers.WEIGHT_LIMIT == WEIGHT_LIMIT
    # It says something of most rows that there are, and of some hundred thousand entries.
    assert found.learnt.sum() > 1000
    assert np.count_nonzero(numbers) > 50000
    assert not any(array.flags.writeable for array in found)


def test_a_changed_file_is_refused(monkeypatch):
    number, shape = next(iter(mixers.MIXERS.items()))
    monkeypatch.setitem(mixers.MIXERS, number, shape._replace(digest=0))
    with pytest.raises(RuntimeError, match=rf"mixer-{number}.xz .* has been changed"):
        DESCRIPTIONS[number].pretrained_mixer  # noqa: B018


def test_descriptions_with_a_pretrained_mixer():
    for d in DESCRIPTIONS.values():
        assert Description.from_bytes(d.to_bytes()) == d
    number, d = next(iter(DESCRIPTIONS.items()))
    assert not variants.untaught(d).mixer
    bad = (
        {"mixer": (PretrainedMixer(0),)}, {"mixer": (PretrainedMixer(len(DESCRIPTIONS) + 1),)},
        {"mixer": (PretrainedMixer(number),) * 2}, {"contexts": d.contexts[1:]},
        {"sets": d.sets[1:]}, {"stages": (*d.stages[1:], replace(d.stages[1], function=0))},
    )  # fmt: skip
    for change in bad:
        with pytest.raises(ValueError):
            replace(d, **change)


@pytest.mark.parametrize("shrink", [mild, tight])
@pytest.mark.parametrize(("level", "preset"), [(5, "english"), (6, "english"), (5, "executable")])
def test_segments_equal_the_reference(shrink, level, preset):
    """With a primer that is over first, in two lanes; without one."""
    lanes = 2 if preset == "english" else 3
    d = shrink(presets.describe(level, preset), 7)
    assert d.mixer
    symbols = byte_symbols(level, 41 * lanes + 1)
    plan = Plan(d, lanes, 1, table_bits=8)
    assert bool(plan.primed) == (preset == "english")
    codes = compare(symbols, plan)
    assert compare_decoding(codes, len(symbols), plan) == symbols.tolist()


@pytest.mark.parametrize("preset", ["english", "executable"])
def test_ranges_of_steps_make_no_difference(preset):
    d = mild(presets.describe(5, preset), 1)
    symbols = byte_symbols(1, 300)
    plan = Plan(d, 3, 2, table_bits=10)
    whole = engine.encode_segment(symbols, plan, 2)
    assert whole != engine.encode_segment(
        symbols, replace(plan, description=replace(d, mixer=())), 1
    )
    for ranges in ([plan.primed], [plan.primed + 1], [plan.primed // 2, plan.primed + 7]):
        segment = engine.encoder(symbols, plan, 1)
        done = 0
        for until in [*ranges, segment.steps]:
            segment.run(done, until)
            done = until
        assert segment.finish() == whole


def test_the_script_makes_a_mixer_that_fits(tmp_path, capsys):
    files = []
    for i, source in enumerate(SOURCES):
        files.append(tmp_path / f"{i}.txt")
        files[-1].write_bytes(source.read_bytes()[:6000])
    out = tmp_path / "mixer.xz"
    assert pretrain.main(["--mixer", str(out), "--level", "5", *map(str, files)]) == 0
    *lines, last = capsys.readouterr().out.splitlines()
    assert [line.partition(":")[0] for line in lines] == [file.name for file in files]
    d, data = presets.describe(5, "english"), out.read_bytes()
    digest = f"0x{xxhash.xxh3_64_intdigest(data):016X}"
    shape = mixers.Shape(*d.mixer_shape, len(data), int(digest, 16))
    assert eval(last.removesuffix(","), {"Shape": mixers.Shape}) == shape
    found = mixers.unpack(data, d.inputs, d.set_rows, d.final_rows, d.entries)
    assert found.learnt.any()
    assert found.numbers.any()


def test_what_is_trained_comes_near_to_what_was_learnt(tmp_path):
    file = tmp_path / "a.txt"
    file.write_bytes(SOURCES[0].read_bytes()[:20000])
    learnt, plan = pretrain.train([file], 5, "english", network=False, mixer=True, say=lambda _: 0)
    d = plan.description
    data = pretrain.packed_mixer(learnt, plan)
    found = mixers.unpack(data, d.inputs, d.set_rows, d.final_rows, d.entries)
    often = learnt["visits"] >= pretrain.LEAST_VISITS
    assert not found.learnt[~often].any()
    assert found.learnt.sum() > often.sum() / 2
    # To half a step, and half of what a mean is kept to.
    error = np.abs(found.weights - learnt["weights"])[found.learnt]
    assert error.max() <= (1 << pretrain.MIXER_SHIFT - 1) + (1 << mixers.MEAN_SHIFT - 1)
    first = engine.encoder(byte_symbols(1, 10), plan, 1).shared.probability
    given = mixers.Lesson(
        replace(plan, description=d), engine.state.build_plan(plan, 10), first, found
    )
    known = given.places
    assert (learnt["probability"][known] & 1023 >= pretrain.LEAST_TOUCHES).all()
    error = (given.entries >> 16) - (learnt["probability"][known] >> 16)
    assert np.abs(error).mean() < 0.1 * np.abs((first - learnt["probability"])[known] >> 16).mean()


NAMES = [
    "context bytes order 4",
    "set opcode by bit",
    "final longest-match by bit",
    "stage byte-1, share 6",
]


def test_a_mixer_without_some_parts_is_the_rest_of_it(tmp_path, capsys):
    out = tmp_path / "mixer.xz"
    assert slim.main(["--mixer", str(out), "--level", "6", "--preset", "executable", *NAMES]) == 0
    d, data = presets.describe(6, "executable"), out.read_bytes()
    stay = slim.kept(d, NAMES)
    assert [len(stay[kind]) for kind in ("contexts", "sets", "finals", "stages")] == [
        len(parts) - 1 for parts in (d.contexts, d.sets, d.finals, d.stages)
    ]
    rest = slim.without(d, stay)
    shape = eval(capsys.readouterr().out.removesuffix(",\n"), {"Shape": mixers.Shape})
    assert shape == (*rest.mixer_shape, len(data), xxhash.xxh3_64_intdigest(data))
    found, whole = (
        mixers.unpack(file, each.inputs, each.set_rows, each.final_rows, each.entries)
        for file, each in ((data, rest), (mixers.read(d.mixer[0].mixer), d))
    )
    rows = _ranges(d.set_rows, stay["sets"])
    gone = next(iter(set(range(len(d.contexts))) - set(stay["contexts"])))
    assert d.inputs_per_context == 4
    # Three inputs of each context, behind all of them a fourth of each.
    inputs = 4 * len(d.contexts) + 2 * len(d.matches) + 1
    lost = [3 * gone, 3 * gone + 1, 3 * gone + 2, 3 * len(d.contexts) + gone]
    columns = np.delete(np.arange(inputs), lost)
    assert np.array_equal(found.weights[:, : len(columns)], whole.weights[rows][:, columns])
    assert not found.weights[:, len(columns) :].any()
    assert np.array_equal(found.learnt, whole.learnt[rows])
    # The second layer adds up to what it did, but for what was rounded.
    finals = _ranges(d.final_rows, stay["finals"])
    sums = [w.sum(axis=1).mean() for w in (found.final_weights, whole.final_weights[finals])]
    assert sums[0] == pytest.approx(sums[1], rel=0.02)
    numbers = whole.numbers[256 * stay["contexts"][-1] :][:256]
    assert np.array_equal(found.numbers[256 * len(stay["contexts"]) - 256 :][:256], numbers)
    assert d.maps
    assert np.array_equal(found.numbers[-1024:], whole.numbers[-1024:])


def test_mixers_that_were_made_so_are_those():
    """Mixer 15 is mixer 6 without what level 6 of x86 code does without."""
    old, new = DESCRIPTIONS[6], presets.describe(6, "executable")
    old_names, new_names = variants.part_names(old), variants.part_names(new)
    names = [n for kind in old_names for n in old_names[kind] if n not in new_names[kind]]
    assert len(names) == 9
    _, data = slim.slim(old, names)
    assert lzma.decompress(data) == lzma.decompress(mixers.read(15))


def test_parts_that_cannot_be_spared_are_named(tmp_path, capsys):
    arguments = ["--mixer", str(tmp_path / "x"), "--level", "6", "--preset"]
    for preset, says in (("english", "there is no set moon"), ("log", "there is no mixer")):
        with pytest.raises(SystemExit):
            slim.main([*arguments, preset, "set moon"])
        assert says in capsys.readouterr().err
    assert not (tmp_path / "x").exists()


def test_files_that_teach_no_network_are_refused(tmp_path):
    file = tmp_path / "short.txt"
    file.write_bytes(b"The cat.")
    with pytest.raises(ValueError, match="of no file can a model"):
        pretrain.train([file], 9, "english")
    with pytest.raises(SystemExit):
        pretrain.main([str(file), "--level", "5"])
