"""The preset is picked by the data alone."""

import random

import numpy as np
import pytest

from cmixpy.detect import detect, has_columns, has_figures, has_strings
from cmixpy.prepare import prepare

LETTERS = random.Random(3)


def preset(data: bytes) -> str:
    return detect(np.frombuffer(data, dtype=np.uint8))


def bases(count: int, letters: str = "ACGT") -> bytes:
    return "".join(LETTERS.choices(letters, k=count)).encode()


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", "text"),
        (b"GATTACA", "text"),
        (bases(1000), "dna"),
        (bases(1000, "acgt"), "dna"),
        (bases(1000, "ACGU"), "dna"),
        (b">chr1 assembled\n" + b"\n".join(bases(60) for _ in range(200)), "dna"),
        (b"N" * 300_000 + bases(300_000), "dna"),
        (b"N" * 1000, "text"),
        (bases(900) + b"Q" * 100, "text"),
        (b"The cat sat on the mat.\r\n\tIt purred.\n" * 50, "text"),
        (b'{"id": 17, "name": "x"}\n' * 50, "text"),
        ("Größe, naïveté, œuvre — „Zitat“\n".encode() * 50, "text"),
        ("在起初天主创造了天地。大地还是混沌空虚。".encode() * 50, "text"),
        ("voilà donc du café, et un peu de sucre\n".encode("latin-1") * 50, "text"),
        ("В начале было слово, и слово было у Бога\n".encode("koi8-r") * 50, "text"),
        ("В начале было слово, и слово было у Бога\r\n".encode("cp1251") * 50, "text"),
        ("εν αρχή ην ο λόγος, και ο λόγος ην\n".encode("iso8859-7") * 50, "text"),
        ("слово".encode("koi8-r") * 50, "binary"),  # nothing parts it
        (b"a line of a small file\n" * 20 + bytes(400), "text"),
        (b"\0a" * 500, "binary"),
        (bytes(1000), "binary"),
        (random.Random(4).randbytes(10_000), "binary"),
        (b"\x7fELF\x02\x01\x01\0\0\0" * 100, "binary"),
        (np.arange(1000, dtype="<f8").tobytes(), "binary"),
    ],
)
def test_presets(data, expected):
    assert preset(data) == expected


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"The cat of the 1812 edition sat on the mat for a second time.\n", False),
        (b"12:30:01,207 INFO took 31 ms\n", True),
        (b'{"id": 17, "name": "x"}\n', True),
        ("В 1812 году было слово, и слово было у Бога, и так далее\n".encode(), False),
        ("В 1812 году было слово, и слово было у Бога, и так далее\n".encode("koi8-r"), False),
        (b"no numbers", False),
        (b"", False),
    ],
)
def test_figures(data, expected):
    assert has_figures(np.frombuffer(data, dtype=np.uint8)) is expected


ROW = b'7,"Hall, East",3.5;\n'
LONGER = b"1234,Hall,3;\n"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"id,name,size\n" + (ROW + LONGER) * 15, True),
        ((ROW + LONGER).replace(b",", b"\t") * 15, True),
        (ROW * 11, False),  # the first line is not whole
        ((ROW + LONGER) * 15 + b"a note\n" * 7, True),
        ((ROW + LONGER) * 15 + b"a note\n" * 8, False),
        (b"2026-11-28 05:59:59,123 INFO started\n" * 50, False),
        (b'{"id": 7, "name": "x", "size": 3}\n' * 50, False),
        (b'"one, two, three"\n' * 50, False),
        (b"\n" * 50, False),
        (b"a,b,c", False),
        (b"", False),
    ],
)
def test_columns(data, expected):
    data = np.frombuffer(data, dtype=np.uint8)
    assert has_columns(data) is expected
    assert (prepare(data, "text", False, 5).preset == "csv") == expected
    assert prepare(data, "text", True, 5).preset != "csv"


def catalogue() -> bytes:
    """Hashes, and then messages that end with a zero."""
    words = ("the", "file", "could", "not", "be", "opened", "for", "does", "exist", "in", "folder")
    messages = [" ".join(LETTERS.choices(words, k=6)).encode() + b"\0" for _ in range(300)]
    return LETTERS.randbytes(3000) + b"".join(messages)


def table() -> bytes:
    """Records of a name and a number."""
    names = (LETTERS.choice(("alpha", "beta", "gamma", "delta")).encode() for _ in range(900))
    return b"".join(
        name.ljust(12) + LETTERS.randbytes(2) + bytes([0, i & 3]) for i, name in enumerate(names)
    )


def test_binary_data_full_of_strings_are_modelled_as_logs_are():
    for data, expected in ((catalogue(), "log"), (table(), "records")):
        symbols = np.frombuffer(data, dtype=np.uint8)
        assert detect(symbols) == "binary"
        assert has_strings(symbols)
        assert prepare(symbols, "binary", False, 6).preset == expected
        # Who names a preset gets it.
        assert prepare(symbols, "binary", True, 6).preset == "binary"
    # Letters of two and three bytes, and halves of such.
    for text in ("файл не найден", "ファイルがない"):
        data = text.encode()
        assert has_strings(np.frombuffer((data + bytes(20)) * 50, dtype=np.uint8))
        half = bytes(byte for byte in data if byte >> 6 == 3)
        assert not has_strings(np.frombuffer((half + bytes(20)) * 50, dtype=np.uint8))
    noise = random.Random(4).randbytes(10_000)
    for data in (b"", b"\xc3", b"\xe3\x81", bytes(1000), noise, b"seven l\0" * 500):
        assert not has_strings(np.frombuffer(data, dtype=np.uint8))
