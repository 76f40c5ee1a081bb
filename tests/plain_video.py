"""Text-video scores of one pair at a time, in float64 numpy loops: slow, plain, and nobody's code but these tests'.

A pair is `words` (W, d), the place of its last word, `frames` (T, d) and how many of these there are. Parameters come
by the names of the authors' checkpoints.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

Array = np.ndarray
Weights = Callable[[str], Array]


@dataclass(frozen=True)
class Pair:
    """last: the place of the last word. words_there, frames_there: how many are real."""

    words: Array
    last: int
    words_there: int
    frames: Array
    frames_there: int


def unit(vector: Array) -> Array:
    return vector / math.sqrt(sum(x * x for x in vector))


def layer_norm(vector: Array, name: str, weights: Weights) -> Array:
    centred = vector - vector.mean()
    return centred / math.sqrt((centred**2).mean() + 1e-12) * weights(f"{name}.weight") + weights(f"{name}.bias")


def softmax(numbers: Array) -> Array:
    grown = np.exp(numbers - numbers.max())
    return grown / grown.sum()


def gelu(x: Array) -> Array:
    return x / (1 + np.exp(-1.702 * x))


def transformer(rows: Array, there: list[bool], name: str, layers: int, weights: Weights, heads: int) -> Array:
    """Row by row and head by head."""
    rows = rows.copy()
    size = rows.shape[1] // heads
    for layer in range(layers):
        block = f"{name}.resblocks.{layer}"
        normed = np.array([layer_norm(row, f"{block}.ln_1", weights) for row in rows])
        merged = normed @ weights(f"{block}.attn.in_proj_weight").T + weights(f"{block}.attn.in_proj_bias")
        queries, keys, values = np.split(merged, 3, axis=1)
        mixed = np.zeros_like(rows)
        for head in range(heads):
            part = slice(head * size, (head + 1) * size)
            for place in range(len(rows)):
                logits = np.array([queries[place, part] @ key[part] / math.sqrt(size) for key in keys])
                logits += np.where(there, 0.0, -1e6)
                mixed[place, part] = softmax(logits) @ values[:, part]
        rows = rows + mixed @ weights(f"{block}.attn.out_proj.weight").T + weights(f"{block}.attn.out_proj.bias")
        for place, row in enumerate(rows):
            inner = layer_norm(row, f"{block}.ln_2", weights)
            inner = gelu(weights(f"{block}.mlp.c_fc.weight") @ inner + weights(f"{block}.mlp.c_fc.bias"))
            rows[place] = row + weights(f"{block}.mlp.c_proj.weight") @ inner + weights(f"{block}.mlp.c_proj.bias")
    return rows


def lstm(rows: Array, weights: Weights) -> Array:
    def squash(x: Array) -> Array:
        return 1 / (1 + np.exp(-x))

    state = cell = np.zeros(rows.shape[1])
    found = []
    for row in rows:
        gates = weights("lstm_visual.weight_ih_l0") @ row + weights("lstm_visual.bias_ih_l0")
        gates = gates + weights("lstm_visual.weight_hh_l0") @ state + weights("lstm_visual.bias_hh_l0")
        put, forget, new, out = np.split(gates, 4)
        cell = squash(forget) * cell + squash(put) * np.tanh(new)
        state = squash(out) * np.tanh(cell)
        found.append(state)
    return np.array(found)


def ordered(pair: Pair, head: str, weights: Weights, layers: int, heads: int) -> Array:
    """Frames through a temporal head, the frames added."""
    frames = pair.frames
    if head == "seqTransf":
        there = [place < pair.frames_there for place in range(len(frames))]
        moved = frames + weights("frame_position_embeddings.weight")[: len(frames)]
        return transformer(moved, there, "transformerClip", layers, weights, heads) + frames
    return lstm(frames, weights) + frames if head == "seqLSTM" else frames


def video(frames: Array, there: int) -> Array:
    return unit(sum(unit(frame) for frame in frames[:there]) / there)


def clip4clip(pair: Pair, head: str, weights: Weights, layers: int, heads: int, scale: float) -> float:
    sentence = pair.words[pair.last]
    if head != "tightTransf":
        frames = ordered(pair, head, weights, layers, heads)
        return scale * unit(sentence) @ video(frames, pair.frames_there)
    rows = np.concatenate([sentence[None], pair.frames])
    there = [True, *(place < pair.frames_there for place in range(len(pair.frames)))]
    rows = rows + weights("cross.embeddings.position_embeddings.weight")[: len(rows)]
    rows = transformer(rows, there, "cross.transformer", layers, weights, heads)
    first = layer_norm(rows[0], "cross.pooler.ln_pool", weights)
    first = gelu(weights("cross.pooler.dense.weight") @ first + weights("cross.pooler.dense.bias"))
    return float(weights("similarity_dense.weight")[0] @ first + weights("similarity_dense.bias")[0])


def attended(numbers: Array, matrix: Array) -> float:
    return float(softmax(numbers / 0.01) @ matrix @ numbers)


def xclip(pair: Pair, head: str, weights: Weights, layers: int, heads: int, scale: float) -> float:
    whole = video(ordered(pair, head, weights, layers, heads), pair.frames_there)
    frames = [unit(frame) for frame in pair.frames]
    words = [unit(word) for word in pair.words]
    sentence = unit(pair.words[pair.last])
    coarse = sentence @ weights("global_mat_weight") @ whole
    by_word = attended(np.array([word @ whole for word in words]), weights("word_logit_weight"))
    by_frame = attended(np.array([sentence @ frame for frame in frames]), weights("frame_logit_weight"))
    fine = np.array([[word @ weights("local_mat_weight") @ frame for frame in frames] for word in words])
    for_frames = np.array([attended(column, weights("word_mat_weight")) for column in fine.T])
    for_words = np.array([attended(row, weights("frame_mat_weight")) for row in fine])
    first = attended(for_frames, weights("frame_mat_weight2"))
    second = attended(for_words, weights("word_mat_weight2"))
    return scale * (coarse + by_word + by_frame + (first + second) / 2) / 4


def network(vector: Array, name: str, arch: int, weights: Weights) -> float:
    if arch == 1:
        return float(weights(f"{name}.weight")[0] @ vector + weights(f"{name}.bias")[0])
    for layer in range(arch - 1):
        vector = weights(f"{name}.{2 * layer}.weight") @ vector + weights(f"{name}.{2 * layer}.bias")
        vector = np.maximum(vector, 0)
    last = f"{name}.{2 * (arch - 1)}"
    return float(weights(f"{last}.weight")[0] @ vector + weights(f"{last}.bias")[0])


def drl(pair: Pair, head: str, interaction: str, arch: int, weights: Weights, layers: int, heads: int) -> float:
    frames = ordered(pair, head, weights, layers, heads)
    if interaction == "dp":
        return float(unit(pair.words[pair.words_there - 1]) @ video(frames, pair.frames_there))
    similarities = np.zeros((len(pair.words), len(frames)))
    for w in range(pair.words_there):
        for t in range(pair.frames_there):
            similarities[w, t] = unit(pair.words[w]) @ unit(frames[t])
    a = np.full(pair.words_there, 1 / pair.words_there)
    b = np.full(pair.frames_there, 1 / pair.frames_there)
    if interaction == "wti":
        a = softmax(np.array([network(x, "text_weight_fc", arch, weights) for x in pair.words[: pair.words_there]]))
        b = softmax(np.array([network(x, "video_weight_fc", arch, weights) for x in frames[: pair.frames_there]]))
    by_word = sum(a[w] * similarities[w].max() for w in range(pair.words_there))
    by_frame = sum(b[t] * similarities[:, t].max() for t in range(pair.frames_there))
    return float(by_word + by_frame) / 2
