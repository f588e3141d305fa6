"""Twins: functions of the CPU kernels as CUDA compiles them, with all that they call inlined.

A CUDA kernel that is compiled where no driver is can call only `njit(inline="always")`, so blocks
and routines (model/jit.py) all become that. A function finds its callees by the names of its
module; its twin is the same code over names that lead to twins.
"""

from collections.abc import Callable
from types import CodeType, FunctionType
from typing import Any

from numba import njit
from numba.core.dispatcher import Dispatcher

from cmixpy.model import atomics


def inlined(function):
    """What jit.block makes of a function."""
    return njit(inline="always", error_model="numpy")(function)


@inlined
def _ask_nothing(array, index):
    pass


@inlined
def _no_cycles():
    return 0


# A GPU hides its memory's delays behind other lanes, and its clock is not the processor's.
REPLACED = {id(atomics.prefetch_row): _ask_nothing, id(atomics.cycles): _no_cycles}


def _names(code: CodeType) -> set[str]:
    names = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            names |= _names(constant)
    return names


def _over(function: Callable, names: dict) -> FunctionType:
    """The same code over other names."""
    return FunctionType(
        function.__code__, names, function.__name__, function.__defaults__, function.__closure__
    )


def in_one_module(function: Any, blocks: tuple[Callable, ...]) -> FunctionType:
    """A kernel for the simulator, which lends `cuda` to the module of the kernel only.

    blocks : functions of this module and of others that it calls
    """
    names = dict(function.__globals__)
    for block in blocks:
        for name in _names(block.__code__) & block.__globals__.keys():
            value = names.setdefault(name, block.__globals__[name])
            assert value is block.__globals__[name], f"{name} of {block.__name__}"
    names.update((block.__name__, _over(block, names)) for block in blocks)
    return _over(function, names)


class Twins:
    """Makes twins, each once."""

    def __init__(self):
        self._made = {}

    def of(self, function: Any, blocks: tuple[Callable, ...] = ()) -> FunctionType:
        """The same code over the twins of all blocks and routines that it calls.

        blocks : functions not yet decorated that it calls, directly or not
        """
        names = function.__globals__
        replaced = {}
        for name in _names(function.__code__):
            value = names.get(name)
            if id(value) in REPLACED:
                replaced[name] = REPLACED[id(value)]
            elif isinstance(value, Dispatcher):
                replaced[name] = self._inlined(value.py_func, blocks)
            elif isinstance(value, FunctionType) and value in blocks:
                replaced[name] = self._inlined(value, blocks)
        return _over(function, {**names, **replaced})

    def _inlined(self, function: Callable, blocks: tuple[Callable, ...]):
        if id(function) not in self._made:
            self._made[id(function)] = inlined(self.of(function, blocks))
        return self._made[id(function)]
