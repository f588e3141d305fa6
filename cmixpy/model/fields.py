"""The columns of the lane table: what a lane knows privately, int64[lanes, FIELDS]."""

# Recent symbols. LOW holds the last four bytes, HIGH the four before, newest in the low byte.
LOW, HIGH = 0, 1
# Hashes of the current word (letters, folded to lower case) and of the words before it.
WORD, WORD_1, WORD_2, WORD_3 = 2, 3, 4, 5
# Steps coded so far, first history index of the lane, its length.
POSITION, START, LENGTH = 6, 7, 8
# Lines: history index where the current and the previous line begin, and the first character.
LINE, LINE_BEFORE, LINE_FIRST = 9, 10, 11
# Classes of the last bytes, four bits each, newest lowest; length of the current word.
CLASSES, WORD_LENGTH = 12, 13
# The innermost open bracket, or the tag with its first letter, and the one around it.
OPENED, OPENED_BEFORE = 14, 15
# 2-bit symbols: the last 31 bases, newest lowest, and their reverse complement, newest highest.
PACKED, REVERSED = 16, 17
# Coder: encoder's low, range, pending byte, pending count, bytes out; decoder's code and bytes in.
CODE_LOW, CODE_RANGE, CODE_CACHE, CODE_PENDING, CODE_COUNT, CODE_VALUE = 18, 19, 20, 21, 22, 23
OVERFLOW = 24
# How many of the contexts marked `known` found their slot.
ORDER_HITS = 25
# Up to MATCH_LIMIT match models, MATCH_FIELDS columns each.
MATCH = 32
# Where the copy is (-1: nowhere), its verified length, the last 16 outcomes (1: a miss), the
# expected symbol, the least place a backwards copy may reach, and the bucket of the length.
MATCH_POINTER, MATCH_LENGTH, MATCH_MISSES = 0, 1, 2
MATCH_SYMBOL, MATCH_FLOOR, MATCH_SLOT = 3, 4, 5
MATCH_FIELDS = 8
MATCH_LIMIT = 4
# 2-bit symbols, copy experts (experts.py): how many; the surest and the surest for another base,
# with their bases; logits and odds voted for each of the four bases.
EXPERTS = 112
EXPERT_BEST, EXPERT_BEST_BASE, EXPERT_SECOND, EXPERT_SECOND_BASE = 113, 114, 115, 116
EXPERT_VOTES, EXPERT_ODDS = 117, 121
FIELDS = 128
