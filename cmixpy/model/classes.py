"""Kinds of bytes: what many contexts need to know of one."""

from cmixpy.model.jit import block


@block
def character_class(byte):
    """0 … 15: what kind of byte: end of line, blank, letter, digit, quote, bracket, …"""
    kind = 1
    if byte >= 97 and byte <= 122:
        kind = 2
    elif byte >= 65 and byte <= 90:
        kind = 3
    elif byte >= 48 and byte <= 57:
        kind = 4
    elif byte == 32:
        kind = 5
    elif byte == 10:
        kind = 6
    elif byte >= 192:
        kind = 7
    elif byte >= 128:
        kind = 8
    elif byte == 46 or byte == 33 or byte == 63:
        kind = 9
    elif byte == 44 or byte == 59 or byte == 58:
        kind = 10
    elif byte == 34 or byte == 39:
        kind = 11
    elif byte == 60 or byte == 91 or byte == 123 or byte == 40:
        kind = 12
    elif byte == 62 or byte == 93 or byte == 125 or byte == 41:
        kind = 13
    elif byte == 0:
        kind = 14
    elif byte < 32 or byte == 127:
        kind = 15
    return kind


@block
def is_word_class(kind):
    """Letters and bytes from 128 up: what words are made of."""
    return kind == 2 or kind == 3 or kind == 7 or kind == 8


@block
def is_field_class(kind):
    """Letters, digits and bytes from 128 up: what fields are made of."""
    return kind == 2 or kind == 3 or kind == 4 or kind == 7 or kind == 8
