"""Whether a genome is mostly genes: then the model follows reading frames (model/frames.py).

Genes are read in triplets, and each place of a codon has bases of its own; so within a gene a base
and its place in threes depend on one another, for Pearson's chi-squared in a few hundred bases.
One window of a hundred is so in the human chromosome at hand, every second one in a bacterium.
"""

import numpy as np

WINDOW = 480
# Six degrees of freedom: one window of a thousand is above this by chance.
CHI_SQUARED = 22
# Of the windows, per mille.
LEAST_WINDOWS = 40


def has_genes(bases: np.ndarray) -> bool:
    """Whether bases uint8[n], 0 … 3, go by threes in many places. All in whole numbers."""
    windows = len(bases) // WINDOW
    if not windows:
        return False
    threes = bases[: windows * WINDOW].reshape(windows, WINDOW // 3, 3)
    found = np.zeros(windows, dtype=np.int64)
    for base in range(4):
        counts = np.count_nonzero(threes == base, axis=1)
        total = counts.sum(axis=1)
        # Squared distances from a third of the total, over that third, in thousandths.
        found += (3 * (counts * counts).sum(axis=1) - total * total) * 1000 // np.maximum(total, 1)
    return int(np.count_nonzero(found > CHI_SQUARED * 1000)) * 1000 > windows * LEAST_WINDOWS
