"""One segment between its bytes and its codes: bytes → transform → symbols → lanes, and the twin.

The model is loaded by the first segment that needs it. A segment that the model cannot shrink is
stored as it is, so incompressible data grow by headers only.
"""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from xxhash import xxh3_64_intdigest

from cmixpy import devices, memory
from cmixpy.detect import kind_of_text
from cmixpy.early import EarlyMemory
from cmixpy.errors import DamagedError, MemoryLimitError, UnsupportedError
from cmixpy.header import Model, ModelName, Segment, least_code_bytes
from cmixpy.prepare import (
    TRANSFORM_MEMORY,
    Prepared,
    load_searches,
    prepare,
    restore,
    transform_memory,
)
from cmixpy.report import Report
from cmixpy.transform import NUCLEOTIDES
from cmixpy.x86 import ADDRESSES

# A guess of the symbols that the transform of English leaves of 100 bytes.
LIKELY_SYMBOLS = 70
# A modelled segment's header and check are this much longer than a stored one's, at the least.
MODEL_HEADER = 16


@dataclass(frozen=True)
class SegmentEncoder:
    """Codes segments with one set of options; see `codec.compress` for what they mean."""

    level: int
    lanes: int | None
    threads: int
    memory_limit: int | None
    report: Report
    device: str = "auto"

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
            original = np.frombuffer(data, dtype=np.uint8)
            likely = kind_of_text(original) if preset == "text" and not sure else preset
            with self._early(len(data), likely) as early:
                if early:
                    from cmixpy import engine

                    engine.preload(lambda: load_searches(original, likely, self.level))
                ready = prepare(original, preset, sure, self.level, self.threads)
                if len(ready.symbols) and len(ready.parameters) < len(data):
                    modelled = self._model(len(data), ready, progress, early)
        if modelled is None:
            self.report.note(f"{len(data)} bytes: stored as they are")
            return stored, [data]
        model, parts = modelled
        return replace(stored, model=model), parts

    def _early(self, length: int, preset: str):
        """Memory for the tables, before it is known how many symbols the transform makes."""
        from cmixpy import presets

        symbols = length
        if preset in ("text", "english"):
            # Most text is English; tables of other texts that find no room in it are made anew.
            preset, symbols = "english", max(length * LIKELY_SYMBOLS // 100, 1)
        plan = presets.choose(self.level, preset, symbols)
        try:
            memory.require(plan.memory_bytes(length) + length, self.memory_limit, "compressing")
        except MemoryLimitError:
            # Perhaps the plan that the symbols call for needs less; if not, `_model` refuses.
            return contextlib.nullcontext()
        return _early_memory(plan, self.threads, self.device)

    def _model(self, length: int, ready: Prepared, progress, early: EarlyMemory | None):
        """Model and payload, or None when the bytes are better stored."""
        from cmixpy import engine, presets

        preset, symbols, transform, parameters, _ = ready
        lanes = None if self.lanes is None else min(self.lanes, len(symbols))
        plan = presets.choose(self.level, preset, len(symbols), lanes, ready.hints)
        devices.require_for(self.device, plan)
        threads = min(self.threads, plan.most_threads)
        needed = memory_to_encode(plan, len(symbols), transform, length)
        held = early.asked if early else 0
        memory.require(needed, self.memory_limit, "compressing", held)
        self.report.note(
            f"{length} bytes: preset {preset}, level {self.level}, lanes {plan.lanes}, "
            f"groups {plan.groups}, table bits {plan.table_bits}, threads {threads}, "
            f"memory {memory.format_size(needed)}"
        )
        if not engine.compiled():
            self.report.compiling()
        codes = devices.encode_segment(
            self.device, symbols, plan, threads,
            lambda done, size: progress(done / len(symbols), size), self.report.note, early,
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


@contextlib.contextmanager
def _early_memory(plan, threads: int, device: str):
    """Yield memory for the plan's tables, if there is a core that can ask for it, or None."""
    if threads == 1 or device == "cuda":
        yield None
        return
    early = EarlyMemory(plan.table_bytes)
    try:
        yield early
    finally:
        early.close()


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
    device: str = "auto",
) -> memoryview:
    """The original bytes of a segment, not yet checked against its hash."""
    model = segment.model
    if model is None:
        return memoryview(parts[0])
    plan = plan_of(segment)
    devices.require_for(device, plan)
    parameters, *codes = parts
    with _early_memory(plan, threads, device) as early:
        from cmixpy import engine  # takes a moment, which is what `early` is for

        if not engine.compiled():
            report.compiling()
        symbols = devices.decode_segment(
            device,
            codes,
            model.symbols,
            plan,
            min(threads, plan.most_threads),
            lambda done, size: progress(done / model.symbols),
            report.note,
            early,
        )
    symbols = restore(model.transform, symbols, parameters, segment.length)
    return symbols.data


def plan_of(segment: Segment):
    """The `Plan` that a modelled segment's header asks for.

    Raises
    ------
    UnsupportedError
        Its model or transform is not known here.
    DamagedError
        Its header contradicts itself.
    """
    from cmixpy.plan import Plan

    model, where = segment.model, f"segment {segment.index}"
    assert model is not None, "a stored segment has no plan"
    description = _description(model.name, where)
    if model.transform not in TRANSFORM_MEMORY:
        raise UnsupportedError(f"{where} needs transform {model.transform}, unknown here")
    if description.symbol_bits != model.symbol_bits:
        raise DamagedError(f"{where}: its model has {description.symbol_bits}-bit symbols")
    if (model.transform == NUCLEOTIDES) != (model.symbol_bits == 2):
        raise DamagedError(f"{where}: its transform does not make its symbols")
    if model.transform == ADDRESSES and model.symbols != segment.length:
        raise DamagedError(f"{where}: its transform does not change the length")
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

    if name.embedded is not None:
        try:
            return Description.from_bytes(name.embedded)
        except ValueError as error:
            raise UnsupportedError(f"{where}: its model description: {error}") from None
    assert name.digest is not None  # where nothing is embedded
    found = frozen(name.digest)
    if found is None:
        raise UnsupportedError(
            f"{where} needs model {name.digest.hex()}, which this cmixpy does not have"
        )
    return found


def memory_to_encode(plan, symbols: int, transform: int, length: int) -> int:
    """Bytes of the whole process that encodes a segment of `length` bytes.

    The transform and the model do not run together, but the tables are there for both.
    """
    before = plan.process_bytes + plan.table_bytes + length + transform_memory(transform, length)
    return max(before, plan.memory_bytes(symbols) + length + symbols)


def memory_to_decode(segment: Segment) -> int:
    """Bytes of the whole process that decodes this segment; its model goes before the transform."""
    model, length = segment.model, segment.length
    if model is None:
        return 2 * length
    plan = plan_of(segment)
    behind = plan.process_bytes + model.symbols + (1 + TRANSFORM_MEMORY[model.transform]) * length
    return max(plan.memory_bytes(model.symbols), behind) + segment.payload_length


def require_memory(segment: Segment, limit: int | None) -> None:
    """Refuse a segment whose decoding would not fit."""
    memory.require(memory_to_decode(segment), limit, f"decompressing segment {segment.index}")
