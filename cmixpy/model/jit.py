"""How this package compiles: `block` for building blocks, `kernel` for entry points.

A block is a scalar function written once, inlined into CPU kernels by numba and, later, into
CUDA kernels; it uses int64 values that never overflow, so that compiled numba, plain Python and
PTX agree on every bit (design: exact by construction). A kernel is compiled with the GIL released
and kept in an on-disk cache whose folder is named after a hash of *all* sources that get into
kernels: numba's own cache looks only at the file of the outermost function and would return stale
code after an edit in an inlined callee of another file.
"""

import contextlib
import hashlib
import os
from pathlib import Path

import numba
from numba import njit
from numba.core import config

block = njit(inline="always", error_model="numpy")
# A block that runs once per symbol or more rarely is compiled on its own and called: a kernel with
# everything inlined takes five minutes to compile, so it takes half of one.
routine = njit(nogil=True, error_model="numpy", _nrt=False)  # type: ignore[call-overload]

# Packages of kernels, and the modules outside them whose constants get into kernels.
KERNELS = ("lstm", "model")
CONSTANTS = ("early", "header", "parts", "wordlist")


def _source_hash() -> str:
    digest = hashlib.sha256(numba.__version__.encode())
    package = Path(__file__).parents[1]
    sources = [package / f"{name}.py" for name in CONSTANTS]
    for name in KERNELS:
        sources += (package / name).glob("**/*.py")
    for path in sorted(sources):
        digest.update(path.name.encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def cache_directory() -> Path:
    """Folder of the compiled kernels of exactly these sources."""
    base = os.environ.get("CMIXPY_CACHE_DIR")
    if base is None:
        home = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
        base = str(Path(home) / "cmixpy")
    return Path(base) / f"kernels-{_source_hash()}"


CACHE_DIRECTORY = cache_directory()


class Locator:
    """Tells numba where the code of a function is kept, wherever the package lies.

    numba would name a folder after the path of the source, so that a checkout and an installed
    copy of the same sources each compile for a minute (`NUMBA_CACHE_LOCATOR_CLASSES`, numba 0.62;
    earlier ones go on doing so).
    """

    def __init__(self, function, source: str):
        self._py_file = source  # numba's name for it, in warnings
        self._line = function.__code__.co_firstlineno

    @classmethod
    def from_function(cls, function, source: str) -> "Locator":
        return cls(function, source)

    def get_cache_path(self) -> str:
        return str(CACHE_DIRECTORY / Path(self._py_file).parent.name)

    def ensure_cache_path(self) -> None:
        os.makedirs(self.get_cache_path(), exist_ok=True)

    def get_source_stamp(self) -> bytes:
        return hashlib.sha256(Path(self._py_file).read_bytes()).digest()

    def get_disambiguator(self) -> str:
        return str(self._line)


def _settings() -> dict[str, str]:
    """numba's settings for a kernel's cache; where it cannot be written numba looks elsewhere."""
    found = {"CACHE_DIR": str(CACHE_DIRECTORY)}
    with contextlib.suppress(OSError):
        CACHE_DIRECTORY.mkdir(parents=True, exist_ok=True)
    if os.access(CACHE_DIRECTORY, os.W_OK):
        found["CACHE_LOCATOR_CLASSES"] = f"{__name__}.{Locator.__name__}"
    return found


def kernel(function):
    """Compile `function` on first call, without the GIL, cached in `CACHE_DIRECTORY`."""
    saved = {name: getattr(config, name, None) for name in SETTINGS}
    vars(config).update(SETTINGS)
    try:
        return njit(nogil=True, cache=True, error_model="numpy", _nrt=False)(function)
    finally:
        vars(config).update(saved)


SETTINGS = _settings()
