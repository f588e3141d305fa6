"""Whatever the bytes and the options, they come back."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import cmixpy
from cmixpy import presets

bases = st.text(alphabet="ACGTacgtN\n", max_size=300).map(str.encode)
repeats = st.builds(
    lambda block, times, tail: block * times + tail,
    st.binary(min_size=1, max_size=20), st.integers(2, 60), st.binary(max_size=20),
)  # fmt: skip
lines = st.lists(st.text(max_size=30), max_size=20).map(lambda found: "\n".join(found).encode())
anything = st.one_of(st.binary(max_size=300), lines, repeats, bases)
options = {
    "preset": st.sampled_from(("auto", *presets.PRESETS)),
    "lanes": st.none() | st.integers(1, 2048),
    "threads": st.none() | st.integers(1, 3),
    "segment_size": st.none() | st.integers(60, 400),
}


def there_and_back(data: bytes, **chosen) -> None:
    assert cmixpy.decompress(cmixpy.compress(data, **chosen)) == data


@given(anything, st.integers(1, 3), st.fixed_dictionaries(options))
@settings(max_examples=60, deadline=None)
def test_light_levels(data, level, chosen):
    there_and_back(data, level=level, **chosen)


@given(anything, st.integers(4, 6), st.fixed_dictionaries(options))
@settings(max_examples=25, deadline=None)
def test_strong_levels(data, level, chosen):
    there_and_back(data, level=level, **chosen)


@pytest.mark.parametrize("preset", ["auto", *presets.PRESETS])
@pytest.mark.parametrize("size", [0, 1, 2, 3, 17, 18, 40])
@pytest.mark.parametrize("lanes", [None, 1, 64])
def test_small_sizes(size, preset, lanes):
    there_and_back((b"GATTACA" * 6)[:size], level=1, preset=preset, lanes=lanes)


@pytest.mark.parametrize("level", presets.LEVELS)
@pytest.mark.parametrize("preset", presets.PRESETS)
def test_every_level(level, preset):
    data = b">x\n" + b"ACGTTGCAAC" * 200 + b"\nacgtnnnn\n"
    there_and_back(data, level=level, preset=preset, lanes=level)
