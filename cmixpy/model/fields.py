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
# Two bits for each of the last 16 bytes, the newest lowest: whether it was zero, and whether it
# equalled the one four before it.
ZEROS = 26
# Up to MATCH_LIMIT match models, MATCH_FIELDS columns each.
MATCH = 32
# Where the copy is (-1: nowhere), its verified length, the last 16 outcomes (1: a miss), the
# expected symbol, the least place a backwards copy may reach, and the bucket of the length.
MATCH_POINTER, MATCH_LENGTH, MATCH_MISSES = 0, 1, 2
MATCH_SYMBOL, MATCH_FLOOR, MATCH_SLOT = 3, 4, 5
MATCH_FIELDS = 8
MATCH_LIMIT = 4
# Indirect contexts: where the last one, two, three bytes look, and what they find there: the last
# three bytes that followed.
INDIRECT, FOLLOWERS = 96, 99
# The names of the open elements (XML) as hashes, innermost first; the name or word being read and
# whether it closes; the hash of the last quoted string and of the last key before a colon.
TAG, TAG_1, TAG_2, NAME, NAME_STATE, QUOTED, IN_QUOTES, KEY = 102, 103, 104, 105, 106, 107, 108, 109
# Carry of each match model that is a rule (rule.py): MATCH_LIMIT columns.
RULE_CARRY = 88
# x86 instructions (instructions.py): the kind of the next byte, bytes left of its field, bytes of
# the instruction so far, the kind of the operand after ModRM and displacement, the bytes of the
# field so far, the last four-byte displacement and branch target.
NEXT, LEFT, WITHIN, OPERAND, FIELD = 64, 65, 66, 67, 68
LAST_DISPLACEMENT, LAST_TARGET = 69, 70
# Records of this instruction and the four before it.
RECORD, RECORD_1, RECORD_2, RECORD_3, RECORD_4 = 71, 72, 73, 74, 75
# Records (records.py): the partial symbol at the start of the nibble; which of the last eight
# bytes equalled the one above; how much the bytes of this line changed.
PARTIAL, AGREED, LINE_CHANGES = 80, 81, 82
# 2-bit symbols, copy experts (experts.py): how many; the surest and the surest for another base,
# with their bases; logits and odds voted for each of the four bases.
EXPERTS = 112
EXPERT_BEST, EXPERT_BEST_BASE, EXPERT_SECOND, EXPERT_SECOND_BASE = 113, 114, 115, 116
EXPERT_VOTES, EXPERT_ODDS = 117, 121
# Text (text.py): a word further back; hash of the word or gap that is being read, and of the last
# gap, with its length; classes without repetitions; shape of the line; bytes with digits folded;
# the last marks; the first word of the line; its indent, and whether that is over.
WORD_4, HERE, GAP, GAP_LENGTH, RUNS, SHAPE = 128, 129, 130, 131, 132, 133
FOLDED_LOW, FOLDED_HIGH, MARKS, LINE_WORD, INDENT, INDENTED = 134, 135, 136, 137, 138, 139
# The aligned place in the line above and the place in the last value of this key, both plus one (0:
# none); whether the field, the value, has been the same so far.
ALIGNED, ALIGNED_SAME, KEYED, KEYED_SAME = 140, 141, 142, 143
# Column of the text behind the dictionary's codes; how the next symbol is to be read, or the lead
# byte of a code; the place of the dictionary's next word.
TEXT_COLUMN, CODE_STATE, WORD_COUNT = 144, 145, 146
# What the runs of the contexts expect: the symbol of the strongest, and how many agree.
RUN_SYMBOL, AGREEING = 147, 148
# Where the line of the dictionary begins.
WORD_BEGIN = 149
# Where the last values of keys began, plus one: text.KEYS columns.
KEYED_PLACES = 152
# 2-bit symbols, reading frames (frames.py): the odds of the coming base's seven states, the
# likeliest of them, and that of the last base.
FRAMES, FRAME, FRAMED = 184, 191, 192
# Templates (templates.py): the line so far and the two before it with each number as one 0; the
# digits of the number being read, as a hash and as a value, with the power of ten of the first.
TEMPLATE, TEMPLATE_1, TEMPLATE_2, DIGITS, NUMBER, UNIT = 193, 194, 195, 196, 197, 198
# The slot of the next number; what it is if it goes on by its step, the power of ten of the next
# digit of that, what is expected of it, and whether it has been right so far.
NUMBER_SLOT, COMING, POWER, STEPPED, STEPPED_SAME = 199, 200, 201, 202, 203
# The place in what the field held the last time, plus one (0: none); whether it has been the same.
LAST_FIELD, FIELD_SAME = 204, 205
# By slot, templates.SLOTS columns each: the last number, the power of ten of its first digit (0:
# none), its step from the one before, where the last field began, plus one.
LAST_NUMBERS, LAST_UNITS, STEPS, FIELD_PLACES = 208, 336, 464, 592
# Delimited text (cells.py): the cell so far and the two before it, as hashes; its column; whether
# it is within quotes; the whole cell above; the place in that, plus one (0: none), and whether it
# has been the same. By column, cells.COLUMNS each: where the last cell began, plus one; its hash.
CELL, CELL_1, CELL_2, CELL_COLUMN, CELL_QUOTED, CELL_ABOVE = 720, 721, 722, 723, 724, 725
CELL_PLACE, CELL_SAME = 726, 727
CELL_PLACES, CELLS_ABOVE = 728, 792
FIELDS = 856
