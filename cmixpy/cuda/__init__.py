"""The coded path on NVIDIA GPUs: the same archive, bit for bit, as the CPU kernels make.

A lane is a block of threads. A few kernels code a half-step of all lanes (kernels.py), and nothing
waits for the host between them; that a kernel ends before the next one begins is the only barrier
across lanes:

- `begin` (symbols.py): the first thread finds matches and experts; thread c hashes context c.
- `look_up` (lookup.py), for each nibble: thread c fetches the slot of context c; selectors across
  the threads.
- `code` (coding.py), for each nibble: for each bit the inputs across the threads, the weight sets'
  sums gathered in integers, SSE stages across the threads, one thread codes the bit; nodes updated
  across threads.
- `finish` (symbols.py): the first thread takes the symbol in; then the lane stakes its claims:
  atomic minima and maxima, and sums in the upper half of counted entries, where no lane reads.
- `gather` (commits.py): who has a claim writes its slots and followers; counted entries settle;
  rows of weights that one bit touched learn, the deltas of others are added up.
- `apply` (commits.py): sums reach the weights; match tables and chains of experts take the places.

Launches are captured into graphs and replayed (graphs.py). Rows of the mixer and slots are read in
words of 64 bits (packed.py).

With an LSTM `code` also gates the mix (gates.py), and a half-step goes on:

- `sum_gates`, `apply_gates` (gates.py): the same for the weights of the output layer.
- the network (network.py): torch multiplies, kernels (cells.py) do the element-wise rest, on the
  same stream and in the same memory.

Everything atomic is a sum, a minimum or a maximum of integers, so no order of threads or lanes
shows in the result (design: the rule).

A scalar building block is the CPU's own function (cmixpy/model, cmixpy/lstm), inlined by twins.py:
what a model computes is written once. Only device.py imports numba.cuda, only network.py torch, and
nothing imports device.py before a device is asked for. Under numba's simulator
(NUMBA_ENABLE_CUDASIM=1) kernels run as Python, with the building blocks compiled for the CPU.
"""
