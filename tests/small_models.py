"""Inputs and descriptions that make rare rules of the model common in a few hundred symbols."""

import random
from dataclasses import replace

import numpy as np

from cmixpy import presets
from cmixpy.description import Description
from cmixpy.parts import RULE, Context, Eager, Experts, Floor, Match, Selector, Stage, Threshold


def text(random: random.Random, n: int) -> bytes:
    words = ["<p>a</p>", "<q/>", "<!x y>", "<i j=k>", "</i>", '{"k": 1, "key": "v"}', "</p>"]
    words += ["the", "lane", "<b>", "step", "(of)", "[no]", "Mixer,", "12.5", "slot\n", "état"]
    words += ['"quoted"', "{x}\n", "cats.", "Dogs", "Internationalisation", "\n"]
    return " ".join(random.choices(words, k=n)).encode()[:n]


def repeats(random: random.Random, n: int) -> bytes:
    """Copies of one block with a symbol changed now and then, and the lengths between varied."""
    block = random.randbytes(random.choice((5, 23, 61)))
    data = bytearray()
    while len(data) < n:
        copy = bytearray(block)
        if random.random() < 0.4:
            copy[random.randrange(len(copy))] ^= 1 << random.randrange(8)
        data += copy
    return bytes(data[:n])


def extremes(random: random.Random, n: int) -> bytes:
    """Runs of zeros and ones, so long that everything saturates, and their breaks."""
    data = bytearray()
    while len(data) < n:
        data += random.choice((b"\0", b"\xff", b"\0\xff")) * random.choice((1, 30, 90))
    return bytes(data[:n])


def noise(random: random.Random, n: int) -> bytes:
    return random.randbytes(n)


def byte_symbols(seed: int, n: int) -> np.ndarray:
    rng = random.Random(seed)
    kinds = [text, repeats, extremes, noise]
    rng.shuffle(kinds)
    return np.frombuffer(b"".join(kind(rng, n // 4 + 1) for kind in kinds)[:n], dtype=np.uint8)


def base_symbols(seed: int, n: int) -> np.ndarray:
    """Bases with copies and inverted copies, some with changes, and a run of one base."""
    rng = np.random.default_rng(seed)
    parts = [rng.integers(0, 4, n // 5)]
    while sum(map(len, parts)) < n:
        known = np.concatenate(parts)
        length = int(rng.integers(30, 120))
        start = int(rng.integers(0, max(1, len(known) - length)))
        copy = known[start : start + length].copy()
        kind = int(rng.integers(0, 5))
        if kind == 0:
            copy = np.full(60, int(rng.integers(0, 4)))
        elif kind < 3:
            copy = 3 - copy[::-1]
        copy[rng.integers(0, len(copy), len(copy) // 16)] = int(rng.integers(0, 4))
        parts.append(copy)
    return np.concatenate(parts)[:n].astype(np.uint8)


def symbols_for(description: Description, seed: int, n: int) -> np.ndarray:
    """About `n` bytes' worth of symbols of a description's width."""
    return byte_symbols(seed, n) if description.symbol_bits == 8 else base_symbols(seed, 2 * n)


def changed(description: Description, **changes) -> Description:
    """With changes, and without its pretrained mixer if that no longer fits."""
    try:
        return replace(description, **changes)
    except ValueError:
        return replace(description, mixer=(), **changes)


def tight(description: Description, seed: int) -> Description:
    """Tiny limits and huge rates, so that every clamp and every saturation is met."""
    rng = random.Random(seed)
    width = description.symbol_bits
    minimum = {m: rng.randint(2, 5) if width == 8 else rng.randint(4, 8) for m in range(4)}
    return changed(
        description,
        rates=replace(
            description.rates,
            first=65535, last=rng.choice((0, 20000)), half=200,
            final_first=65535, final_last=rng.choice((0, 20000)),
            history_limit=rng.choice((1, 4)), match_limit=rng.choice((1, 3)),
            history_start=rng.choice((0, 2)), match_start=rng.choice((0, 5)),
            initial_linear=1000, initial_match=1000,
        ),
        contexts=tuple(
            replace(c, limit=rng.choice((1, 2, 3)), inverted=min(c.inverted, rng.randint(3, 12)))
            for c in description.contexts
        ),
        matches=tuple(
            m
            if m.backwards == RULE
            else replace(
                m, minimum=minimum[m.table], longest=rng.choice((8, 20)),
                window=rng.choice((0xF, 0xFFFF)), tolerance=rng.choice((0, 2, 8)),
            )
            for m in description.matches
        ),
        stages=tuple(
            replace(
                s, function=2 if s.function == 7 else s.function, a=min(s.a, 6),
                limit=rng.choice((1, 3)), start=rng.choice((0, 2)),
            )
            for s in description.stages
        ),
        experts=tuple(
            replace(
                e, limit=rng.choice((2, 15)), seed=rng.randint(2, 4), depth=rng.choice((1, 9)),
                misses=rng.choice((8, 18, 32)), tolerance=rng.choice((3, 8, 16)),
            )
            for e in description.experts
        ),
        start=tuple(replace(s, primed=rng.choice((1, 40))) for s in description.start),
        eager=rng.choice(((), (Eager(15, 60),))),
        threshold=rng.choice(((), (Threshold(64),), (Threshold(3000),))),
    )  # fmt: skip


def mild(description: Description, seed: int) -> Description:
    """As the preset is, but for matches short enough to be met in a few hundred symbols."""
    return changed(
        description,
        matches=tuple(replace(m, minimum=min(m.minimum, 9)) for m in description.matches),
        stages=tuple(replace(s, a=min(s.a, 6)) for s in description.stages),
        experts=tuple(replace(e, seed=min(e.seed, 6)) for e in description.experts),
        start=tuple(replace(s, primed=60) for s in description.start),
    )


def lstm_from(monkeypatch, preset: str, least: int) -> None:
    """Let a preset have an LSTM from `least` symbols on."""
    for name in presets.PRESETS:
        presets._preset(name)  # some are made from others, and kept
    monkeypatch.setitem(presets._preset(preset), "lstm_from", least)


def small_lstm(description: Description, seed: int) -> Description:
    """An LSTM of few cells that learns every few symbols, by large steps and small ones in turn.

    It begins with a pretrained network if that fits it.
    """
    rng = random.Random(seed)
    lstm = replace(
        description.lstm[0],
        cells=32, horizon=4, stride=rng.choice((2, 3, 4)), spread=700, forget=500, first=40000,
        last=10000, half=2, memory=3, head_first=40000, head_last=20000, head_half=50,
        scalar_share=64, bias_input=2048, common_rate=20000, told=rng.choice((15, 9)),
    )  # fmt: skip
    fits = (description.lstm[0].cells, description.lstm[0].told) == (lstm.cells, lstm.told)
    return changed(
        description, lstm=(lstm,), pretrained=description.pretrained if fits else (),
        floor=rng.choice(((), (Floor(3000),))),
    )  # fmt: skip


def ruled(seed: int, n: int, width: int, operation: int, lags: tuple[int, int]) -> np.ndarray:
    """What a rule makes of random first symbols, with a wrong symbol now and then."""
    rng = random.Random(seed)
    symbols = [rng.randrange(1 << width) for _ in range(max(lags))]
    for _ in range(n - len(symbols)):
        one, other = symbols[-lags[0]], symbols[-lags[1]]
        total = (one ^ other, one + other, one - other)[operation - 1]
        symbols.append((total + (rng.random() < 0.02)) % (1 << width))
    return np.array(symbols[:n], dtype=np.uint8)


def rules(description: Description) -> Description:
    """A few contexts and three rules, two with factors, and where they are known a copy."""
    rule = Match(1, RULE, 0, 1, 40, 0xFF, 6)
    copy = Match(4, 0, 3, 6, 40, 0xFF, 6)
    matches = (rule, replace(rule, minimum=2, table=1), replace(rule, minimum=31, table=2), copy)
    return changed(description, contexts=description.contexts[:2], matches=matches)


def every_function(width: int) -> Description:
    """Every context, selector and match of a symbol width that a description can name."""
    base = presets.describe(5, "text" if width == 8 else "dna")
    M32 = 0xFFFFFFFF
    if width == 8:
        contexts = [
            Context(function, a, b, bits, 127, known=(a ^ b) & 1, local=b & 1, inverted=5)
            for function, a, b, bits in [
                (0, 0, 0, 1), (0, M32, 0xFFFF, 26), (1, 15, 0, 5), (1, 6, 255, 9),
                (2, 0, 0, 4), (2, 255, 3, 9), (3, 0, 0, 9), (3, 255, 2, 9), (4, M32, 255, 9),
                (5, 0, 0, 9), (5, 0xFFFF, 0, 9), (6, 255, 0, 9), (6, 0, 1, 9),
                (8, 4, 0, 9), (8, 9, 255, 9), (8, 14, 0xFFFF, 9), (11, 127, 0, 9), (11, 33, 255, 9),
                (12, 0x7FFFF, 0, 9), (12, 0x5555, 0, 9), (12, 0x32AAA, 255, 9), (12, 1 << 18, 0, 9),
                (12, 0xFF_FFFF, 0, 9), (12, 0x18_0000, 255, 9), (12, 0xC0_0000, 0, 9),
                (12, 0x3F00_0000, 0, 9), (14, M32, 0, 9), (14, 0x5555, 0xFFFF, 9),
                (9, 0x0B_D0_2F_50, 0xFFFF_0008, 9), (9, 0x90_71_51_4F, 0xF0F0_00F9, 9),
                (9, 0x1FFF_FFFF, 0x8000, 9), (9, 0x0064_F4A4, 0x8001, 9), (9, M32, 0x8002, 9),
                *((9, 0x50, 0xFFFF_0000 | mode << 9 | mode % 4 << 7 | mode & 1, 9)
                  for mode in range(11)),
            ]
        ]  # fmt: skip
        matches = [(2, 0, 0), (7, 0, 1), (12, 0, 2), (7, 0, 1)]
        backwards = [0, 0, 0, 0]
    else:
        contexts = [
            Context(7, a, b, bits, limit, known=1, local=local, inverted=order)
            for a, b, bits, limit, local, order in [
                (0xFF, 0, 3, 127, 0, 4), (M32, 0xFFF, 26, 3, 1, 22), (M32, M32 >> 2, 9, 20, 0, 30),
                (0xFFF, 0, 6, 127, 0, 1), (3, 0, 2, 5, 0, 0),
            ]
        ]  # fmt: skip
        contexts += [Context(13, 0xFF, 0, 9, 127, 1, 0, 4), Context(13, M32, 0xFFF, 9, 9, 0, 1, 22)]
        matches = [(6, 0, 0), (6, 0, 0), (17, 0, 2), (17, 0, 2)]
        backwards = [0, 1, 0, 1]
    selectors = [
        Selector(function, 5 if function == 9 else 3, int(function in (0, 3, 4, 6, 9, 12)))
        for function in (0, 1, 2, 3, 4, 5, 7, 8, 9, 10, 11, 13, 14, 15)
    ]
    if width == 8:
        more = [Selector(3, 0, 0), Selector(4, 0, 0)]
        more += [Selector(function, 0, function % 2) for function in (*range(20, 28), 30, 34, 36)]
    else:
        more = [Selector(18, 0, 1), Selector(19, 0, 0), Selector(33, 0, 1)]
    return Description(
        symbol_bits=width,
        rates=replace(
            base.rates, mix_share=4, lane_power=1000, confidence=255, runs=2 if width == 8 else 0
        ),
        contexts=tuple(contexts),
        matches=tuple(
            Match(minimum, back, table, 6 + table, 40, 0xFF, 3)
            for (minimum, _, table), back in zip(matches, backwards, strict=True)
        ),
        sets=(*selectors, *more),
        finals=tuple(Selector(function, 4, int(function != 8)) for function in (3, 4, 6, 8, 9, 12)),
        stages=tuple(
            Stage(function, 4, share, 1023, 1023)
            for function, share in (
                (3, 1), (4, 2), (8 if width == 2 else 13, 3), (32 if width == 8 else 18, 2),
                (31 if width == 8 else 19, 1),
                *([(12, 1), (28, 1), (29, 1)] if width == 8 else [(12, 3)]),
            )
        ),
        experts=() if width == 8 else (Experts(15, 3, 9, 16, 8, 200),),
    )


def text_functions() -> Description:
    """Those functions that read a text's words, lines and history, and no others."""
    every = every_function(8)
    return replace(
        every,
        contexts=tuple(c for c in every.contexts if c.function in (0, 2, 8, 12)),
        sets=tuple(s for s in every.sets if s.function in (0, 1, 3, *range(20, 31))),
        finals=every.finals[:2],
    )


def instructions(random: random.Random, n: int) -> bytes:
    """What the parser of x86 code has rules for: opcodes of all maps, prefixes, fields, noise."""

    def pick(texts: str) -> bytes:
        return bytes.fromhex(random.choice(texts.split()).replace("-", ""))

    heads = "- 66 f3 f248 41 4c f0 6640 64"
    codes = "e8 e9 0f84 b8 f6 f7 8b 89 05 74 0f3810 0f3a0f c5f828 c4e27d18 62f17c4810 c2 a1 81 83"
    codes += " 0fa4 c4010203"
    memory = "05 4424 0425 80 c3 45 845d 00"
    fields = "10 00010000 00000010 fffffff0"
    data = bytearray()
    while len(data) < n:
        data += pick(heads) + pick(codes) + pick(memory) + pick(fields)
        if random.random() < 0.1:
            data += random.randbytes(3)
    return bytes(data[:n])


def every_instruction_function() -> Description:
    """The contexts and selectors that read the parser of instructions."""
    base = presets.describe(5, "executable")
    a = [0x100000 | m for m in range(16)] + [0x243210, 0x4FEDCB, 0x800A98, 0xF98765, 0]
    contexts = (Context(10, x, 0xFF * (x & 1), 9, 127, x & 1, x >> 1 & 1, 0) for x in a)
    return changed(
        base,
        rates=replace(base.rates, mix_share=4),
        contexts=tuple(contexts),
        # Those of 17 have 2048 values: with `partial`, 2^19 rows of weights, so only one of them.
        sets=(
            *(Selector(16, x, p) for x in (0, 1, 16) for p in (0, 1)),
            *(Selector(17, x, 0) for x in (0, 1, 16)), Selector(17, 16, 1),
        ),
        finals=(Selector(16, 0, 0), Selector(17, 0, 0), Selector(17, 2, 0)),
        stages=(Stage(16, 0, 6, 1023, 0), Stage(16, 1, 6, 1023, 0)),
    )


def unsure_sets(description: Description) -> Description:
    """Contexts that never hit leave only the constant: its weights run to their limits."""
    return changed(
        description,
        rates=replace(description.rates, first=65535, last=65535, lane_power=0),
        contexts=(Context(3, 0xFFFFFFFF, 0, 6, 127, 0, 0, 0),),
        matches=(),
        sets=(Selector(0, 0, 1),),
        finals=(Selector(0, 0, 1),),
    )


def unsure_finals(description: Description, direct: int) -> Description:
    """A first layer that learns nothing and says little: the second one's weights run away."""
    rates = replace(
        description.rates,
        first=0, last=0, final_first=65535, final_last=65535, lane_power=0, confidence=1,
        initial_indirect=0, initial_direct=direct, initial_linear=0,
    )  # fmt: skip
    context = Context(0, 0, 0, 6, 1, 0, 0, 0)
    return changed(
        description, rates=rates, contexts=(context,), matches=(),
        sets=(Selector(0, 0, 1),), finals=(Selector(0, 0, 0),),
    )  # fmt: skip
