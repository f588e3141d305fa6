"""Sources whose entropy is known: independent symbols, recurrences, recurrences behind noise."""

from math import log2

import numpy as np


def letters(bits: np.ndarray) -> np.ndarray:
    """Bits as the bytes 'a' and 'b'."""
    return (ord("a") + bits).astype(np.uint8)


def biased(seed: int, n: int, p: float) -> np.ndarray:
    """Independent letters, 'b' with probability p."""
    return letters(np.random.default_rng(seed).random(n) < p)


def entropy_bytes(data: np.ndarray) -> float:
    """Bytes that independent symbols with these counts need."""
    counts = np.bincount(data)
    shares = counts[counts > 0] / len(data)
    return float(-len(data) * (shares * np.log2(shares)).sum() / 8)


def binary_entropy(p: float) -> float:
    return -p * log2(p) - (1 - p) * log2(1 - p)


def shift_register(seed: int, n: int, k: int) -> np.ndarray:
    """X[n] = X[n - 1] xor X[n - k], as letters."""
    bits = np.random.default_rng(seed).integers(0, 2, k).tolist()
    bits[0] = 1
    for i in range(k, n):
        bits.append(bits[i - 1] ^ bits[i - k])
    return letters(np.array(bits[:n]))


def flipped(seed: int, data: np.ndarray, p: float) -> np.ndarray:
    """Each of two letters becomes the other with probability p."""
    flips = np.random.default_rng(seed).random(len(data)) < p
    return np.where(flips, ord("a") + ord("b") - data, data).astype(np.uint8)


def lagged(seed: int, n: int, kind: str, j: int, k: int, base: int = 256) -> np.ndarray:
    """x[n] = x[n - j] op x[n - k] modulo `base`; "borrow" and "carry" are kept for x[n + 1]."""
    values = np.random.default_rng(seed).integers(0, base, max(j, k), np.uint64).tolist()
    carry = 0
    for i in range(len(values), n):
        one, other = values[i - j], values[i - k]
        if kind == "xor":
            total = one ^ other
        else:
            total = one + (other if kind in ("add", "carry") else -other) + carry
        if kind in ("carry", "borrow"):
            carry = total // base
        values.append(total % base)
    return np.array(values[:n], dtype=np.uint64)
