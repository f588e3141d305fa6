"""Which DNA goes by threes."""

import random

import numpy as np
import pytest

from cmixpy.genes import WINDOW, has_genes
from cmixpy.prepare import prepare

# Codons of no bacterium, but with a preference in each place.
CODONS = [a + b + c for a in "GGAC" for b in "ACTC" for c in "GCGT"]


def coding(seed: int, length: int) -> str:
    rng = random.Random(seed)
    return "".join(rng.choice(CODONS) for _ in range(length // 3))


def other(seed: int, length: int) -> str:
    return "".join(random.Random(seed).choices("ACGT", weights=(3, 2, 2, 3), k=length))


def bases(text: str) -> np.ndarray:
    return np.array(["ACGT".index(letter) for letter in text], dtype=np.uint8)


@pytest.mark.parametrize("share", [0, 1, 3, 10])
def test_share_of_genes(share):
    parts = [coding(i, 1500) if i % 10 < share else other(i, 1501) for i in range(60)]
    assert has_genes(bases("".join(parts))) == (share > 0)


def test_too_short_to_tell():
    assert not has_genes(bases(coding(1, WINDOW - 3)))
    assert not has_genes(np.zeros(0, dtype=np.uint8))
    # One base again and again goes by no threes.
    assert not has_genes(np.zeros(9000, dtype=np.uint8))


def test_preset():
    for text, preset in ((coding(2, 6000), "genes"), (other(2, 6000), "dna")):
        data = np.frombuffer(text.encode(), dtype=np.uint8)
        assert prepare(data, "dna", False, 5).preset == preset
        # A preset that is named is that one.
        assert prepare(data, "dna", True, 5).preset == "dna"
        assert prepare(data, "genes", True, 5).preset == "genes"
