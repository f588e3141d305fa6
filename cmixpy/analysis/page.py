"""A study as one HTML page that needs nothing else, or as JSON."""

import json
from html import escape

import numpy as np

import cmixpy
from cmixpy.analysis import charts, text
from cmixpy.analysis.study import Study
from cmixpy.coded_text import LISTED, WORDS
from cmixpy.header import NO_TRANSFORM
from cmixpy.transform import NUCLEOTIDES
from cmixpy.x86 import ADDRESSES

TRANSFORMS = {
    NO_TRANSFORM: "none", NUCLEOTIDES: "bases", ADDRESSES: "branch addresses",
    WORDS: "words of its own", LISTED: "words of the list",
}  # fmt: skip
POINTS = 240
CODED = " (the dictionary, then the text with its words as codes; ˆ makes a capital)"
NOTES = """
<b>Bits</b> are of the probabilities that the coder was given; their sum is the length of the codes
but for the coder's rounding. <b>Time</b> goes by steps, in which every lane codes one symbol.
<b>Push</b>: how far a part's inputs, times their weights (as they are after the step), move the
first layer's logits, in the mean over the weight sets, regardless of the direction; its share is of
all parts' pushes. The LSTM's push moves the mix that the layers made. <b>LSTM off</b>: the mix
before it; the models beneath do not know of it. <b>Alone</b>: bits per symbol if the part's own
logit were the prediction; a part that knows nothing costs one for every bit. <b>Speaks</b>: share
of the bits of which it said anything. <b>Fill</b>: rows of its table in use at the end. <b>Left
out</b>: what the codes grow by when the model codes the same symbols without the part (red: by less
than 0.1 %).
"""
STYLE = """
body{font:14px/1.45 system-ui,sans-serif;margin:24px auto;max-width:1010px;color:#222;
padding:0 12px}
h1{font-size:22px;margin:0}h2{font-size:17px;margin:28px 0 6px}
table{border-collapse:collapse;font-size:12.5px}td,th{padding:1px 8px;text-align:right}
td:first-child,th:first-child{text-align:left}th{border-bottom:1px solid #999;font-weight:600}
tr:hover td{background:#f3f3f3}.strip{display:block}.chart{max-width:100%;height:auto}
.chart line{stroke:#e4e4e4}.chart polyline{fill:none;stroke-width:1.4}
.chart text{font:11px system-ui,sans-serif;fill:#555}.chart .name{font-weight:600}
pre{white-space:pre-wrap;word-break:break-all;font:13px/1.5 ui-monospace,monospace;border:1px solid
#ddd;padding:10px;max-height:640px;overflow:auto}p.note{color:#555;font-size:12.5px}
.facts td{text-align:left}.facts td:first-child{color:#555}table+table{margin-top:14px}
.cut{color:#b01e26}
"""


def bpc_by_position(study: Study) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Ends of stretches of the file, bits per symbol in each, and from the start to each."""
    n = study.symbols
    ends = np.unique(np.linspace(0, n, min(n, POINTS) + 1).astype(np.int64))
    sums = np.concatenate(([0.0], np.cumsum(study.tally.cost)))[ends]
    return ends[1:], np.diff(sums) / np.diff(ends), sums[1:] / ends[1:]


def facts(study: Study) -> list[tuple[str, str]]:
    """What was coded, how, and what came of it."""
    unit = "base" if study.plan.description.symbol_bits == 2 else "symbol"
    size, whole = study.code_bytes, study.file_length
    coded = "more than it was: cmixpy would store it"
    if size is not None:
        coded = f"{size:,} bytes, {8 * size / study.length:.4f} bits per byte read"
    return [
        ("read", f"{study.length:,} bytes" + (f" of {whole:,}" if whole > study.length else "")),
        ("coded", f"{study.symbols:,} {unit}s, transform {TRANSFORMS[study.transform]}"),
        ("codes", coded),
        ("bits", f"{study.bits / study.symbols:.4f} per {unit}"),
        ("model", f"preset {study.preset}, level {study.level}"),
        ("lanes", f"{study.plan.lanes}, table bits {study.plan.table_bits}"),
        ("hints", ", ".join(map(str, study.plan.hints)) or "none"),
        ("by", f"cmixpy {cmixpy.__version__}"),
    ]


def _per(sums: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Column sums per symbol, by bin."""
    return sums / np.maximum(counts, 1)[:, None]


def parts_table(study: Study) -> str:
    """A line for each part: figures of the whole, and strips over time."""
    tally, kinds = study.tally, study.parts.kinds
    push, total = tally.push.sum(axis=0), tally.push.sum()
    shares = tally.push / np.maximum(tally.push.sum(axis=1), 1e-12)[:, None]
    alone, width = _per(tally.solo, tally.symbols), study.plan.description.symbol_bits
    highest = float(shares.max())
    losses = _losses(study)
    heads = ["part", "push", "alone", "speaks", "fill", *(["left out"] if losses else [])]
    rows = []
    for i, name in enumerate(study.parts.names):
        mute = study.parts.voice[i] < 0
        cells = [
            escape(name),
            f"{100 * push[i] / max(total, 1e-12):.1f} %",
            "" if mute else f"{tally.solo[:, i].sum() / study.symbols:.3f}",
            "" if mute else f"{100 * tally.spoke[:, i].sum() / (width * study.symbols):.0f} %",
            f"{100 * study.fill[-1, i]:.0f} %" if kinds[i] == "context" else "",
        ]
        if losses:
            cells.append(losses.get(name, ""))
        cells.append(charts.strip(shares[:, i], 0, highest))
        cells.append("" if mute else charts.strip(-alone[:, i], -width, 0))
        rows.append("".join(f"<td>{cell}</td>" for cell in cells))
    heads += ["push over time", "alone over time (dark: good)"]
    return _html_table(heads, rows)


def _losses(study: Study) -> dict[str, str]:
    """What the codes grow by without each part, by the names of `parts_table` and of the rest."""
    found = {}
    for name, size in study.ablation:
        if size is None or study.code_bytes is None:
            found[name] = "stored"
            continue
        loss = size - study.code_bytes
        share = 100 * loss / study.code_bytes
        told = f"{loss:+,} ({share:+.2f} %)".replace("-", "−")
        found[name] = told if share >= 0.1 else f'<span class="cut">{told}</span>'
    return {name.removeprefix("context "): told for name, told in found.items()}


def sets_table(study: Study) -> str:
    """The networks of the first layer alone, and the mix before SSE."""
    tally = study.tally
    alone = _per(tally.sets, tally.symbols)
    worst, best = float(alone.max()), float(min(alone.min(), (tally.final / tally.symbols).min()))
    losses = _losses(study)
    rows = []
    lines = [(name, tally.sets[:, s], alone[:, s]) for s, name in enumerate(study.sets)]
    mixes = [("all, mixed", tally.mixed), ("after SSE", tally.final)]
    if study.plan.description.lstm:
        mixes[:1] = [("all, mixed, LSTM off", tally.plain), ("LSTM on", tally.mixed)]
    lines += [(name, sums, sums / tally.symbols) for name, sums in mixes]
    for name, sums, over_time in lines:
        cells = [escape(name), f"{sums.sum() / study.symbols:.4f}"]
        if losses:
            cells.append(losses.get(f"set {name}", ""))
        cells.append(charts.strip(-over_time, -worst, -best))
        rows.append("".join(f"<td>{cell}</td>" for cell in cells))
    heads = ["weight set", "bits per symbol", *(["left out"] if losses else [])]
    return _html_table([*heads, "over time (dark: good)"], rows)


def others_table(study: Study) -> str:
    """Left out: second-layer sets, SSE stages, experts."""
    losses = _losses(study)
    shown = {*study.parts.names, *(f"set {name}" for name in study.sets)}
    rest = [(name, loss) for name, loss in losses.items() if name not in shown]
    if not rest:
        return ""
    rows = [f"<td>{escape(name)}</td><td>{loss}</td>" for name, loss in rest]
    return _html_table(["part", "left out"], rows)


def _html_table(heads: list[str], rows: list[str]) -> str:
    head = "".join(f"<th>{cell}</th>" for cell in heads)
    return f"<table><tr>{head}</tr>" + "".join(f"<tr>{row}</tr>\n" for row in rows) + "</table>"


def html(study: Study) -> str:
    """The page."""
    ends, here, sofar = bpc_by_position(study)
    tally = study.tally
    times = (np.arange(len(tally.final)) + 0.5) / len(tally.final) * 100
    fill = [
        ("mean of the tables", study.fill.mean(axis=1) * 100),
        ("fullest", study.fill.max(axis=1) * 100),
    ]
    steps = np.arange(1, len(study.fill) + 1) / len(study.fill) * 100
    unit = "bits per base" if study.plan.description.symbol_bits == 2 else "bits per symbol"
    rows = (f"<td>{name}</td><td>{escape(value)}</td>" for name, value in facts(study))
    table = "".join(f"<tr>{row}</tr>" for row in rows)
    over = [("here", here), ("from the start", sofar)]

    def saved(before: np.ndarray, after: np.ndarray) -> str:
        gain = 100 * (1 - after / np.maximum(before, 1e-12))
        return charts.curves(times, [("saved", gain)], "time, %", "% of the mix's bits", height=180)

    lstm = ["<h2>What the LSTM saves</h2>", saved(tally.plain, tally.mixed)]
    sse = ["<h2>What SSE saves</h2>", saved(tally.mixed, tally.final)]
    sections = [
        f"<h1>{escape(study.name)}</h1>",
        f'<table class="facts">{table}</table>',
        "<h2>Cost over the file</h2>",
        charts.curves(ends, over, "position in symbols", unit),
        "<h2>The text</h2>",
        f"<p>{len(study.text):,} symbols from {study.shown:,} on"
        f"{CODED if study.transform in (WORDS, LISTED) else ''}; "
        f"point at one. {text.legend()}</p>",
        f"<pre>{text.coloured(study)}</pre>",
        "<h2>Contexts and matches</h2>",
        parts_table(study),
        "<h2>Weight sets</h2>",
        sets_table(study),
        others_table(study),
        *(lstm if study.plan.description.lstm else ()),
        *(sse if study.plan.description.stages else ()),
        "<h2>Fill of the tables</h2>",
        charts.curves(steps, fill, "time, %", "% of the rows", height=180),
        f'<h2>How to read it</h2><p class="note">{NOTES}</p>',
    ]
    body = "\n".join(sections)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f"<title>{escape(study.name)}: cmixpy analyze</title>"
        f"<style>{STYLE}{text.css()}</style></head>\n<body>{body}</body></html>\n"
    )


def as_json(study: Study) -> str:
    """The figures for machines: whole, over the file, over time; without the text."""
    ends, here, sofar = bpc_by_position(study)
    tally = study.tally
    counts = np.maximum(tally.symbols, 1)
    parts = [
        {
            "name": name,
            "kind": study.parts.kinds[i],
            "push": _list(tally.push[:, i] / counts),
            "alone": None if study.parts.voice[i] < 0 else _list(tally.solo[:, i] / counts),
            "spoke": _list(tally.spoke[:, i] / counts),
            "fill": _list(study.fill[:, i]) if study.parts.kinds[i] == "context" else None,
        }
        for i, name in enumerate(study.parts.names)
    ]
    sets = [
        {"name": name, "alone": _list(tally.sets[:, s] / counts)}
        for s, name in enumerate(study.sets)
    ]
    return json.dumps({
        "cmixpy": cmixpy.__version__, "file": study.name, "bytes": study.length,
        "file_bytes": study.file_length,
        "symbols": study.symbols, "symbol_bits": study.plan.description.symbol_bits,
        "preset": study.preset, "level": study.level, "transform": study.transform,
        "lanes": study.plan.lanes, "table_bits": study.plan.table_bits,
        "hints": list(study.plan.hints), "code_bytes": study.code_bytes,
        "bits": round(study.bits, 3),
        "by_position": {"end": ends.tolist(), "here": _list(here), "from_start": _list(sofar)},
        "by_time": {
            "symbols": tally.symbols.tolist(), "mixed": _list(tally.mixed / counts),
            "final": _list(tally.final / counts),
            "without_lstm": _list(tally.plain / counts) if study.plan.description.lstm else None,
        },
        "parts": parts, "sets": sets,
        "left_out": [{"name": name, "code_bytes": size} for name, size in study.ablation],
    }, indent=1) + "\n"  # fmt: skip


def _list(values: np.ndarray) -> list[float]:
    return [round(float(value), 5) for value in values]
