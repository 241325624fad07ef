"""Arrays as NumPy and safetensors save them, for the tests of our readers.

    pip install numpy==2.4.6 safetensors==0.8.0
    python tests/reference/make_npy_reference.py

It writes the files in arrays/ beside itself, and expected.safetensors: what NumPy makes of every array as 32-bit floats,
under the names "file: array". Files named refused-* must not be read.
"""

from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

ARRAYS = Path(__file__).parent / "arrays"
FLOATS = [0.0, -0.0, 1.0, -1.5, 0.1, 65504.0, 6e-8, float("inf"), float("-inf"), float("nan"), 2.0**-14, 1 / 3]


def edges(kind):
    """Twelve values of a type, its smallest and largest among them, as [2, 3, 2]."""
    dtype = np.dtype(kind)
    if dtype.kind == "f":
        values = np.array(FLOATS).astype(dtype)
    elif dtype.kind == "b":
        values = np.arange(12) % 3 == 0
    else:
        info = np.iinfo(dtype)
        values = np.array([info.min, info.max, 0, 1, 2, 3, 100, 101, 7, 8, 9, 127], dtype)
    return values.reshape(2, 3, 2)


def types():
    """Every type in each byte order and each memory order."""
    for kind in ["f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "b1"]:
        for order, byte_order in [("little", "<"), ("big", ">")]:
            array = edges(kind).astype(np.dtype(byte_order + kind))
            yield f"{kind} {order}", array
            yield f"{kind} {order} fortran", np.asfortranarray(array)


def softmax(values):
    exponentials = np.exp(values - values.max(-1, keepdims=True))
    return exponentials / exponentials.sum(-1, keepdims=True)


def main():
    ARRAYS.mkdir(exist_ok=True)
    rng = np.random.default_rng(3)
    attention = softmax(rng.normal(size=(2, 3, 4)).astype(np.float32))
    odd = {"scalar": np.float32(2.5), "empty": np.zeros((0, 4)), "one": np.array([7]), "layer.0/attn": attention}
    odd["__proto__"] = odd["日本"] = np.arange(3.0)
    contents = {
        "attention.npy": {"attention": attention},
        "fortran-version-2.npy": {"fortran-version-2": np.asfortranarray(attention.astype(">f8"))},
        "version-3.npy": {"version-3": np.arange(6, dtype="<i8").reshape(2, 3)},
        "types.npz": dict(types()),
        "deflated.npz": {**odd, "zeros": np.zeros((50, 50), np.float32)},
        "none.npz": {},
        "mixed.safetensors": {"attention": attention, "ids": np.array([[3, -1]]), "half": edges("f2"), "mask": edges("b1")},
    }
    for name, arrays in contents.items():
        path = ARRAYS / name
        [array, *_] = [*arrays.values(), None]
        if name.endswith(".npz"):
            (np.savez_compressed if name.startswith("deflated") else np.savez)(path, **arrays)
        elif name.endswith(".safetensors"):
            save_file(arrays, path)
        else:
            version = (int(name[-5]), 0) if name[-5].isdigit() else None
            with path.open("wb") as file:
                np.lib.format.write_array(file, array, version=version)

    named = np.array([(1, 2.0)], dtype=[("a", "<i4"), ("b", "<f4")])
    refused = {"structured": named, "objects": np.array([{}, 1], object), "text": np.array(["a"]), "complex": np.array([1j])}
    for name, array in refused.items():
        np.save(ARRAYS / f"refused-{name}.npy", array, allow_pickle=True)

    with np.errstate(over="ignore"):
        expected = {
            f"{name}: {key}": np.ascontiguousarray(array, np.float32).reshape(array.shape)
            for name, arrays in contents.items()
            for key, array in arrays.items()
        }
    save_file(expected, ARRAYS / "expected.safetensors")


main()
