"""The words transform: exactly inverted for any bytes, short for text, safe with lies."""

import re
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference.words import listed_words

from cmixpy import coded_text, wordlist, words
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
    size = coded_text.dictionary_length(parameters)
    dictionary = symbols[:size].tobytes().split(b"\n")[:-1]
    assert set(dictionary) - {b""} == set(frequent(data))
    assert symbols[size:].tobytes() == expected_body(data, dictionary)
    assert coded_text.undo_words(coded_text.WORDS, symbols, parameters, len(data)).tobytes() == data
    check_listed(data)
    return len(symbols)


def frequent(data: bytes) -> list[bytes]:
    return words._frequent(words._counts(Counter(WORD.findall(data)).items()))


def check_listed(data: bytes) -> int:
    symbols, parameters = words.apply_listed(as_array(data))
    size = coded_text.dictionary_length(parameters)
    lines = symbols[:size].tobytes().split(b"\n")[:-1]
    more = [word for word in frequent(data) if word not in wordlist.places(1)]
    assert set(lines) - {b""} == set(more[: wordlist.words(1)[64:].count(b"")])
    listed = listed_words(symbols[:size].tobytes())
    assert symbols[size:].tobytes() == expected_body(data, listed)
    assert (
        coded_text.undo_words(coded_text.LISTED, symbols, parameters, len(data)).tobytes() == data
    )
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
        patch.setattr(coded_text, "PIECE", piece)
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
        coded_text.undo_words(coded_text.WORDS, symbols, bytes([1, 4]), 1)


LISTED_LIES = [
    (b"\x02\0", b"", "word list 2, which this version does not have"),
    (b"\1\5", b"some", "its parameters"),
    (b"\1\2", b"xyz ", "its dictionary"),
    (b"\1\x42", b"\n" * 64 + b"x\n", "its dictionary"),
    (b"\1\0", b"\xff\xff", "a code without a word"),
    (b"\1", b"", "its parameters"),
]


@pytest.mark.parametrize(("parameters", "symbols", "why"), LISTED_LIES)
def test_lies_about_a_list(parameters, symbols, why):
    with pytest.raises(DamagedError, match=f"the words transform is damaged: {why}"):
        coded_text.undo_words(coded_text.LISTED, as_array(symbols), parameters, 9)


def test_the_better_transform_is_taken():
    english = b"There is some reason to believe that he would have been the first to say so. " * 9
    transform, symbols, _ = words.apply_best(as_array(english))
    assert transform == coded_text.LISTED
    assert len(symbols) < 0.55 * len(english)
    foreign = b"Zwei schwarze Katzen schliefen gestern Nacht ruhig unter meinem alten Schrank. "
    assert words.apply_best(as_array(foreign * 9)) is None
    long = foreign * (words.LEAST_LENGTH // len(foreign) + 1)
    assert words.apply_best(as_array(long))[0] == coded_text.WORDS
    assert words.apply_best(as_array(b"")) is None


def test_words_beside_the_list_stand_with_their_like():
    """A made-up word used as "water" is gets its lead byte."""
    text = b"".join(
        b"They drank the %s, and he took more of the %s with him. " % (thing, thing)
        for thing in (b"water", b"wine", b"blood", b"qlimpo", b"milk", b"qlimpo")
        for _ in range(30)
    )
    symbols, parameters = words.apply_listed(as_array(text))
    size = coded_text.dictionary_length(parameters)
    place = listed_words(symbols[:size].tobytes()).index(b"qlimpo")
    drinks = {wordlist.places(1)[word] for word in (b"water", b"wine", b"blood", b"milk")}
    assert (place - 64) // 128 in {(at - 64) // 128 for at in drinks}


FALSE = [b"", b"\1", b"\1\5", b"\2\4", b"\1\3", b"\1\4\0"]


@pytest.mark.parametrize("parameters", FALSE)
def test_false_parameters(parameters):
    with pytest.raises(DamagedError):
        coded_text.undo_words(coded_text.WORDS, as_array(b"the\n"), parameters, 0)


@settings(deadline=None, max_examples=300)
@given(
    st.sampled_from([(coded_text.WORDS, 0), (coded_text.LISTED, 1)]),
    st.binary(min_size=1, max_size=40),
    st.integers(0, 4),
    st.integers(0, 50),
)
def test_any_symbols_give_the_length_or_an_error(transform, symbols, size, length):
    transform, number = transform
    try:
        text = coded_text.undo_words(transform, as_array(symbols), bytes([number, size]), length)
    except DamagedError:
        return
    assert len(text) == length
