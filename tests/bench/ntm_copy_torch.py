"""One training step of an NTM on copy in PyTorch, the peer that the engine is measured beside.

    echo 1 | python tests/bench/ntm_copy_torch.py

Sizes of the paper (128 slots of 20 numbers, LSTM of 100 units, 8-bit vectors), length 20: 41 steps. For each line read, a
batch size, it trains one step and prints its milliseconds; the caller takes medians and interleaves us and it. The machine
is that of tests/reference/make_ntm_reference.py, written from the paper.
"""

import sys
import time
from pathlib import Path

import torch
import torch.nn.functional as F

sys.path.insert(0, str(Path(__file__).parent.parent / "reference"))
from make_ntm_reference import run  # noqa: E402

LENGTH, SLOTS, WORD, UNITS, BITS = 20, 128, 20, 100, 8
STEPS, INPUTS = 2 * LENGTH + 1, BITS + 1
METADATA = {"slots": SLOTS, "word": WORD, "read_heads": 1, "write_heads": 1, "controller": f"lstm-{UNITS}"}
HEAD = WORD + 6
SHAPES = {
    "controller.weight_ih": (4 * UNITS, INPUTS + WORD), "controller.weight_hh": (4 * UNITS, UNITS),
    "controller.bias_ih": (4 * UNITS,), "controller.bias_hh": (4 * UNITS,),
    "controller.hidden.init": (1, UNITS), "controller.cell.init": (1, UNITS),
    "read.0.weight": (HEAD, UNITS), "read.0.bias": (HEAD,), "read.0.vector.init": (1, WORD),
    "write.0.weight": (HEAD + 2 * WORD, UNITS), "write.0.bias": (HEAD + 2 * WORD,),
    "output.weight": (BITS, UNITS + WORD), "output.bias": (BITS,),
}

torch.set_num_threads(2)
torch.manual_seed(1)
parameters = {name: (torch.randn(shape) * 0.1).requires_grad_() for name, shape in SHAPES.items()}
fixed = {"memory.init": torch.randn(SLOTS, WORD) * 0.1}
optimizer = torch.optim.Adam(parameters.values(), lr=1e-3)


def step(batch):
    inputs, targets = torch.rand(STEPS, batch, INPUTS).round(), torch.rand(STEPS, batch, BITS).round()
    started = time.perf_counter()
    values = run({**parameters, **fixed}, inputs, METADATA)
    loss = F.binary_cross_entropy(values["outputs"], targets)
    optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(parameters.values(), 10)
    optimizer.step()
    loss.item()
    return 1000 * (time.perf_counter() - started)


for line in sys.stdin:
    print(step(int(line)), flush=True)
