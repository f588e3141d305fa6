"""The whole codec once more: slow, obvious, in plain Python integers, from FORMAT.md alone.

It is the oracle for the kernels, so it shares no code with them: a description's numbers go in,
codes and state come out. Read it beside FORMAT.md, "The model"; the names are the same. Everything
shared has a `commit` and is changed by nothing else; `events` counts what happened on the way, so
that tests can tell which rules they have exercised.
"""

from reference.model import Model, decode, encode

__all__ = ["Model", "decode", "encode"]
