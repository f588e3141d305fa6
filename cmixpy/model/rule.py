"""Rule: a match model for sources that are exact recurrences, such as lagged-Fibonacci generators.

The expected symbol is history[here - j] op history[here - k] + constant, with what the hints say:
the operation, the two lags, the constant, and where in a word the carry starts anew. Nothing is
looked for: the encoder has found the rule (recurrence.py), and the model follows it, counting
successes as a match model counts the length of its copy. So a rule that holds now and then, or a
generator seen through noise, is worth what its recent outcomes say.

Additive and subtractive generators with and without carry: Knuth, TAOCP 2, 3.2.2; subtract with
borrow: Marsaglia and Zaman 1991; x[n] = x[n-j] xor x[n-k]: Lewis and Payne 1973.
"""

from cmixpy.model import fields as f
from cmixpy.model.jit import block

# What each hint says.
OPERATION, FIRST_LAG, SECOND_LAG, CONSTANT, PERIOD, PHASE = 0, 1, 2, 3, 4, 5
XOR, ADD, SUBTRACT = 1, 2, 3


@block
def follow_rule(lane, history, hints, m, factor, symbol_bits):
    """The symbol that match model `m` expects, with lags times `factor`; -1 when there is none.

    Only xor has a factor other than 1: modulo 2 the square of a rule is a rule,
    x[n] = x[n - 2j] xor x[n - 2k] xor constant, and behind noise one check more.
    What an addition carries (a subtraction borrows: -1) is kept for the next symbol, but for
    those that begin a word of `period` symbols; 1: nothing is ever carried, 0: always.
    """
    first = hints[FIRST_LAG] * factor
    second = hints[SECOND_LAG] * factor
    operation = hints[OPERATION]
    valid = operation >= XOR and operation <= SUBTRACT and min(first, second) > 0
    symbol = -1
    if valid and (operation == XOR or factor == 1) and max(first, second) <= lane[f.POSITION]:
        here = lane[f.START] + lane[f.POSITION]
        carry = lane[f.RULE_CARRY + m]
        period = hints[PERIOD]
        if period > 0 and here % period == hints[PHASE] % period:
            carry = 0
        one = history[here - first] + 0
        other = history[here - second] + 0
        if operation == XOR:
            total = one ^ other ^ hints[CONSTANT]
            carry = 0
        else:
            if operation == SUBTRACT:
                other = -other
            total = one + other + hints[CONSTANT] + carry
            carry = total >> symbol_bits
        lane[f.RULE_CARRY + m] = carry
        symbol = total & ((1 << symbol_bits) - 1)
    return symbol
