"""cmixpy: a lossless compressor for the smallest file.

>>> import cmixpy
>>> archive = cmixpy.compress(b"the cat sat on the mat, the cat sat on the mat")
>>> cmixpy.decompress(archive)
b'the cat sat on the mat, the cat sat on the mat'
"""

from typing import TYPE_CHECKING

from cmixpy.errors import (
    CmixpyError,
    DamagedError,
    MemoryLimitError,
    OptionError,
    UnsupportedError,
)

if TYPE_CHECKING:
    from cmixpy.codec import compress, decompress

__version__ = "0.1.0"

__all__ = [
    "CmixpyError",
    "DamagedError",
    "MemoryLimitError",
    "OptionError",
    "UnsupportedError",
    "__version__",
    "compress",
    "decompress",
]


def __getattr__(name: str):
    # numpy and numba are loaded by the first call, not by the import: `--help` must be quick.
    if name in ("compress", "decompress"):
        from cmixpy import codec

        return getattr(codec, name)
    raise AttributeError(f"module 'cmixpy' has no attribute {name!r}")
