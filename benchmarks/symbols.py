"""What the engine codes: the symbols of a piece under a preset, and the plan for them."""

from dataclasses import replace

import numpy as np

from benchmarks.data import Piece
from cmixpy import presets
from cmixpy.description import Description, Plan
from cmixpy.detect import detect
from cmixpy.transform import apply_nucleotides
from cmixpy.x86 import apply_addresses


def preset_of(piece: Piece, preset: str) -> str:
    """The preset's name; "auto" looks at the data as the program does."""
    if preset != "auto":
        return preset
    return detect(np.frombuffer(piece.read(), dtype=np.uint8))


def symbols_of(piece: Piece, preset: str) -> np.ndarray:
    """Symbols, uint8[n]: the bytes, or the bases of a DNA preset."""
    symbols = np.frombuffer(piece.read(), dtype=np.uint8)
    if preset == "dna":
        return apply_nucleotides(symbols)[0]
    return apply_addresses(symbols)[0] if preset == "executable" else symbols


def plan_for(
    symbols: np.ndarray,
    level: int,
    preset: str,
    lanes: int | None = None,
    description: Description | None = None,
) -> Plan:
    """The level's plan for these symbols, with another description in its place if given."""
    plan = presets.choose(level, preset, len(symbols), lanes)
    return replace(plan, description=description) if description else plan
