"""A Token Turing Machine in PyTorch, the peer that the engine is measured beside.

    echo check 1 | python tests/bench/ttm_torch.py FILE.safetensors

FILE holds parameters and batches ("inputs.32", "targets.32", "mask.32"); its metadata say how many heads and read tokens.
For each line read, "forward B", "training B" or "check B", it runs one forward pass or one training step on the batch of B
and answers with its milliseconds, or with the loss and the norm of every gradient. The machine is written from the paper
(Ryoo et al. 2022, arXiv 2211.09119: summarising with an MLP, and writing by it), and takes names from the file.
"""

import json
import struct
import sys
import time

import torch
import torch.nn.functional as F

FIXED = {"memory.init"}


def load(path):
    with open(path, "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        data = bytearray(file.read())
    metadata = header.pop("__metadata__")
    tensors = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        tensors[name] = torch.frombuffer(data[begin:end], dtype=torch.float32).reshape(entry["shape"])
    return metadata, tensors


def affine(p, name, x):
    return F.linear(x, p[f"{name}.weight"], p[f"{name}.bias"])


def norm(p, name, x):
    return F.layer_norm(x, x.shape[-1:], p[f"{name}.weight"], p[f"{name}.bias"])


def gelu(x):
    return F.gelu(x, approximate="tanh")


def summarise(p, name, tokens):
    """Section 3.1: each summary token is a weighted sum of all tokens [batch, summary, feature]."""
    inner = gelu(affine(p, f"{name}.hidden", norm(p, f"{name}.norm", tokens + p[f"{name}.position"])))
    scores = affine(p, f"{name}.scores", inner).transpose(1, 2)
    if f"{name}.scores.position" in p:
        scores = scores + p[f"{name}.scores.position"]
    return torch.softmax(scores, dim=2) @ tokens


def block(p, name, x, heads):
    batch, length, features = x.shape
    projected = affine(p, f"{name}.attention.in", norm(p, f"{name}.norm.0", x))
    q, k, v = projected.view(batch, length, 3, heads, features // heads).permute(2, 0, 3, 1, 4)
    heard = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(batch, length, features)
    x = x + affine(p, f"{name}.attention.out", heard)
    return x + affine(p, f"{name}.mlp.1", gelu(affine(p, f"{name}.mlp.0", norm(p, f"{name}.norm.1", x))))


def run(p, inputs):
    """Logits [step, batch, output]."""
    memory = p["memory.init"].expand(inputs.shape[1], -1, -1)
    logits = []
    for x in inputs:
        tokens = affine(p, "tokens.embedding", x.view(x.shape[0], TOKENS, -1))
        out = summarise(p, "read", torch.cat([memory, tokens], dim=1))
        for layer in range(LAYERS):
            out = block(p, f"layers.{layer}", out, HEADS)
        out = norm(p, "norm", out)
        memory = summarise(p, "write", torch.cat([memory, out, tokens], dim=1))
        logits.append(affine(p, "output", out.mean(dim=1)))
    return torch.stack(logits)


def loss_of(batch):
    logits = run(parameters, tensors[f"inputs.{batch}"])
    each = -(tensors[f"targets.{batch}"] * torch.log_softmax(logits, dim=2)).sum(dim=2)
    mask = tensors[f"mask.{batch}"]
    return (each * mask).sum() / mask.sum()


def differentiate(batch):
    loss = loss_of(batch)
    optimizer.zero_grad()
    loss.backward()
    return loss


def forward(batch):
    with torch.no_grad():
        run(parameters, tensors[f"inputs.{batch}"]).numpy()


def training(batch):
    loss = differentiate(batch)
    torch.nn.utils.clip_grad_norm_(trained, 1)
    optimizer.step()
    loss.item()


def check(batch):
    found = {"loss": differentiate(batch).item()}
    return found | {name: p.grad.norm().item() for name, p in parameters.items() if name not in FIXED}


torch.set_num_threads(2)
metadata, tensors = load(sys.argv[1])
TOKENS, HEADS = int(metadata["tokens"]), int(metadata["heads"])
parameters = {name: one for name, one in tensors.items() if name.split(".")[0] not in ("inputs", "targets", "mask")}
LAYERS = len({name.split(".")[1] for name in parameters if name.startswith("layers.")})
trained = [one.requires_grad_() for name, one in parameters.items() if name not in FIXED]
optimizer = torch.optim.Adam(trained, lr=1e-3)

for line in sys.stdin:
    what, batch = line.split()
    started = time.perf_counter()
    answer = {"check": check, "forward": forward, "training": training}[what](batch)
    print(json.dumps(answer or 1000 * (time.perf_counter() - started)), flush=True)
