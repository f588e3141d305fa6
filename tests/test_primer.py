"""Primers: learnt by both sides before the segment, and never changed."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import xxhash
from hypothesis import given
from hypothesis import strategies as st
from reference.model import Model
from reference.words import primer_3
from small_models import every_function, mild, text_functions
from test_reference import compare, compare_decoding

import cmixpy
from cmixpy import engine, presets, primer, wordlist
from cmixpy.coded_text import dictionary_length
from cmixpy.description import Description
from cmixpy.parts import Start
from cmixpy.plan import Plan
from cmixpy.words import apply_listed, apply_words

SENTENCE = b"It has been said that there is nothing new under the sun; and this is perhaps true."


def test_the_texts_are_those_that_archives_were_made_with():
    for number, (length, digest) in primer.TEXTS.items():
        text = Path(cmixpy.__file__).with_name(f"primer-{number}.txt").read_bytes()
        assert (len(text), xxhash.xxh3_64_intdigest(text)) == (length, digest)
        plain = [n for n, p in primer.PRIMERS.items() if p.text == number and not p.words]
        assert all(primer.symbols(n).tobytes() == text for n in plain)
    for number, one in primer.PRIMERS.items():
        symbols = primer.symbols(number)
        assert (len(symbols), xxhash.xxh3_64_intdigest(symbols)) == one[3:]
    assert primer.symbols(3).tobytes() == primer_3()


def test_the_word_list_is_that_of_archives():
    for number, (length, digest) in wordlist.LISTS.items():
        text = Path(cmixpy.__file__).with_name(f"words-{number}.txt").read_bytes()
        assert (len(text), xxhash.xxh3_64_intdigest(text)) == (length, digest)
        words = wordlist.words(number)
        assert len(words) == wordlist.MOST_WORDS == text.count(b"\n")
        known = [word for word in words if word]
        assert len(known) == len(set(known)) == len(wordlist.places(number))
        assert all(word.isalpha() and word == word.lower() for word in known)
        assert all(words[: wordlist.SINGLE])
        assert sum(map(len, wordlist.free(number))) == len(words) - len(known)


def test_a_changed_text_is_refused(monkeypatch):
    monkeypatch.setitem(primer.TEXTS, 1, (primer.TEXTS[1][0], 0))
    primer.symbols.cache_clear()
    with pytest.raises(RuntimeError, match=r"primer-1.txt .* has been changed"):
        primer.symbols(1)
    monkeypatch.setitem(primer.PRIMERS, 3, primer.PRIMERS[3]._replace(digest=0))
    with pytest.raises(RuntimeError, match="another primer 3"):
        primer.symbols(3)
    primer.symbols.cache_clear()


def test_descriptions_with_a_primer():
    plain = replace(presets.describe(5, "text"), start=(), threshold=(), mixer=())
    d = replace(plain, start=(Start(1, 40),))
    assert Description.from_bytes(d.to_bytes()) == d
    # Behind two empty lists, of the LSTM and its gates.
    assert d.to_bytes() == plain.to_bytes() + bytes([0, 0, 1, 1, 40])
    for start in (Start(0, 40), Start(4, 40), Start(1, 0), Start(2, 63_908), Start(3, 55_148)):
        with pytest.raises(ValueError):
            replace(plain, start=(start,))
    for more in (b"\0\0\0", b"\0\0\1\1", b"\0\0\2\1\5\1\5", b"\0\0\1\1\5\0"):
        with pytest.raises(ValueError):
            Description.from_bytes(plain.to_bytes() + more)
    with pytest.raises(ValueError):
        replace(presets.describe(5, "dna"), start=(Start(1, 40),))


@pytest.mark.parametrize(("preset", "number"), [("text", 2), ("english", 3)])
def test_lanes_share_a_primer_out(preset, number):
    d = presets.describe(6, preset)
    assert presets.describe(7, preset).start == d.start
    for lanes in (1, 2, 64):
        plan = Plan(d, lanes, 1, 10)
        assert plan.primed == primer.PRIMERS[number].symbols // lanes
        assert plan.primer().tobytes() == primer.symbols(number)[-plan.primed * lanes :].tobytes()
    assert Plan(d, 1 << 17, 1, 10).primed == len(Plan(d, 1 << 17, 1, 10).primer()) == 0


def test_the_first_primer_is_for_a_single_lane():
    d = replace(presets.describe(6, "text"), start=(Start(1, 40),))
    assert Plan(d, 1, 1, 10).primed == len(Plan(d, 1, 1, 10).primer()) == 40
    assert Plan(d, 2, 1, 10).primed == len(Plan(d, 2, 1, 10).primer()) == 0


@given(st.integers(1, 9), st.integers(0, 5), st.binary(min_size=1, max_size=60))
def test_laid_out_and_gathered(lanes, each, data):
    lanes = min(lanes, len(data))
    symbols, start = np.frombuffer(data, dtype=np.uint8), np.arange(lanes * each, dtype=np.uint8)
    history = primer.lay_out(start, lanes, len(data), symbols)
    assert primer.symbols_behind(start, lanes, history).tobytes() == data
    for i, lane in enumerate(np.array_split(history, lanes)):
        assert lane[:each].tolist() == list(range(i * each, i * each + each))
    blank = primer.lay_out(start, lanes, len(data))
    assert not primer.symbols_behind(start, lanes, blank).any()


@pytest.mark.parametrize(
    ("number", "lanes"), [(1, 1), (1, 2), (2, 1), (2, 2), (2, 7), (3, 1), (3, 7)]
)
def test_against_the_reference(number, lanes):
    """Also behind a dictionary, whose places begin after the primer.

    Mostly with no more than what reads text, words and history, which begin in the primer.
    """
    words = (SENTENCE.replace(b" ", b" qlimpo ") + b"\n") * 2
    apply = apply_listed if number == 3 else apply_words
    symbols, parameters = apply(np.frombuffer(words, dtype=np.uint8))
    assert dictionary_length(parameters) > 0
    description = replace(every_function(8), start=(Start(number, 70),))
    if (number, lanes) != (3, 7):
        description = replace(text_functions(), start=description.start)
    plan = Plan(description, lanes, 1, 8, (0, dictionary_length(parameters)))
    assert compare_decoding(compare(symbols, plan), len(symbols), plan) == symbols.tolist()


def test_the_reference_reads_it_first():
    for lanes in (1, 7):
        plan = Plan(mild(presets.describe(6, "text"), 0), lanes, 1, 8)
        assert bytes(Model(plan, 9, None).primer) == plan.primer().tobytes()


@pytest.mark.parametrize("level", [5, 6])
def test_small_texts_gain(level):
    symbols = np.frombuffer(SENTENCE, dtype=np.uint8)
    plan = presets.choose(level, "text", len(symbols))
    bare = replace(plan, description=replace(plan.description, start=()))
    (code,), (long,) = (engine.encode_segment(symbols, p, 1) for p in (plan, bare))
    assert len(code) < 0.6 * len(long)
    assert np.array_equal(engine.decode_segment([code], len(symbols), plan, 1), symbols)
    archive = cmixpy.compress(SENTENCE, level=level)
    assert cmixpy.decompress(archive) == SENTENCE
