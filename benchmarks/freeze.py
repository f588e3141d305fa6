"""Freeze today's presets: add the descriptions that cmixpy/frozen.txt lacks.

    python -m benchmarks freeze

An archive made with a frozen description names it by 8 bytes. Lines are never removed within a
format version, so that old archives decode; run this when a change of models/*.toml is to ship.
"""

from pathlib import Path

import cmixpy
from cmixpy import presets
from cmixpy.description import frozen

PATH = Path(cmixpy.__file__).with_name("frozen.txt")


def main() -> None:
    """Append a line for every level of every preset that is not frozen yet."""
    lines = []
    for preset in presets.PRESETS:
        for level in presets.LEVELS:
            description = presets.describe(level, preset)
            line = description.to_bytes().hex()
            if frozen(description.digest) is None and line not in lines:
                lines.append(line)
                print(f"{preset} -{level}: {description.digest.hex()}")
    with PATH.open("a") as file:
        file.writelines(line + "\n" for line in lines)


if __name__ == "__main__":
    main()
