"""The words transform: exactly inverted for any bytes, short for text, safe with lies."""

import re
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cmixpy import words
from cmixpy.errors import DamagedError

PROSE = b"The lane and THE step: a Slot, an iPhone, caf\xc3\xa9 CAF\xc3\x89 (\x01\x02\x03) of it.\n"
WORD = re.compile(rb"([A-Za-z\x80-\xff]+)")  # a group: split keeps the words


def as_array(data: bytes) -> np.ndarray:
    return np.frombuffer(data, dtype=np.uint8)


def expected_body(data: bytes, dictionary: list[bytes]) -> bytes:
    """The coded text, by regular expressions."""
    code = {known: words._code(number) for number, known in enumerate(dictionary) if known}
    between = WORD.split(re.sub(rb"([\x01-\x03])", b"\x03\\1", data))
    between[1::2] = (words._written(found, code) for found in between[1::2])
    return b"".join(between)


def check(data: bytes) -> int:
    symbols, parameters = words.apply_words(as_array(data))
    size = words.dictionary_length(parameters)
    dictionary = symbols[:size].tobytes().split(b"\n")[:-1]
    assert set(dictionary) - {b""} == set(words._frequent(Counter(WORD.findall(data))))
    assert symbols[size:].tobytes() == expected_body(data, dictionary)
    assert words.undo_words(symbols, parameters, len(data)).tobytes() == data
    return len(symbols)


pieces = st.sampled_from(
    [b"the", b"The", b"THE", b"tHe", b"A", b" ", b"\n", b"\0", b"\1", b"\3", b"\xc3\xa9", b"\xff"]
)
anything = st.one_of(st.binary(max_size=60), st.lists(pieces, max_size=40).map(b"".join))


@settings(deadline=None, max_examples=300)
@given(anything, st.integers(1, 3), st.integers(1, 20))
def test_round_trip(data, least, piece):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(words, "LEAST_COUNT", least)
        patch.setattr(words, "PIECE", piece)
        check(data)


def test_prose_becomes_short():
    text = PROSE * 100
    assert check(text) < 0.75 * len(text)


def test_more_words_than_codes():
    text = (
        b" ".join(
            f"w{chr(97 + i % 26)}{'x' * (i // 26 % 40)}{chr(97 + i // 1040)}".encode()
            for i in range(9000)
        )
        + b" "
    )
    text = text.translate(None, b"0123456789")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(words, "LEAST_COUNT", 1)
        check(text)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"\x03", "its end"),
        (b"\x03a", "an escape"),
        (b"\x80\x80 ", "a code"),
        (b"\xff ", "a code"),
        (b"\x81 ", "a code without a word"),
        (b"\x01", "a flag at the end"),
        (b"ab", "its length"),
        (b"\x80\x20", "its length"),
    ],
)
def test_lies(body, why):
    symbols = as_array(b"the\n" + body)
    with pytest.raises(DamagedError, match=f"the words transform is damaged: {why}"):
        words.undo_words(symbols, bytes([1, 4]), 1)


FALSE = [b"", b"\1", b"\1\5", b"\2\4", b"\1\3", b"\1\4\0"]


@pytest.mark.parametrize("parameters", FALSE)
def test_false_parameters(parameters):
    with pytest.raises(DamagedError):
        words.undo_words(as_array(b"the\n"), parameters, 0)


@settings(deadline=None, max_examples=300)
@given(st.binary(min_size=1, max_size=40), st.integers(0, 50))
def test_any_symbols_give_the_length_or_an_error(symbols, length):
    try:
        text = words.undo_words(as_array(symbols), bytes([0, 0]), length)
    except DamagedError:
        return
    assert len(text) == length
