"""Archives do not grow unnoticed: not by more than 0.1 % over tests/ratio.tsv.

A gain is printed, with how to accept it.
"""

import warnings

import pytest
from ratio_sources import archive_size, cases, content, digest, stored

MOST_GROWTH = 0.001
ACCEPT = "when it is meant: python -m tests.accept_ratio, and commit tests/ratio.tsv"


@pytest.mark.parametrize(("source", "level"), cases())
def test_archives_do_not_grow(source, level):
    data = content(source)
    if data is None:
        pytest.skip(f"{source} is not in the corpus beside the checkout")
    known, before = stored()[source, level]
    assert digest(data) == known, f"{source} is not what the stored figure is of"
    now = archive_size(data, level)
    change = f"{source}, level {level}: {before} → {now} bytes ({100 * (now / before - 1):+.2f} %)"
    if now < before:
        warnings.warn(f"gain: {change}; {ACCEPT}", stacklevel=1)  # pytest tells it at the end
    assert now <= before * (1 + MOST_GROWTH), f"{change}; {ACCEPT}"
