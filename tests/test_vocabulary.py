"""The dictionary's order: words used alike come together, and every word has one code."""

import random

import numpy as np
import pytest

from cmixpy import coded_text, vocabulary, wordlist, words

LETTERS = "bcdfghklmnprstvz"


def made_up(dice: random.Random, count: int) -> list[str]:
    return sorted({"".join(dice.choices(LETTERS, k=5)) for _ in range(count)})


def two_kinds(seed: int, count: int, sentences: int) -> tuple[bytes, set[bytes], set[bytes]]:
    """Text in which one kind of word follows "the", the other "to"; "<" stands before a third."""
    dice = random.Random(seed)
    things, acts, marks = (made_up(dice, count) for _ in range(3))
    text = "".join(
        f"the {dice.choice(things)} begins to {dice.choice(acts)}, <{dice.choice(marks)}>.\n"
        for _ in range(sentences)
    )
    return text.encode(), {w.encode() for w in things}, {w.encode() for w in acts}


def dictionary_of(text: bytes) -> list[bytes]:
    data = np.frombuffer(text, dtype=np.uint8)
    symbols, parameters = words.apply_words(data)
    undone = coded_text.undo_words(coded_text.WORDS, symbols, parameters, len(data))
    assert undone.tobytes() == text
    size = coded_text.dictionary_length(parameters)
    return symbols[:size].tobytes().split(b"\n")[:-1]


def test_words_used_alike_share_a_lead_byte():
    text, things, acts = two_kinds(1, 300, 12000)
    lines = dictionary_of(text)
    assert len(lines) > vocabulary.LEAST_WORDS
    mixed = 0
    for first in range(wordlist.SINGLE, len(lines), vocabulary.LEAF):
        leaf = {word for word in lines[first : first + vocabulary.LEAF] if word}
        assert sorted(leaf) == [w for w in lines[first : first + vocabulary.LEAF] if w]
        mixed += bool(leaf & things) and bool(leaf & acts)
    assert mixed <= 1


@pytest.mark.parametrize("count", [30, 85, 86, 100, 2700])
def test_every_word_has_one_code(count):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(words, "LEAST_COUNT", 2)
        lines = dictionary_of(two_kinds(count, count, 6 * count + 200)[0])
    assert len(lines) <= wordlist.MOST_WORDS
    found = [line for line in lines if line]
    assert len(found) == len(set(found)) > min(3 * count, wordlist.SINGLE)


@pytest.mark.parametrize("size", [1, 2, 997])
@pytest.mark.parametrize("transform", [words.apply_words, words.apply_listed])
def test_pieces_change_nothing(transform, size, monkeypatch):
    """Codes at the edges of pieces have the same neighbours as elsewhere."""
    data = np.frombuffer(two_kinds(2, 100, 300)[0], dtype=np.uint8)
    monkeypatch.setattr(words, "LEAST_COUNT", 2)
    whole = transform(data)
    monkeypatch.setattr(vocabulary, "PIECE", size)
    part = transform(data)
    assert part[0].tobytes() == whole[0].tobytes()
    assert part[1] == whole[1]


def test_points_that_are_all_alike():
    counts = [np.full((8192 + 64, 5), 3), np.full((8192 + 64, 2), 1)]
    first, leaves = vocabulary.arrange(counts, 64)
    assert sorted(np.concatenate(first)) == list(range(64))
    assert sorted(np.concatenate(leaves)) == list(range(64, 8192 + 64))
    assert max(map(len, leaves)) <= vocabulary.LEAF
