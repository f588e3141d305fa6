"""What numba has no words for: prefetch, atomic loads and adds, a barrier, a cycle counter.

Only speed and thread order depend on these; no value on the coded path does.
"""

import os
import platform

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from cmixpy.model.jit import block

# After so many polls a waiting thread offers its core to others. That costs nothing where nobody
# wants it; where somebody does, it is most likely the thread that is waited for.
SPINS = 20
# What a polling processor may be told, so that it leaves the units of its core to the other
# processor of that core: LLVM's name for it, and its operand, by machine.
PAUSE, HINT = ("llvm.x86.sse2.pause", ()), ("llvm.aarch64.hint", (1,))
RELAX = {"x86_64": PAUSE, "AMD64": PAUSE, "aarch64": HINT, "arm64": HINT}


def _element_pointer(context, builder, array_type, array, index):
    data = context.make_array(array_type)(context, builder, array).data
    return builder.gep(data, [index])


@intrinsic
def prefetch_row(typingctx, array, index):
    """Ask for the cache line where row (or element) `index` of an array begins."""

    def codegen(context, builder, signature, args):
        array_type = signature.args[0]
        value = context.make_array(array_type)(context, builder, args[0])
        strides = cgutils.unpack_tuple(builder, value.strides)
        byte_pointer = builder.bitcast(value.data, cgutils.voidptr_t)
        pointer = builder.gep(byte_pointer, [builder.mul(args[1], strides[0])])
        int32 = ir.IntType(32)
        function_type = ir.FunctionType(ir.VoidType(), [cgutils.voidptr_t, int32, int32, int32])
        function = cgutils.get_or_insert_function(builder.module, function_type, "llvm.prefetch.p0")
        builder.call(function, [pointer, int32(0), int32(3), int32(1)])
        return context.get_dummy_value()

    return types.void(array, types.int64), codegen


@intrinsic
def atomic_add(typingctx, array, index, value):
    """Add to an int64 element; the value before."""

    def codegen(context, builder, signature, args):
        pointer = _element_pointer(context, builder, signature.args[0], args[0], args[1])
        return builder.atomic_rmw("add", pointer, args[2], "seq_cst")

    return types.int64(array, types.int64, types.int64), codegen


@intrinsic
def atomic_load(typingctx, array, index):
    """Read an int64 element with acquire order."""

    def codegen(context, builder, signature, args):
        pointer = _element_pointer(context, builder, signature.args[0], args[0], args[1])
        return builder.load_atomic(pointer, "acquire", 8)

    return types.int64(array, types.int64), codegen


@intrinsic
def atomic_store(typingctx, array, index, value):
    """Write an int64 element with release order."""

    def codegen(context, builder, signature, args):
        pointer = _element_pointer(context, builder, signature.args[0], args[0], args[1])
        builder.store_atomic(args[2], pointer, "release", 8)
        return context.get_dummy_value()

    return types.void(array, types.int64, types.int64), codegen


@intrinsic
def relax(typingctx):
    """Poll gently: the two processors of one core share what a waiting one would use up."""

    def codegen(context, builder, signature, args):
        if platform.machine() in RELAX:
            name, values = RELAX[platform.machine()]
            operands = [ir.IntType(32)(value) for value in values]
            function_type = ir.FunctionType(ir.VoidType(), [value.type for value in operands])
            function = cgutils.get_or_insert_function(builder.module, function_type, name)
            builder.call(function, operands)
        return context.get_dummy_value()

    return types.void(), codegen


@intrinsic
def cycles(typingctx):
    """The processor's cycle counter (time stamp counter on x86)."""

    def codegen(context, builder, signature, args):
        function_type = ir.FunctionType(ir.IntType(64), [])
        function = cgutils.get_or_insert_function(
            builder.module, function_type, "llvm.readcyclecounter"
        )
        return builder.call(function, [])

    return types.int64(), codegen


if os.name == "posix":
    _yield_core = types.ExternalFunction("sched_yield", types.int32())
else:

    @block
    def _yield_core():
        return 0


@block
def poll(spins):
    """Be idle for a moment, the `spins`-th since the core was last offered; the next number."""
    relax()
    if spins < SPINS:
        return spins + 1
    _yield_core()
    return 0


@block
def barrier(sync, threads):
    """Wait until `threads` threads are here, or one has given up.

    sync: int64[48], apart by cache lines: [0] arrivals, [8] generation, [16] not 0: give up (a
    thread was interrupted before it came; the state is lost, but no thread spins for ever),
    [24] half-steps with whose learning the LSTM is done, [32] half-steps of the kernel that are
    committed, and their outputs made, [40] the half-step before which the LSTM's thread would
    help, [41] the one before which it does, [42] from which.
    """
    if threads > 1:
        generation = atomic_load(sync, 8)
        if atomic_add(sync, 0, 1) == threads - 1:
            atomic_store(sync, 0, 0)
            atomic_store(sync, 8, generation + 1)
        else:
            spins = 0
            while atomic_load(sync, 8) == generation and atomic_load(sync, 16) == 0:
                spins = poll(spins)


@block
def await_count(sync, place, count):
    """Wait until sync[place] has reached `count`."""
    spins = 0
    while atomic_load(sync, place) < count and atomic_load(sync, 16) == 0:
        spins = poll(spins)


@block
def await_lstm(sync, count):
    """Wait until the LSTM has learnt what counts behind `count` half-steps."""
    await_count(sync, 24, count)


@block
def admit_helper(sync, number):
    """Thread 0, before the last barrier ahead of half-step `number`: let the LSTM's thread take
    part from there on if it asks to. All threads read [41] behind that barrier."""
    if sync[41] <= number:
        until = atomic_load(sync, 40)
        if until > number:
            sync[42] = number
            atomic_store(sync, 41, until)


@block
def await_admission(sync, until):
    """Ask to take part before half-step `until`; from which one on, or `until`: not at all."""
    atomic_store(sync, 40, until)
    spins = 0
    while (
        atomic_load(sync, 41) < until
        and atomic_load(sync, 32) < until
        and atomic_load(sync, 16) == 0
    ):
        spins = poll(spins)
    if atomic_load(sync, 41) < until:
        return until
    # The threads that are there have still to leave the barrier before.
    await_count(sync, 32, sync[42])
    return sync[42]


@block
def announce_step(sync, count):
    """Tell the LSTM's thread that the kernel has committed `count` half-steps."""
    atomic_store(sync, 32, count)
