"""Attention of a small transformer in NumPy, for the notebook 04-comparing-attention: an array that comes from elsewhere.

    pip install numpy==2.4.6
    python data/make_attention.py

It writes attention.npz beside itself, with one array, "attention" [head, query, key] of 32-bit floats: four heads of two
causal layers that read twelve words. Nothing here was trained. Three heads have weights set by hand, so that what each
looks at is known: the word before, the same word, and the word that followed the same word before, which takes both
layers (an induction head: Olsson et al. 2022, arXiv 2209.11895). The fourth has seeded random weights.
"""

from pathlib import Path

import numpy as np

WORDS = "so the cat sat on the mat and the cat sat on".split()
SHARPNESS = 6.0  # score of what a head looks for; all else scores 0


def attend(queries, keys, size=1.0):
    """Causal attention, softmax(Q·Kᵀ/√size) over the words up to the query's own."""
    scores = queries @ keys.T / np.sqrt(size)
    scores = np.where(np.tri(len(scores), dtype=bool), scores, -np.inf)
    raised = np.exp(scores - scores.max(axis=1, keepdims=True))
    return raised / raised.sum(axis=1, keepdims=True)


vocabulary = sorted(set(WORDS))
words = np.eye(len(vocabulary))[[vocabulary.index(word) for word in WORDS]]  # [position, word], one-hot
places = np.eye(len(WORDS))  # [position, position], one-hot

# Layer 0. The first head's query is its own place less one; what it reads, the word before, goes on to layer 1.
previous = attend(SHARPNESS * np.roll(places, -1, axis=1), places)
same = attend(SHARPNESS * words, words)
# Layer 1. Which word had before it the word that stands here?
induction = attend(SHARPNESS * words, previous @ words)

source = np.random.default_rng(42)
seen = np.concatenate([words, places], axis=1)
size = 8
maps = source.normal(size=(2, seen.shape[1], size))
drawn = attend(seen @ maps[0], seen @ maps[1], size)

attention = np.stack([previous, same, induction, drawn]).astype(np.float32)
np.savez(Path(__file__).with_name("attention.npz"), attention=attention)
