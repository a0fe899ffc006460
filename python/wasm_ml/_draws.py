"""Rows that trees drew, again from the seeds that a forest was grown with, and predictions of rows out of the bag."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from ._tables import Table


def _threefry(key: tuple[int, int], counters: ArrayLike, second: int) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """Threefry-2x32 with 13 rounds, as docs/forest-numerics.md (2) defines T(key; counters, second)."""
    rotations = (13, 15, 26, 6, 17, 29, 16, 24)
    keys = (key[0], key[1], 0x1BD11BDA ^ key[0] ^ key[1])
    x = np.asarray(counters, np.uint32) + np.uint32(keys[0])
    y = np.full_like(x, (second + keys[1]) & 0xFFFFFFFF)
    for i in range(13):
        left = np.uint32(rotations[i % 8])
        x += y
        y = (y << left) | (y >> (np.uint32(32) - left))
        y ^= x
        if i % 4 == 3:
            injection = i // 4 + 1
            x += np.uint32(keys[injection % 3])
            y += np.uint32((keys[(injection + 1) % 3] + injection) & 0xFFFFFFFF)
    return x, y


def _drawn_rows(seed: int, tree: int, n_draws: int, n_rows: int, cumulative: NDArray[np.uint64] | None) -> NDArray[Any]:
    """Rows that a tree drew (docs/forest-numerics.md, 3)."""
    low, high = _threefry((seed & 0xFFFFFFFF, seed >> 32), np.array([tree]), 1)
    key = int(low[0]), int(high[0])
    if cumulative is None:
        words = np.stack(_threefry(key, np.arange((n_draws + 1) // 2), 0), axis=1).ravel()[:n_draws]
        return (words.astype(np.uint64) * np.uint64(n_rows)) >> np.uint64(32)
    low64, high64 = (words.astype(np.uint64) for words in _threefry(key, np.arange(n_draws), 0))
    # The high half of a product of 128 bits, by halves.
    mask, half = np.uint64(0xFFFFFFFF), np.uint64(32)
    total_low, total_high = cumulative[-1] & mask, cumulative[-1] >> half
    middle = ((low64 * total_low) >> half) + ((low64 * total_high) & mask) + ((high64 * total_low) & mask)
    target = high64 * total_high + ((low64 * total_high) >> half) + ((high64 * total_low) >> half) + (middle >> half)
    return np.searchsorted(cumulative, target, side="right")


def rows_of_trees(fitted: Mapping[str, Any]) -> Iterator[NDArray[Any]]:
    """Of each tree the rows that it drew."""
    cumulative = None
    weights = fitted["_draw_weights"]
    if weights is not None:
        integers = np.maximum(1, np.rint(weights * 2.0**32 / weights.max()))
        cumulative = np.cumsum(np.where(weights > 0, integers, 0).astype(np.uint64))
    for seed, n_trees, n_draws in fitted["_grown"]:
        for tree in range(n_trees):
            yield _drawn_rows(seed, tree, n_draws, fitted["_n_rows"], cumulative)


def out_of_bag(fitted: Mapping[str, Any], table: Table) -> NDArray[np.float64]:
    """Predictions of rows by trees that did not draw them, where trees were added to earlier ones; NaN where there are
    none."""
    if fitted["_grown"] is None:
        raise ValueError("oob_score: which rows the trees of a model file drew is not known")
    forest = fitted["forest_"]
    shape = (table.n_rows, forest.n_outputs)
    is_out = np.ones((forest.n_trees, table.n_rows), bool)
    for tree, rows in enumerate(rows_of_trees(fitted)):
        is_out[tree, rows] = False
    sums = np.empty(shape)
    step = max(1, (1 << 22) // (forest.n_trees * forest.n_outputs))
    for first in range(0, table.n_rows, step):
        part = slice(first, first + step)
        trees = forest.predict(table.take_rows(part), "trees")
        trees = trees.reshape(len(trees), forest.n_trees, forest.n_outputs)
        sums[part] = np.einsum("tr,rto->ro", is_out[:, part].astype(np.float64), trees.astype(np.float64))
    n_out = is_out.sum(axis=0)[:, np.newaxis]
    return np.divide(sums, n_out, out=np.full(shape, np.nan), where=n_out > 0)


def without_gaps(predictions: NDArray[np.float64]) -> NDArray[np.float64]:
    gaps = np.isnan(predictions[:, 0])
    if gaps.any():
        warnings.warn(
            "Some inputs do not have OOB scores. This probably means too few trees were used to compute any reliable"
            " OOB estimates.",
            stacklevel=4,
        )
        predictions[gaps] = 0
    return predictions
