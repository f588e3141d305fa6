"""Symbols as text, each coloured by what it cost; the pointer tells the rest."""

from html import escape

import numpy as np

from cmixpy.analysis.letters import LINE_FEED
from cmixpy.analysis.study import Study

# Upper ends in bits of the colour classes; css() has the colours.
CLASSES = (0.1, 0.25, 0.5, 1, 1.5, 2, 3, 4, 6, 8, 12)
COLOURS = (
    "#ffffff", "#fffbe6", "#fff3c4", "#ffe699", "#ffd56b", "#ffbe4f", "#ffa23f", "#fb8033",
    "#ee5a2b", "#d63a26", "#b01e26", "#7d0f22",
)  # fmt: skip
HELPERS = 3


def css() -> str:
    """A rule for each class; light letters where the ground is dark."""
    rules = [f".b{i}{{background:{colour}}}" for i, colour in enumerate(COLOURS)]
    return "".join(rules) + ".b9,.b10,.b11{color:#fff}.legend{white-space:nowrap}"


def legend() -> str:
    """What the colours mean."""
    names = [f"≤ {bound:g}" for bound in CLASSES] + [f"> {CLASSES[-1]:g}"]
    cells = (f'<span class="b{i}">&nbsp;{name}&nbsp;</span>' for i, name in enumerate(names))
    return f'<span class="legend">bits: {" ".join(cells)}</span>'


def told(study: Study, i: int) -> str:
    """What the pointer says of the i-th symbol: its bits, who helped most, who misled most."""
    tally, names = study.tally, study.parts.names
    bits = " ".join(f"{cost:.2f}" for cost in tally.bits[i])
    cost = tally.cost[study.shown + i]
    letter = study.letters[i].replace("\n", "line feed")
    lines = [f"{letter} ({study.text[i]}) at {study.shown + i:,}: {cost:.3f} bits", bits]
    pushes = tally.help[i]
    order = np.argsort(pushes)
    best = [f"{names[p]} +{pushes[p]:.2f}" for p in order[: -HELPERS - 1 : -1] if pushes[p] > 0]
    worst = [f"{names[p]} {pushes[p]:.2f}".replace("-", "−") for p in order[:1] if pushes[p] < 0]
    if best:
        lines.append("for: " + "; ".join(best))
    if worst:
        lines.append("against: " + "; ".join(worst))
    return "\n".join(lines)


def coloured(study: Study) -> str:
    """One span for each of the symbols."""
    costs = study.tally.cost[study.shown : study.shown + len(study.text)]
    classes = np.searchsorted(CLASSES, costs, side="left")
    return "".join(
        f'<span class="b{classes[i]}" title="{escape(told(study, i))}">'
        f"{escape(letter.replace(chr(10), LINE_FEED + chr(10)))}</span>"
        for i, letter in enumerate(study.letters)
    )
