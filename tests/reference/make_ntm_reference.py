"""Reference values for the Neural Turing Machine, computed by PyTorch.

    pip install torch==2.13.0 safetensors numpy
    python tests/reference/make_ntm_reference.py

It first recomputes ntm-reference.safetensors, a file made by somebody else, and stops if any
value differs by more than 1e-6. Then it writes the files named in FILES beside itself, each with
parameters, inputs, targets and `expected.*`: outputs, memory, weightings, loss and gradients.

It is deliberately independent of src/: written from the paper (Graves, Wayne, Danihelka 2014,
arXiv 1410.5401, section 3) and from the facts in the design, never from our TypeScript, so that
an agreement of the two says something. Keep it so: do not port a fix from src/ to here.
The sums are done in float64 from float32 parameters, and rounded to float32 at the end.
"""

import json
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors import safe_open
from safetensors.torch import save

HERE = Path(__file__).parent
SHIFTS, INPUTS, OUTPUTS = 3, 5, 4  # shifts are -1, 0, +1
FILES = {  # name: (seed, controller, read heads, write heads)
    "ntm-2x2-lstm": (22, "lstm-10", 2, 2),
    "ntm-3x1-lstm": (31, "lstm-10", 3, 1),
    "ntm-1x2-feedforward": (12, "feedforward-10", 1, 2),
}


def address(head, memory, previous):
    """Weighting [batch, slot] of a head that emitted k, beta, g, s, gamma (equations 5 to 9)."""
    key, beta, gate, shift, gamma = head.split([memory.shape[2], 1, 1, SHIFTS, 1], dim=1)
    similarity = F.cosine_similarity(key[:, None, :], memory, dim=2)  # (6)
    content = torch.softmax(F.softplus(beta) * similarity, dim=1)  # (5)
    gate, s = torch.sigmoid(gate), torch.softmax(shift, dim=1)
    gated = gate * content + (1 - gate) * previous  # (7)
    before, after = gated.roll(1, dims=1), gated.roll(-1, dims=1)  # w[i-1], w[i+1], circular
    shifted = s[:, 0:1] * before + s[:, 1:2] * gated + s[:, 2:3] * after  # (8)
    sharp = shifted ** (1 + F.softplus(gamma))
    return sharp / sharp.sum(dim=1, keepdim=True)  # (9)


def run(p, inputs, metadata):
    """Outputs, memory and weightings after each step; every one begins with [step, batch]."""
    batch, slots, word = inputs.shape[1], int(metadata["slots"]), int(metadata["word"])
    n_read, n_write = int(metadata["read_heads"]), int(metadata["write_heads"])
    lstm = metadata["controller"].startswith("lstm")
    memory = p["memory.init"].expand(batch, -1, -1)
    reads = [p[f"read.{i}.vector.init"].expand(batch, -1) for i in range(n_read)]
    read_weights, write_weights = ([inputs.new_zeros(batch, slots)] * n for n in (n_read, n_write))
    if lstm:
        state = [p[f"controller.{name}.init"].expand(batch, -1) for name in ("hidden", "cell")]
        lstm_weights = [p[f"controller.{name}"] for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]
    trace = []
    for x in inputs:
        seen = torch.cat([x, *reads], dim=1)
        if lstm:
            state = torch.lstm_cell(seen, state, *lstm_weights)
            control = state[0]  # hidden
        else:
            control = torch.tanh(F.linear(seen, p["controller.weight"], p["controller.bias"]))
        for i in range(max(n_read, n_write)):  # read 0, write 0, read 1, write 1, ...
            if i < n_read:
                head = F.linear(control, p[f"read.{i}.weight"], p[f"read.{i}.bias"])
                read_weights[i] = address(head, memory, read_weights[i])
                reads[i] = torch.einsum("bn,bnm->bm", read_weights[i], memory)  # (2)
            if i < n_write:
                head = F.linear(control, p[f"write.{i}.weight"], p[f"write.{i}.bias"])
                head, erase, add = head.split([word + 3 + SHIFTS, word, word], dim=1)
                write_weights[i] = address(head, memory, write_weights[i])
                w = write_weights[i][:, :, None]
                memory = memory * (1 - w * torch.sigmoid(erase)[:, None, :]) + w * add[:, None, :]  # (3, 4)
        logits = F.linear(torch.cat([control, *reads], dim=1), p["output.weight"], p["output.bias"])
        weights = torch.stack(read_weights, dim=1), torch.stack(write_weights, dim=1)
        trace.append((torch.sigmoid(logits), memory, *weights))
    names = ("outputs", "memory", "read.weights", "write.weights")
    return {name: torch.stack(steps) for name, steps in zip(names, zip(*trace))}


def expected(given, metadata):
    """The `expected.*` tensors of a file, from its parameters, inputs and targets."""
    doubles = {name: tensor.double() for name, tensor in given.items()}
    inputs, targets = doubles.pop("inputs"), doubles.pop("targets")
    parameters = {name: tensor.requires_grad_() for name, tensor in doubles.items()}
    values = run(parameters, inputs, metadata)
    loss = F.binary_cross_entropy(values["outputs"], targets)
    gradients = torch.autograd.grad(loss, list(parameters.values()))
    values["loss"] = loss.reshape(1)
    values.update({f"grad.{name}": g for name, g in zip(parameters, gradients)})
    return {f"expected.{name}": v.detach().float().contiguous() for name, v in values.items()}


def draw(seed, controller, n_read, n_write):
    """Uniform parameters, large enough for weightings far from even; random bits; and the metadata."""
    slots, word, batch, steps = 12, 6, 2, 6
    kind, units = controller.split("-")
    units, seen, head = int(units), INPUTS + n_read * word, word + 3 + SHIFTS
    generator = torch.Generator().manual_seed(seed)

    def uniform(scale, *shape):
        return (torch.rand(shape, generator=generator) * 2 - 1) * scale

    t = {"memory.init": uniform(1, slots, word)}
    if kind == "lstm":
        t["controller.weight_ih"], t["controller.bias_ih"] = uniform(1, 4 * units, seen), uniform(0.5, 4 * units)
        t["controller.weight_hh"], t["controller.bias_hh"] = uniform(1, 4 * units, units), uniform(0.5, 4 * units)
        t["controller.hidden.init"], t["controller.cell.init"] = uniform(0.5, 1, units), uniform(0.5, 1, units)
    else:
        t["controller.weight"], t["controller.bias"] = uniform(0.7, units, seen), uniform(0.5, units)
    for role, count, size in (("read", n_read, head), ("write", n_write, head + 2 * word)):
        for i in range(count):
            t[f"{role}.{i}.weight"], t[f"{role}.{i}.bias"] = uniform(1, size, units), uniform(0.5, size)
            t[f"{role}.{i}.bias"][word] += 4  # beta: a key picks few slots
    for i in range(n_read):
        t[f"read.{i}.vector.init"] = uniform(0.5, 1, word)
    t["output.weight"], t["output.bias"] = uniform(1, OUTPUTS, units + n_read * word), uniform(0.5, OUTPUTS)
    for name, channels in (("inputs", INPUTS), ("targets", OUTPUTS)):
        t[name] = (torch.rand((steps, batch, channels), generator=generator) < 0.5).float()
    metadata = {
        "model": "ntm", "controller": controller, "read_heads": str(n_read), "write_heads": str(n_write),
        "slots": str(slots), "word": str(word), "batch": str(batch), "steps": str(steps),
        "head_order": "read, write alternating", "loss": "mean binary cross entropy over steps, batch and outputs",
    }
    return t, metadata


def write(path, tensors, metadata):
    """Save with a sorted header, for safetensors orders the metadata anew at every run."""
    file = save(tensors, metadata)
    size = int.from_bytes(file[:8], "little")
    header = json.dumps(json.loads(file[8 : 8 + size]), sort_keys=True, separators=(",", ":"))
    path.write_bytes(file[:8] + header.encode().ljust(size) + file[8 + size :])
    print(f"{path.name}: {path.stat().st_size} bytes")


def check(path):
    """Stop unless every `expected.*` of a given file is recomputed within 1e-6."""
    with safe_open(path, "pt") as file:
        metadata, tensors = file.metadata(), {name: file.get_tensor(name) for name in file.keys()}
    ours = expected({k: v for k, v in tensors.items() if not k.startswith("expected.")}, metadata)
    for name in sorted(k for k in tensors if k.startswith("expected.")):
        assert ours[name].shape == tensors[name].shape, name
        error = (ours[name] - tensors[name]).abs().max().item()
        print(f"  {name:40} {error:.1e}")
        if not error <= 1e-6:
            raise SystemExit(f"{path.name}: {name} differs by {error:.1e}, more than 1e-6")


if __name__ == "__main__":
    torch.set_num_threads(1)
    print("largest difference from ntm-reference.safetensors:")
    check(HERE / "ntm-reference.safetensors")
    for name, recipe in FILES.items():
        given, metadata = draw(*recipe)
        write(HERE / f"{name}.safetensors", {**given, **expected(given, metadata)}, metadata)
