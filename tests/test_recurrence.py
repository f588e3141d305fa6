"""cmixpy/recurrence.py: rules are found where there are some, and nowhere else."""

import gzip
import random
import time

import numpy as np
import pytest

from benchmarks.generated import biased, flipped, lagged, letters, shift_register
from cmixpy.detect import detect
from cmixpy.recurrence import ADD, SUBTRACT, XOR, find_rule

N = 30_000
OPERATIONS = {"xor": XOR, "add": ADD, "subtract": SUBTRACT, "carry": ADD, "borrow": SUBTRACT}


def explained(data: np.ndarray, rule) -> float:
    """Share of the symbols behind the longer lag that the rule predicts, carries and all."""
    hits, carry = 0, 0
    symbols = data.tolist()
    begin = max(rule.first, rule.second)
    for i in range(begin, len(symbols)):
        one, other = symbols[i - rule.first], symbols[i - rule.second]
        if rule.period and i % rule.period == rule.phase:
            carry = 0
        if rule.operation == XOR:
            total = one ^ other ^ rule.constant
        else:
            total = one + (other if rule.operation == ADD else -other) + rule.constant + carry
            carry = total >> 8
        hits += symbols[i] == total & 255
    return hits / (len(symbols) - begin)


def test_preset():
    assert detect(lagged(1, N, "borrow", 10, 24).astype(np.uint8)) == "generator"


def any_pairs(count: int) -> list[tuple[int, int]]:
    rng = random.Random(5)
    lags = [(rng.randrange(1, k), k) for k in (rng.randrange(12, 4097) for _ in range(count))]
    return [*lags, (1, 4096), (4095, 4096), (3, 7), (7, 10), (9, 11)]


@pytest.mark.parametrize("kind", OPERATIONS)
@pytest.mark.parametrize(("j", "k"), any_pairs(1))
def test_any_lags(kind, j, k):
    for first, second in ((j, k), (k, j)):
        data = lagged(first * k, N, kind, first, second).astype(np.uint8)
        rule = find_rule(data)
        if rule is None:
            # Xor with such small lags repeats itself soon, and match models see that.
            assert kind == "xor"
            assert k <= 11
            return
        assert rule.operation == OPERATIONS[kind]
        assert explained(data, rule) > 0.999
        assert max(rule.first, rule.second) == k


@pytest.mark.parametrize("kind", ["add", "subtract", "xor"])
@pytest.mark.parametrize("width", [2, 4, 8])
@pytest.mark.parametrize("skipped", [0, 1])
def test_words_with_carries(kind, width, skipped):
    """The generator's words are wider than a byte: carries go on within a word."""
    words = lagged(width, N // width, kind, 24, 55, base=1 << 8 * width)
    data = words.astype(f"<u{width}").view(np.uint8)[skipped:]
    rule = find_rule(data)
    assert explained(data, rule) > 0.999


def test_constants_and_alphabets():
    for kind in ("add", "subtract", "xor"):
        data = lagged(3, N, kind, 24, 55).astype(np.uint8)
        for constant in (1, 77, 255):
            # To add it to every symbol adds it once to the rule as well.
            moved = data ^ constant if kind == "xor" else data + np.uint8(constant)
            rule = find_rule(moved)
            assert rule.constant == (-constant if kind == "add" else constant) % 256
            assert explained(moved, rule) == 1
    for pair in (b"ab", b"01", b"\0\1", b"Qx"):
        data = np.frombuffer(pair, dtype=np.uint8)[shift_register(4, N, 29) - ord("a")]
        assert explained(data, find_rule(data)) == 1


@pytest.mark.parametrize("k", [10, 20, 60, 1000, 4096])
def test_behind_noise(k):
    data = flipped(k, shift_register(k, N, k), 0.2)
    assert find_rule(data)[:4] == (XOR, 1, k, ord("a"))


@pytest.mark.parametrize("n", [0, 1, 63, 64, 65, 100, 257, 1000, 3000, 9000])
def test_lengths(n):
    assert find_rule(np.zeros(n, dtype=np.uint8)) is None
    find_rule(np.random.default_rng(n).integers(0, 256, n).astype(np.uint8))
    find_rule(lagged(n, n, "add", 5, 17).astype(np.uint8))
    found = find_rule(shift_register(n, n, 11))
    assert found is None if n < 64 else n < 300 or found[:3] == (XOR, 1, 11)


def test_nothing_is_found_in_noise():
    rng = np.random.default_rng(8)
    for size in (2, 4, 16, 100, 256):
        assert find_rule(rng.integers(0, size, N).astype(np.uint8)) is None
    for p in (0.3, 0.1, 0.01):
        assert find_rule(biased(9, N, p)) is None
    numbers = "".join(f"{i * i} {i % 17}\n" for i in range(30_000)).encode()
    for data in (numbers, gzip.compress(numbers), bytes(N), b"ab" * N, bytes(range(256)) * 300):
        assert find_rule(np.frombuffer(data, dtype=np.uint8)) is None


def test_a_rule_must_hold_everywhere():
    generator = lagged(1, N, "add", 24, 55).astype(np.uint8)
    noise = np.random.default_rng(8).integers(0, 256, N // 4).astype(np.uint8)
    words = np.frombuffer(b"not a generator at all, " * 600, dtype=np.uint8)
    for other in (noise, words):
        for parts in ((generator, other), (other, generator), (generator, other, generator)):
            assert find_rule(np.concatenate(parts)) is None


def test_ordinary_data_do_not_pay():
    """The look at text takes about 0.3 ms, whatever its length; the search in noise 20 ms."""
    text = np.frombuffer(b"".join(b"line %d of many\n" % i for i in range(80_000)), dtype=np.uint8)
    noise = np.random.default_rng(1).integers(0, 256, 1 << 20).astype(np.uint8)
    for data, most in ((text, 0.01), (noise, 0.15), (letters(noise & 1), 1.0)):
        times = []
        for _ in range(3):
            began = time.thread_time()
            assert find_rule(data) is None
            times.append(time.thread_time() - began)
        assert min(times) < most
