"""Compile the CUDA kernels to PTX, without a device: run as a program by test_cuda.py.

python tests/cuda_ptx.py FOLDER 8.0 9.0
"""

import sys
import time
from pathlib import Path

import numpy as np
from numba import types, typeof
from numba import cuda as numba_cuda

from cmixpy import engine, presets
from cmixpy.cuda import arrays, device, kernels
from cmixpy.model import state


def signatures() -> dict:
    """The types of each kernel's arguments: the same for every description."""
    symbols = np.arange(40, dtype=np.uint8)
    plan = presets.choose(1, "text", len(symbols), 2)
    source, codes, starts = engine.code_buffers(symbols, plan)
    plan_arrays = state.build_plan(plan, len(symbols))
    shared = state.build_shared(plan, plan_arrays, len(symbols))
    private = arrays.build_private(plan)
    notes = arrays.build_notes(plan, shared, private)
    model = [typeof(group) for group in (plan_arrays, shared, private, notes)]
    streams = typeof(arrays.CodeArrays(source.copy(), codes, starts))
    return {"code": [*model, streams, types.boolean], "gather": model, "apply": model}


def main(folder: Path, capabilities: list[str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, arguments in signatures().items():
        function, blocks = kernels.KERNELS[name]
        for capability in capabilities:
            major, minor = map(int, capability.split("."))
            began = time.perf_counter()
            ptx, _ = numba_cuda.compile(
                device.twin(function, blocks), types.void(*arguments), device=False,
                cc=(major, minor), output="ptx", abi="numba",
            )  # fmt: skip
            path = folder / f"{name}-{capability}.ptx"
            path.write_text(ptx)
            took = time.perf_counter() - began
            print(f"{path.name}: {len(ptx.splitlines())} lines, {took:.1f} s", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
