"""Whether a GPU can be used here, and if not, what is missing."""

import os
from importlib.util import find_spec

INSTALL = "pip install 'cmixpy[cuda]'"


def why_not() -> str | None:
    """None when a GPU is usable, else one line that tells what to do."""
    simulated = os.environ.get("NUMBA_ENABLE_CUDASIM", "0") != "0"  # numba's own, for tests
    if find_spec("numba_cuda") is None and not simulated:
        return f"numba-cuda is not installed: {INSTALL}"
    from cmixpy.cuda import device

    return device.why_not()


def why_no_lstm() -> str | None:
    """None when torch can use the GPU, whose products the LSTM is made of, else what to do."""
    from cmixpy.cuda import device

    if device.SIMULATED:
        return None
    import torch

    if torch.cuda.is_available():
        return None
    return (
        f"levels 7 to 9 have an LSTM, and torch {torch.__version__} cannot use the GPU: install a "
        "torch with CUDA (pytorch.org)"
    )


def describe() -> str:
    """The GPU, once `why_not` has found nothing."""
    from cmixpy.cuda import device

    return device.describe()
