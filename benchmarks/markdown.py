"""Tables that read well in a terminal and in LOG.md."""


def table(headers, rows) -> str:
    """A Markdown table, its columns aligned; everything after the first column to the right."""
    cells = [[str(cell) for cell in row] for row in (headers, *rows)]
    widths = [max(3, *(len(row[i]) for row in cells)) for i in range(len(headers))]
    rule = ["-" * widths[0]] + ["-" * (width - 1) + ":" for width in widths[1:]]
    lines = []
    for row in (cells[0], rule, *cells[1:]):
        first = row[0].ljust(widths[0])
        others = (cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))
        lines.append("| " + " | ".join([first, *others]) + " |")
    return "\n".join(lines)
