"""Reference values for the Neural State Machine, computed by PyTorch.

    pip install torch==2.13.0 safetensors numpy
    python tests/reference/make_nsm_reference.py

It first recomputes nsm-reference.safetensors, a file made by somebody else, and stops if any
value differs by more than 1e-6. Then it writes the files named in FILES beside itself: whole
machines, each with parameters, inputs, targets and `expected.*` (every site, outputs, loss,
gradients), and one step of the cell alone with LSTM gates.

It is deliberately independent of src/: attention, normalisation and the LSTM are PyTorch's own
modules, the rest is written from the documentation, never from our TypeScript, so that an
agreement of the two says something. Keep it so: do not port a fix from src/ to here.
The sums are done in float64 from float32 parameters, and rounded to float32 at the end.
"""

from pathlib import Path

import torch
import torch.nn.functional as F
from make_ntm_reference import SHIFTS, write
from safetensors import safe_open
from torch import nn

HERE = Path(__file__).parent
TOKENS, SYMBOLS, STATES, DIM, HEADS, SLOTS, WORD, OUTPUTS = 4, 5, 3, 6, 2, 7, 4, 3
BATCH, STEPS, READS, WRITES = 2, 4, 2, 1
DECAY = 0.9  # of the moving average of received attention
FILES = {  # name: (seed, gates, pruned states, whether a mask says which answers count)
    "nsm-gru-2x1": (21, "gru", [], False),
    "nsm-lstm-2x1-pruned": (22, "lstm", [1], True),
}


def affine(p, name, x):
    return F.linear(x, p[f"{name}.weight"], p[f"{name}.bias"])


def norm(p, name, x):
    return F.layer_norm(x, x.shape[-1:], p[f"{name}.weight"], p[f"{name}.bias"], eps=1e-5)


def attend(p, name, x, heads, closed=None):
    """What is heard [batch, position, feature] and the weights [batch, head, query, key], by nn.MultiheadAttention."""
    module = nn.MultiheadAttention(x.shape[-1], heads, batch_first=True, dtype=x.dtype)
    parameters = {
        "in_proj_weight": p[f"{name}.in.weight"], "in_proj_bias": p[f"{name}.in.bias"],
        "out_proj.weight": p[f"{name}.out.weight"], "out_proj.bias": p[f"{name}.out.bias"],
    }
    mask = None if closed is None else closed.expand(x.shape[0], -1)
    options = {"key_padding_mask": mask, "need_weights": True, "average_attn_weights": False}
    return torch.func.functional_call(module, parameters, (x, x, x), options)


def cell_step(p, tokens, states, cell, heads, gates, closed=None):
    """One step of the cell: values by site, and the LSTM's cell. `closed` [state] is true for pruned states."""
    found = {}
    logits = affine(p, "router", tokens).unflatten(-1, (heads, -1)).mean(dim=-2)  # [batch, token, state]
    if closed is not None:
        logits = logits.masked_fill(closed, float("-inf"))
    found["routing.weights"] = routing = logits.softmax(dim=-1)
    routed = affine(p, "router.output", torch.einsum("bts,btf->bsf", routing, tokens))
    if closed is not None:
        routed = routed.masked_fill(closed[:, None], 0)
    found["routed"] = routed
    dim = states.shape[-1]
    if gates == "gru":
        both = torch.cat([states, routed], dim=-1)
        found["gates.update"] = update = affine(p, "gates.update", both).sigmoid()
        found["gates.reset"] = reset = affine(p, "gates.reset", both).sigmoid()
        candidate = affine(p, "gates.candidate", torch.cat([reset * states, routed], dim=-1)).tanh()
        found["gates.candidate"] = candidate
        gated = torch.lerp(states, candidate, update)
    else:
        order = ["input", "forget", "candidate", "output"]  # PyTorch's i, f, g, o
        weights = torch.cat([p[f"gates.{name}.weight"] for name in order])  # over [state, routed]
        bias = torch.cat([p[f"gates.{name}.bias"] for name in order])
        flat = lambda x: x.reshape(-1, dim)
        hidden = (flat(states), flat(cell))
        given = (weights[:, dim:], weights[:, :dim], bias, torch.zeros_like(bias))
        gated, cell = (x.reshape(states.shape) for x in torch.lstm_cell(flat(routed), hidden, *given))
        for name in order:  # the gates themselves, which lstm_cell does not return
            squash = torch.tanh if name == "candidate" else torch.sigmoid
            found[f"gates.{name}"] = squash(affine(p, f"gates.{name}", torch.cat([states, routed], dim=-1)))
        found["cell"] = cell
    found["gated"] = gated
    heard, found["state.attention"] = attend(p, "attention", gated, heads, closed)
    found["states"] = norm(p, "norm", gated + heard)
    return found, cell


def head_step(p, head, driving, memory, previous):
    """A head of a Neural Turing Machine: its values by site, and the memory after it."""
    found = {}
    sizes = [WORD, 1, 1, SHIFTS, 1] + ([] if head.startswith("read") else [WORD, WORD])
    key, beta, gate, shift, gamma, *rest = affine(p, head, driving).split(sizes, dim=1)
    found["key"], found["strength"], found["gate"] = key, F.softplus(beta), gate.sigmoid()
    found["shift"], found["sharpening"] = shift.softmax(dim=1), 1 + F.softplus(gamma)
    similarity = F.cosine_similarity(key[:, None, :], memory, dim=2)
    found["content"] = (found["strength"] * similarity).softmax(dim=1)
    found["gated"] = torch.lerp(previous, found["content"], found["gate"])
    turned = torch.stack([found["gated"].roll(by, dims=1) for by in (1, 0, -1)], dim=1)  # w[i-1], w[i], w[i+1]
    found["shifted"] = torch.einsum("bs,bsn->bn", found["shift"], turned)
    found["weights"] = weights = F.normalize(found["shifted"] ** found["sharpening"], p=1, dim=1)
    if head.startswith("read"):
        found["vector"] = torch.einsum("bn,bnw->bw", weights, memory)
    else:
        found["erase"], found["add"] = rest[0].sigmoid(), rest[1]
        erased = torch.einsum("bn,bw->bnw", weights, found["erase"])
        memory = memory * (1 - erased) + torch.einsum("bn,bw->bnw", weights, found["add"])
    return {f"{head}.{name}": value for name, value in found.items()}, memory


def run(p, inputs, metadata):
    """Every site, and the outputs, at every step, [step, batch, ...]; and the logits."""
    batch, heads, gates = inputs.shape[1], int(metadata["heads"]), metadata["gates"]
    pruned = [int(state) for state in metadata.get("pruned", "").split(",") if state]
    closed = torch.zeros(STATES, dtype=torch.bool)
    closed[pruned] = True
    states = p["states.init"].expand(batch, -1, -1)
    cell, received = torch.zeros_like(states), inputs.new_zeros(batch, STATES)
    memory = p["memory.init"].expand(batch, -1, -1)
    order = ["read.0", "write.0", "read.1"]  # in turn: read 0, write 0, read 1
    weights = {head: p[f"{head}.weights.init"].softmax(dim=1).expand(batch, -1) for head in order}
    trace = []
    for x in inputs:
        now = {"input": x.reshape(batch, TOKENS, SYMBOLS)}
        now["tokens.embedded"] = affine(p, "tokens.embedding", now["input"]) + p["tokens.position"]
        heard, now["tokens.attention"] = attend(p, "tokens.attention", now["tokens.embedded"], heads)
        now["tokens"] = norm(p, "tokens.norm", now["tokens.embedded"] + heard)
        found, cell = cell_step(p, now["tokens"], states, cell, heads, gates, closed if pruned else None)
        now.update(found)
        states = now["states"]
        importance = p["importance.learned"].sigmoid().masked_fill(closed, 0)
        now["importance"] = importance.expand(batch, -1)
        received = DECAY * received + (1 - DECAY) * now["state.attention"].mean(dim=(1, 2))
        now["importance.attention"] = received
        said = (states * importance[:, None]).flatten(1)
        driving = torch.cat([said, now["routed"].flatten(1)], dim=1)
        now["memory.before"] = memory
        for head in order:
            found, memory = head_step(p, head, driving, memory, weights[head])
            weights[head] = found[f"{head}.weights"]
            now.update(found)
        now["memory"] = memory
        now["logits"] = affine(p, "output", torch.cat([said, now["read.0.vector"], now["read.1.vector"]], dim=1))
        now["outputs"] = now["logits"].softmax(dim=1)
        trace.append(now)
    return {name: torch.stack([now[name] for now in trace]) for name in trace[0]}


def expected(given, metadata):
    """The `expected.*` tensors of a whole machine, from its parameters, inputs, targets and mask."""
    doubles = {name: tensor.double() for name, tensor in given.items()}
    inputs, targets, mask = doubles.pop("inputs"), doubles.pop("targets"), doubles.pop("mask", None)
    parameters = {name: tensor.requires_grad_() for name, tensor in doubles.items()}
    values = run(parameters, inputs, metadata)
    counted = torch.ones(targets.shape[:2], dtype=torch.bool) if mask is None else mask.bool()
    loss = F.cross_entropy(values["logits"][counted], targets[counted].argmax(dim=1))
    gradients = torch.autograd.grad(loss, list(parameters.values()))
    values["loss"] = loss.reshape(1)
    values.update({f"grad.{name}": g for name, g in zip(parameters, gradients)})
    return rounded(values)


def expected_step(given, metadata):
    """The `expected.*` tensors of one step of the cell."""
    p = {name: tensor.double() for name, tensor in given.items()}
    heads, gates = int(metadata["heads"]), metadata["gates"]
    with torch.no_grad():
        return rounded(cell_step(p, p["tokens"], p["states"], p.get("cell"), heads, gates)[0])


def rounded(values):
    return {f"expected.{name}": v.detach().float().contiguous() for name, v in values.items()}


def draw_cell(uniform, dim, states, heads, gates):
    """Parameters of the cell, large enough for weights far from even."""
    t = {}

    def add(name, outputs, inputs, scale=1.0):
        t[f"{name}.weight"], t[f"{name}.bias"] = uniform(scale, outputs, inputs), uniform(0.5, outputs)

    add("router", heads * states, dim, 2)
    add("router.output", dim, dim, 0.6)
    names = ["update", "reset", "candidate"] if gates == "gru" else ["input", "forget", "candidate", "output"]
    for name in names:
        add(f"gates.{name}", dim, 2 * dim, 0.7)
    add("attention.in", 3 * dim, dim)
    add("attention.out", dim, dim)
    t["norm.weight"], t["norm.bias"] = 1 + uniform(0.5, dim), uniform(0.5, dim)
    return t


def source(seed):
    generator = torch.Generator().manual_seed(seed)
    uniform = lambda scale, *shape: (torch.rand(shape, generator=generator) * 2 - 1) * scale
    return generator, uniform


def draw(seed, gates, pruned, masked):
    """Uniform parameters, random one-hot tokens (some absent) and answers; and the metadata."""
    generator, uniform = source(seed)
    other = draw_cell(uniform, DIM, STATES, HEADS, gates)  # of which the attention serves the tokens
    t = {f"tokens.{name}": value for name, value in other.items() if name.startswith("attention")}
    t["tokens.embedding.weight"], t["tokens.embedding.bias"] = uniform(1, DIM, SYMBOLS), uniform(0.5, DIM)
    t["tokens.position"] = uniform(0.5, TOKENS, DIM)
    t["tokens.norm.weight"], t["tokens.norm.bias"] = 1 + uniform(0.5, DIM), uniform(0.5, DIM)
    t.update(draw_cell(uniform, DIM, STATES, HEADS, gates))
    t["states.init"], t["importance.learned"] = uniform(1, STATES, DIM), uniform(2, STATES)
    for role, count, size in (("read", READS, WORD + 3 + SHIFTS), ("write", WRITES, 3 * WORD + 3 + SHIFTS)):
        for i in range(count):
            t[f"{role}.{i}.weight"], t[f"{role}.{i}.bias"] = uniform(0.4, size, 2 * STATES * DIM), uniform(0.5, size)
            t[f"{role}.{i}.bias"][WORD] += 3  # beta: a key picks few slots
            t[f"{role}.{i}.weights.init"] = uniform(2, 1, SLOTS)
    t["memory.init"] = uniform(1, SLOTS, WORD)
    t["output.weight"] = uniform(1, OUTPUTS, STATES * DIM + READS * WORD)
    t["output.bias"] = uniform(0.5, OUTPUTS)
    symbols = torch.randint(0, SYMBOLS + 1, (STEPS, BATCH, TOKENS), generator=generator)  # the last is no token
    t["inputs"] = F.one_hot(symbols, SYMBOLS + 1)[..., :SYMBOLS].float().flatten(2)
    t["targets"] = F.one_hot(torch.randint(0, OUTPUTS, (STEPS, BATCH), generator=generator), OUTPUTS).float()
    if masked:
        t["mask"] = torch.tensor([[0, 0], [0, 1], [1, 0], [1, 1]]).float()
        t["targets"] *= t["mask"][..., None]
    metadata = {
        "model": "nsm", "gates": gates, "heads": str(HEADS), "read_heads": str(READS), "write_heads": str(WRITES),
        "loss": "mean cross entropy over the answers that count",
    }
    if pruned:
        metadata["pruned"] = ",".join(map(str, pruned))
    return t, metadata


def draw_step(seed):
    """One step of the cell with LSTM gates: parameters, tokens, states and cell; and the metadata."""
    _, uniform = source(seed)
    batch, tokens, states, dim, heads = 3, 5, 4, 8, 4
    t = draw_cell(uniform, dim, states, heads, "lstm")
    t["tokens"], t["states"] = uniform(1.5, batch, tokens, dim), uniform(1.5, batch, states, dim)
    t["cell"] = uniform(1.5, batch, states, dim)
    sizes = {"batch": batch, "tokens": tokens, "states": states, "dim": dim, "heads": heads}
    metadata = {"model": "nsm step", "gates": "lstm", "layer_norm_epsilon": "1e-5"}
    return t, metadata | {name: str(size) for name, size in sizes.items()}


def check(path):
    """Stop unless every `expected.*` of a given step is recomputed within 1e-6."""
    with safe_open(path, "pt") as file:
        metadata, tensors = file.metadata(), {name: file.get_tensor(name) for name in file.keys()}
    ours = expected_step({k: v for k, v in tensors.items() if not k.startswith("expected.")}, metadata)
    for name in sorted(k for k in tensors if k.startswith("expected.")):
        assert ours[name].shape == tensors[name].shape, name
        error = (ours[name] - tensors[name]).abs().max().item()
        print(f"  {name:40} {error:.1e}")
        if not error <= 1e-6:
            raise SystemExit(f"{path.name}: {name} differs by {error:.1e}, more than 1e-6")


if __name__ == "__main__":
    torch.set_num_threads(1)
    print("largest difference from nsm-reference.safetensors:")
    check(HERE / "nsm-reference.safetensors")
    for name, recipe in FILES.items():
        given, metadata = draw(*recipe)
        write(HERE / f"{name}.safetensors", {**given, **expected(given, metadata)}, metadata)
    given, metadata = draw_step(23)
    write(HERE / "nsm-step-lstm.safetensors", {**given, **expected_step(given, metadata)}, metadata)
