"""Reference values for src/analysis, computed by NumPy and SciPy.

    pip install numpy==2.4.6 scipy==1.17.1
    python tests/reference/make_analysis_reference.py && npm run fix

Writes analysis-reference.json beside itself: inputs in single precision, as arrays are kept here, and what came of them
in double precision. NaN is null. Nothing is copied from src/: an agreement of the two is to say something.
"""

import json
from pathlib import Path

import numpy as np
from scipy import special, stats

random = np.random.default_rng(3)
normal = lambda *shape: random.normal(size=shape)


def attention(weights):
    """Numbers of the matrices of the last two axes."""
    weights = weights.astype(np.float32)
    w = weights.astype(np.float64)
    rows, columns = stats.entropy(w, axis=-1), stats.entropy(w, axis=-2)
    with np.errstate(divide="ignore", invalid="ignore"):
        focus = [1 - h / np.log(n) if n > 1 else np.where(np.isnan(h), np.nan, 1.0)
                 for h, n in [(rows, w.shape[-1]), (columns, w.shape[-2])]]
    small = np.where(np.isnan(w), np.nan, np.abs(w) < 0.01)
    return {
        "weights": weights,
        "rowEntropy": rows,
        "columnEntropy": columns,
        "rowFocus": focus[0],
        "columnFocus": focus[1],
        "rowMaximum": w.max(-1),
        "columnMaximum": w.max(-2),
        "rowSparsity": small.mean(-1),
        "columnSparsity": small.mean(-2),
        "table": [table(*matrix) for matrix in zip(*(apart(x, w.ndim - 2) for x in (w, rows, columns, focus[0])))],
    }


def apart(x, leading):
    """The parts of an array that stand at the positions of its first axes."""
    return x.reshape(-1, *x.shape[leading:])


def table(w, rows, columns, focus):
    """Averages leave out the rows and columns of zeros, unless something in the matrix is not finite."""
    finite = np.isfinite(w).all()
    over = lambda values, f: f(values[~np.isnan(values)]) if finite else np.nan
    return {
        "mean": w.mean(),
        "std": w.std(),
        "min": w.min(),
        "max": w.max(),
        "rowEntropy": over(rows, np.mean),
        "columnEntropy": over(columns, np.mean),
        "totalEntropy": over(rows, np.sum),
        "focusScore": over(focus, np.mean),
        "sparsity": (w < 0.01).mean() if finite else np.nan,
    }


def memory(series):
    """Numbers of a memory over steps [step, slot, word]."""
    series = series.astype(np.float32)
    m = series.astype(np.float64)
    change = np.diff(m, axis=0)
    active = m.std(axis=2) > 0.1
    with np.errstate(invalid="ignore"):
        cosine = (m[1:] * m[:-1]).sum(2) / (np.linalg.norm(m[1:], axis=2) * np.linalg.norm(m[:-1], axis=2))
    return {
        "memory": series,
        "slotNorm": np.linalg.norm(m, axis=2),
        "activeSlots": active.astype(float),
        "slotDrift": np.linalg.norm(change, axis=2),
        "memoryDrift": np.array([np.linalg.norm(c, "fro") for c in change]),
        "slotCosine": cosine,
        "table": [
            {
                "elements": s.size,
                "mean": s.mean(),
                "std": s.std(),
                "min": s.min(),
                "max": s.max(),
                "range": np.ptp(s),
                "sparsity": (np.abs(s) < 0.01).mean(),
                "activeSlots": int(a.sum()),
                "activeShare": a.mean(),
            }
            for s, a in zip(m, active)
        ],
    }


def usage(steps, slots):
    """Two write heads and two read heads [head, step, slot]."""
    write, read = (special.softmax(normal(2, steps, slots), axis=-1).astype(np.float32) for _ in range(2))
    w, r = write.astype(np.float64).sum(0), read.astype(np.float64).sum(0)
    later = np.tril(np.ones((steps, steps)), -1)  # [reading step, writing step]: 1 where the write came before
    return {
        "write": write,
        "read": read,
        "slotUsage": w.cumsum(0),
        "readImportance": r.sum(0),
        "writeReadImportance": np.einsum("tn,ts,sn->n", r, later, w),
    }


def interval(count):
    sample = (5 + normal(count)).astype(np.float32)
    s = sample.astype(np.float64)
    low, high = stats.t.interval(0.95, count - 1, loc=s.mean(), scale=stats.sem(s))
    return {"sample": sample, "mean": s.mean(), "std": s.std(ddof=1), "low": low, "high": high}


def softmax(*shape):
    return special.softmax(2 * normal(*shape), axis=-1)


def changed(weights, change):
    change(weights)
    return weights


def zeros(weights):
    weights[1], weights[:, 2] = 0, 0


def nan(weights):
    weights[2, 1] = np.nan


def plain(value):
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, (list, np.ndarray)):
        return [plain(one) for one in value]
    number = value.item() if isinstance(value, np.generic) else value
    return None if number != number else number


memories = 0.4 * normal(4, 5, 6)
memories[0], memories[1, 3], memories[2:, 2] = 1e-6, 0, 0.5
memories[3, :2] = [[0.09], [0.11]] * np.array([1, -1] * 3)  # around the least deviation of an active slot
memories[2, 0, :3] = 0.009, -0.009, 0.011  # and around the threshold of sparsity

reference = {
    "attention": {
        "softmax": attention(softmax(4, 6)),
        "heads": attention(softmax(2, 3, 5)),
        "rows that do not sum to one": attention(3 * random.random((4, 5))),
        "a row and a column of zeros": attention(changed(softmax(4, 5), zeros)),
        "a NaN": attention(changed(softmax(4, 3), nan)),
        "one column": attention(np.array([[1.0], [0.25], [0.0]])),
        "one row": attention(softmax(1, 7)),
        "one-hot rows": attention(np.eye(4)[[0, 2, 2]]),
        "numbers of extreme size": attention(np.array([[1e-38, 1e-38, 3e38], [1e-45, 1e-45, 1e-45]])),
    },
    "memory": memory(memories),
    "usage": usage(5, 4),
    "intervals": [interval(count) for count in (2, 3, 4, 5, 6, 11, 30, 31, 100)],
}
text = json.dumps(plain(reference), separators=(",", ":")).replace('},"', '},\n"')
(Path(__file__).parent / "analysis-reference.json").write_text(text + "\n")
