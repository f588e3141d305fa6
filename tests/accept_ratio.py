"""Store today's archive sizes in tests/ratio.tsv: python -m tests.accept_ratio, in the checkout.

Lines of corpus files that are not at hand are kept.
"""

import sys

from tests.ratio_sources import HEADER, STORED, archive_size, cases, content, digest


def main() -> int:
    before = {}
    if STORED.exists():
        for line in STORED.read_text().splitlines()[1:]:
            row = line.split("\t")
            before[row[0], int(row[3])] = line
    lines = []
    for source, level in cases():
        old = before.get((source, level))
        data = content(source)
        if data is None:
            print(f"{source} is not in the corpus: its line is kept", file=sys.stderr)
            if old:
                lines.append(old)
            continue
        size = archive_size(data, level)
        lines.append(f"{source}\t{len(data)}\t{digest(data)}\t{level}\t{size}")
        if lines[-1] != old:
            was = old.rsplit("\t", 1)[1] if old else "new"
            print(f"{source}, level {level}: {was} → {size}")
    STORED.write_text("\n".join([HEADER, *lines]) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
