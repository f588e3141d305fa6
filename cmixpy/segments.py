"""One segment between its bytes and its codes: bytes → transform → symbols → lanes, and the twin.

The model is loaded by the first segment that needs it. A segment that the model cannot shrink is
stored as it is, so incompressible data grow by headers only.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from xxhash import xxh3_64_intdigest

from cmixpy import memory
from cmixpy.detect import dna_is_cheap
from cmixpy.errors import DamagedError, UnsupportedError
from cmixpy.header import NO_TRANSFORM, Model, ModelName, Segment, least_code_bytes
from cmixpy.lags import find_lags, find_line_lags, is_bitmap
from cmixpy.report import Report
from cmixpy.transform import NUCLEOTIDES, apply_nucleotides, undo_nucleotides

# A modelled segment's header and check are this much longer than a stored one's, at the least.
MODEL_HEADER = 16
# Bytes that the nucleotide transform's arrays take at their largest, for each byte of data.
TRANSFORM_MEMORY = 12


@dataclass(frozen=True)
class SegmentEncoder:
    """Codes segments with one set of options; see `codec.compress` for what they mean."""

    level: int
    lanes: int | None
    threads: int
    memory_limit: int | None
    report: Report

    def encode(
        self,
        data: bytes,
        preset: str,
        *,
        sure: bool,
        last: bool,
        progress: Callable[[float, int], None],
    ) -> tuple[Segment, list[bytes]]:
        """Header and payload of one segment.

        Parameters
        ----------
        data : bytes
        preset : str
        sure : bool
            Whether the user named the preset; otherwise "dna" was a guess from samples.
        last : bool
        progress : callable
            Told the share of the symbols that is done and the bytes of code so far.
        """
        stored = Segment(len(data), xxh3_64_intdigest(data), last)
        modelled = None
        if len(data) > MODEL_HEADER:
            preset, symbols, parameters = self._transform(data, preset, sure)
            preset, hints = _records(symbols, preset, sure)
            if len(symbols) and len(parameters) < len(data):
                modelled = self._model(len(data), preset, hints, symbols, parameters, progress)
        if modelled is None:
            self.report.note(f"{len(data)} bytes: stored as they are")
            return stored, [data]
        model, parts = modelled
        return replace(stored, model=model), parts

    def _transform(self, data: bytes, preset: str, sure: bool) -> tuple[str, np.ndarray, bytes]:
        symbols = np.frombuffer(data, dtype=np.uint8)
        if preset != "dna":
            return preset, symbols, b""
        bases, parameters = apply_nucleotides(symbols)
        if sure or dna_is_cheap(len(data), parameters):
            return preset, bases, parameters
        # The samples looked like DNA, the whole does not.
        return "text", symbols, b""

    def _model(self, length, preset, hints, symbols, parameters, progress):
        """Model and payload, or None when the bytes are better stored."""
        from cmixpy import engine, presets

        lanes = None if self.lanes is None else min(self.lanes, len(symbols))
        plan = presets.choose(self.level, preset, len(symbols), lanes, hints)
        threads = min(self.threads, plan.lanes)
        transform = NUCLEOTIDES if preset == "dna" else NO_TRANSFORM
        needed = plan.memory_bytes(len(symbols)) + length + len(symbols)
        needed += TRANSFORM_MEMORY * length if transform else 0
        memory.require(needed, self.memory_limit, "compressing")
        self.report.note(
            f"{length} bytes: preset {preset}, level {self.level}, lanes {plan.lanes}, "
            f"groups {plan.groups}, table bits {plan.table_bits}, threads {threads}, "
            f"memory {memory.format_size(needed)}"
        )
        if not engine.compiled():
            self.report.compiling()
        codes = engine.encode_segment(
            symbols, plan, threads, lambda done, size: progress(done / len(symbols), size)
        )
        if codes is None:
            return None
        codes = _padded(codes, len(symbols), plan.description.symbol_bits)
        if MODEL_HEADER + len(parameters) + sum(map(len, codes)) >= length:
            return None
        model = Model(
            name=_name(plan.description, self.level, preset),
            symbol_bits=plan.description.symbol_bits,
            symbols=len(symbols),
            lanes=plan.lanes,
            groups=plan.groups,
            table_bits=plan.table_bits,
            hints=plan.hints,
            code_lengths=tuple(map(len, codes)),
            transform=transform,
            parameter_length=len(parameters),
        )
        return model, [parameters, *codes]


def _records(symbols: np.ndarray, preset: str, sure: bool) -> tuple[str, tuple[int, ...]]:
    """The preset, or what binary data turn out to be, and the distances found in the data."""
    if preset in ("records", "bitmap"):
        return preset, find_lags(symbols)
    if preset == "lines" or (preset == "text" and not sure):
        hints = find_line_lags(symbols)
        return "lines" if hints else preset, hints
    if preset == "binary" and not sure:
        hints = find_lags(symbols)
        if hints:
            return "bitmap" if is_bitmap(symbols) else "records", hints
    return preset, ()


def _padded(codes: list[bytes], symbols: int, symbol_bits: int) -> list[bytes]:
    """Codes of at least the least length: a lane's decoder reads zeros past its end anyway."""
    missing = least_code_bytes(symbols, symbol_bits) - sum(map(len, codes))
    return [codes[0] + bytes(max(0, missing)), *codes[1:]]


def _name(description, level: int, preset: str) -> ModelName:
    from cmixpy import presets
    from cmixpy.description import frozen

    digest, embedded = description.digest, None
    if frozen(digest) is None:
        digest, embedded = None, description.to_bytes()
    return ModelName(digest, embedded, level, presets.LABELS[preset])


def decode(
    segment: Segment,
    parts: list[bytes],
    threads: int,
    progress: Callable[[float], None],
    report: Report,
) -> memoryview:
    """The original bytes of a segment, not yet checked against its hash."""
    model = segment.model
    if model is None:
        return memoryview(parts[0])
    from cmixpy import engine

    plan = plan_of(segment)
    if not engine.compiled():
        report.compiling()
    parameters, *codes = parts
    symbols = engine.decode_segment(
        codes,
        model.symbols,
        plan,
        min(threads, plan.lanes),
        lambda done, size: progress(done / model.symbols),
    )
    if model.transform == NUCLEOTIDES:
        symbols = undo_nucleotides(symbols, parameters, segment.length)
    return memoryview(symbols)


def plan_of(segment: Segment):
    """The `Plan` that a modelled segment's header asks for.

    Raises
    ------
    UnsupportedError
        Its model or transform is not known here.
    DamagedError
        Its header contradicts itself.
    """
    from cmixpy.description import Plan

    model, where = segment.model, f"segment {segment.index}"
    description = _description(model.name, where)
    if model.transform not in (NO_TRANSFORM, NUCLEOTIDES):
        raise UnsupportedError(f"{where} needs transform {model.transform}, unknown here")
    if description.symbol_bits != model.symbol_bits:
        raise DamagedError(f"{where}: its model has {description.symbol_bits}-bit symbols")
    if (model.transform == NUCLEOTIDES) != (model.symbol_bits == 2):
        raise DamagedError(f"{where}: its transform does not make its symbols")
    try:
        return Plan(
            description=description,
            lanes=model.lanes,
            groups=model.groups,
            table_bits=model.table_bits,
            hints=model.hints,
        )
    except ValueError as error:
        raise UnsupportedError(f"{where}: {error}") from None


def _description(name: ModelName, where: str):
    from cmixpy.description import Description, frozen

    if name.digest is None:
        try:
            return Description.from_bytes(name.embedded)
        except ValueError as error:
            raise UnsupportedError(f"{where}: its model description: {error}") from None
    found = frozen(name.digest)
    if found is None:
        raise UnsupportedError(
            f"{where} needs model {name.digest.hex()}, which this cmixpy does not have"
        )
    return found


def memory_to_decode(segment: Segment) -> int:
    """Bytes of the whole process that decodes this segment."""
    if segment.model is None:
        return 2 * segment.length
    needed = plan_of(segment).memory_bytes(segment.model.symbols) + segment.payload_length
    if segment.model.transform != NO_TRANSFORM:
        needed += TRANSFORM_MEMORY * segment.length
    return needed


def require_memory(segment: Segment, limit: int | None) -> None:
    """Refuse a segment whose decoding would not fit."""
    memory.require(memory_to_decode(segment), limit, f"decompressing segment {segment.index}")
