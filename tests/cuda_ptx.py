"""Compile the CUDA kernels to PTX, without a device: run as a program by test_cuda.py.

python tests/cuda_ptx.py FOLDER [--capability 8.0 …] [--kernel code …]
"""

import argparse
import time
from pathlib import Path

import numpy as np
from numba import typeof, types

from cmixpy import engine, presets
from cmixpy.cuda import arrays, cells, device, kernels, network
from cmixpy.model import state

# The context models' kernels by their names, the LSTM's network behind "lstm_".
FUNCTIONS = {
    **kernels.FUNCTIONS, **{f"lstm_{name}": made for name, made in cells.FUNCTIONS.items()}
}  # fmt: skip


def network_signatures() -> dict:
    """The types of the arguments of cells.py's kernels."""
    plan = presets.choose(7, "text", 1 << 16, 2)
    private = arrays.build_private(plan)
    told = cells.ToldArrays(*(getattr(private, name) for name in cells.ToldArrays._fields))
    weights, trace = typeof(network.build_weights(plan)), typeof(network.build_trace(plan, 1))
    group, place = typeof(network.build_group(plan, 1)), types.int64
    return {
        "lstm_take": [weights, trace, trace, group, typeof(told), place, place],
        "lstm_turn_over": [trace, trace],
        "lstm_back": [trace, group, place],
        "lstm_start_training": [weights],
        "lstm_learn": [weights],
        "lstm_sum_rows": [weights, trace, group],
        "lstm_learn_rows": [weights],
    }


def signatures() -> dict:
    """The types of each kernel's arguments: the same for every description."""
    symbols = np.arange(40, dtype=np.uint8)
    plan = presets.choose(1, "text", len(symbols), 2)
    source, codes, starts = engine.code_buffers(symbols, plan)
    plan_arrays = state.build_plan(plan, len(symbols))
    shared = state.build_shared(plan, plan_arrays, len(symbols))
    private = arrays.build_private(plan)
    notes = arrays.with_views(arrays.build_notes(plan, shared, private), shared, private)
    model = [typeof(group) for group in (plan_arrays, shared, private, notes)]
    streams = typeof(arrays.CodeArrays(source.copy(), codes, starts))
    others = dict.fromkeys(kernels.FUNCTIONS, model)
    nibble = types.int64
    return {
        **others, "look_up": [*model, nibble], "code": [*model, streams, types.boolean, nibble],
        **network_signatures(),
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--capability", nargs="*", default=["8.0", "9.0"])
    parser.add_argument("--kernel", nargs="*", default=list(FUNCTIONS))
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    types_of = signatures()
    for name in options.kernel:
        function, blocks = FUNCTIONS[name]
        for capability in options.capability:
            major, minor = map(int, capability.split("."))
            began = time.process_time()
            ptx, _ = device.cuda.compile(
                device.twin(function, blocks), types.void(*types_of[name]), device=False,
                cc=(major, minor), output="ptx", abi="numba",
            )  # fmt: skip
            path = options.folder / f"{name}-{capability}.ptx"
            path.write_text(ptx)
            took = time.process_time() - began
            print(f"{path.name}: {len(ptx.splitlines())} lines, {took:.1f} s", flush=True)


if __name__ == "__main__":
    main()
