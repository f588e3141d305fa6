"""The predictor and coder: numba kernels over lanes in lockstep (design in FORMAT.md)."""
