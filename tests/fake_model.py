"""A model that compiles nothing: lanes coded by zlib, for tests of everything around the model."""

import sys
import types
import zlib
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
import pytest


@dataclass(frozen=True)
class Description:
    text: str
    symbol_bits: int = 8
    nanoseconds_per_symbol: int = 1000

    def to_bytes(self) -> bytes:
        return f"{self.symbol_bits}{self.text}".encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> "Description":
        if data[:1] not in (b"2", b"8"):
            raise ValueError("not a fake description")
        return cls(data[1:].decode(), int(data[:1]))

    @property
    def digest(self) -> bytes:
        return blake2b(self.to_bytes(), digest_size=8).digest()


@dataclass(frozen=True)
class Plan:
    description: Description
    lanes: int
    groups: int
    table_bits: int
    hints: tuple[int, ...] = ()
    primed: int = 0
    process_bytes: int = 1 << 19

    @property
    def table_bytes(self) -> int:
        return 1 << 16

    @property
    def most_threads(self) -> int:
        return self.lanes

    def memory_bytes(self, length: int) -> int:
        return (1 << 20) + 3 * length


PRESETS = (
    "text", "dna", "binary", "executable", "records", "generator", "bitmap", "lines", "log",
    "genes", "english", "csv",
)  # fmt: skip
LABELS = {name: label for label, name in enumerate(PRESETS)}
SHIPPED = [Description(name, 2 if name in ("dna", "genes") else 8) for name in PRESETS]


def frozen(digest: bytes) -> Description | None:
    return next((found for found in SHIPPED if found.digest == digest), None)


def choose(
    level: int, preset: str, length: int, lanes: int | None = None, hints: tuple[int, ...] = ()
) -> Plan:
    description = SHIPPED[PRESETS.index(preset)]
    if level == 6:
        description = Description("experimental " + preset, description.symbol_bits)
    return Plan(description, lanes or min(4, length), 1 + level % 2, 10 + level, hints)


def encode_segment(symbols, plan, threads, progress, note, early):
    assert 1 <= threads <= plan.lanes
    pieces = np.array_split(symbols, plan.lanes)
    codes = [zlib.compress(piece.tobytes(), 9) for piece in pieces]
    progress(len(symbols), sum(map(len, codes)))
    return codes if sum(map(len, codes)) < len(symbols) else None


def decode_segment(codes, length, plan, threads, progress, note, early):
    assert len(codes) == plan.lanes
    # Padding after a code is not the decoder's business.
    pieces = [zlib.decompressobj().decompress(code, length + 1) for code in codes]
    progress(length, 0)
    return np.frombuffer(b"".join(pieces), dtype=np.uint8)


@pytest.fixture
def fake_model(monkeypatch):
    """Put the fake in the place of presets, description and engine."""
    import cmixpy

    parts = {
        "presets": {
            "LEVELS": range(1, 10),
            "PRESETS": PRESETS,
            "LABELS": LABELS,
            "name_of": lambda label: PRESETS[label] if label < len(PRESETS) else None,
            "choose": choose,
            "segment_size": lambda level, preset: 1 << 20,
            "table": lambda: [("text", 5, "orders 0–6", 7, 1 << 30)],
        },
        "description": {"Description": Description, "frozen": frozen},
        "plan": {"Plan": Plan},
        "engine": {
            "encode_segment": encode_segment,
            "decode_segment": decode_segment,
            "compiled": lambda: True,
            "preload": lambda first: None,
        },
    }
    for name, contents in parts.items():
        module = types.ModuleType(f"cmixpy.{name}")
        vars(module).update(contents)
        monkeypatch.setitem(sys.modules, f"cmixpy.{name}", module)
        monkeypatch.setattr(cmixpy, name, module, raising=False)
    # It binds presets when it is imported: let it bind the fake now and the real ones later.
    monkeypatch.delitem(sys.modules, "cmixpy.listing", raising=False)
    yield
    sys.modules.pop("cmixpy.listing", None)
