"""kernel-batch-predict of wasi:gpu: the adapter that computes, and forests in the nodes that the kernel reads."""

from __future__ import annotations

import os
import struct
import threading
from typing import Any

import numpy as np

from ._engine import Forest
from .errors import DeviceError, Error

GPU_BACKENDS = ("cuda", "webgpu")

# Hands kernel-batch-predict on: a sandbox around the kernel. A text that the host sends lies at byte 64.
_RELAY = """
(module
  (import "wasi:gpu/ml-kernels@0.1.0" "kernel-batch-predict"
    (func $kernel (param i32 i32 i32 i32 i32 i32 i32 i32 i32)))
  (memory (export "memory") 1)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (if (i32.gt_u (local.get 3) (i32.const 65472)) (then (unreachable)))
    (i32.const 64))
  ;; batch size, features, trees, depth; samples, nodes, offsets, output. 0, or the number of the error and 1.
  (func (export "batch_predict") (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
    (call $kernel (local.get 0) (local.get 1) (local.get 2) (local.get 3)
                  (local.get 4) (local.get 5) (local.get 6) (local.get 7) (i32.const 0))
    (if (result i32) (i32.load8_u (i32.const 0))
      (then (i32.add (i32.load8_u (i32.const 4)) (i32.const 1)))
      (else (i32.const 0))))
  (func (export "text_size") (result i32) (i32.load (i32.const 12)))
  (func (export "text_byte") (param i32) (result i32)
    (i32.load8_u (i32.add (i32.load (i32.const 8)) (local.get 0)))))
"""
_ERRORS = ("out of memory", "invalid buffer", "kernel error", "device unavailable", "invalid parameters")
_HAVE_TEXT = ("kernel error", "invalid parameters")
_PART_BYTES = 1 << 28  # of the rows that one kernel predicts


_adapters: dict[tuple, dict] = {}  # chosen before: to ask for devices takes long


def choose_adapter(backend: str | None, index: int | None) -> dict:
    """What wasm_ml.Host.devices() says of the adapter to use: hardware first."""
    if backend is None and os.environ.get("WASMTIME_GPU_HOST_BACKEND") in GPU_BACKENDS:
        backend = os.environ["WASMTIME_GPU_HOST_BACKEND"]
    key = (os.getpid(), backend, index)
    if key not in _adapters:
        _adapters[key] = _find_adapter(backend, index)
    return _adapters[key]


def _find_adapter(backend: str | None, index: int | None) -> dict:
    from ._host import Host

    entries = [e for e in Host.devices() if e["backend"] in ((backend,) if backend else GPU_BACKENDS)]
    usable = [e for e in entries if e["usable"] and index in (None, e["index"])]
    if usable:
        return max(usable, key=lambda e: e["is_hardware"])
    others = ", ".join(f"{e['backend']} {e['index']}: {e['name']}" for e in entries if e["usable"])
    if others:
        raise DeviceError(f"{backend or 'GPU'} device {index} cannot be used; there is {others}")
    reasons = "; ".join(f"{e['backend']}: {e['reason']}" for e in entries)
    raise DeviceError(
        f"predict_gpu needs a GPU or a software adapter, and there is none: {reasons or 'no GPU backend'}. Where there "
        "is no GPU, the packages libvulkan1 and mesa-vulkan-drivers (Debian, Ubuntu) bring a software adapter; "
        "predict_cpu needs neither"
    )


class Kernels:
    """A forest on a GPU, in the nodes that kernel-batch-predict reads. For one process; threads take turns."""

    _first_process: int | None = None  # that opened a GPU

    def __init__(self, forest: Forest, adapter: dict, max_gpu_memory: int | None):
        from ._host import Host

        if Kernels._first_process not in (None, os.getpid()):
            raise DeviceError(
                "this process is a fork of one that used predict_gpu, and GPU drivers do not survive that: start "
                "processes by 'spawn' or 'forkserver', or before the first predict_gpu; predict_cpu works here"
            )
        self._forest = forest
        self._adapter = (adapter["backend"], adapter["index"])
        self._process = Kernels._first_process = os.getpid()
        self._lock = threading.Lock()
        trees = _KernelTrees(forest)
        self._n_features = forest.n_features
        self._n_trees = len(trees.offsets)
        self._depth = trees.depth
        self._missing_left = trees.missing_left
        self._n_outputs = forest.n_outputs
        host = Host(adapter["backend"], adapter["index"], max_gpu_memory=max_gpu_memory)
        self._instance = host.instance(_RELAY.encode())
        self._offsets = self._instance.share(trees.offsets)
        self._nodes = [self._instance.share(trees.nodes(output)) for output in trees.outputs()]

    def serves(self, forest: Forest, adapter: dict) -> bool:
        # After a fork the device is the parent's.
        here = self._process == os.getpid() and self._adapter == (adapter["backend"], adapter["index"])
        return here and self._forest is forest

    def predict(self, rows: np.ndarray) -> np.ndarray:
        """float32 (n_rows, n_outputs) of float32 (n_rows, n_features), in C order."""
        if self._missing_left:
            missing = np.isnan(rows).any(axis=1)
            if missing.any():
                raise ValueError(
                    f"X: row {int(missing.argmax())} has a missing value: kernel-batch-predict sends them all to the "
                    "right, which this forest does not; predict_cpu can"
                )
        outputs = np.empty((len(self._nodes), len(rows)), np.float32)
        part = max(1, _PART_BYTES // (4 * self._n_features))
        with self._lock:
            for begin in range(0, len(rows), part):
                self._predict_part(rows[begin : begin + part], outputs[:, begin : begin + part])
        if len(self._nodes) < self._n_outputs:  # two classes
            return np.stack([1 - outputs[0], outputs[0]], axis=1)
        return np.ascontiguousarray(outputs.T)

    def _predict_part(self, rows: np.ndarray, outputs: np.ndarray) -> None:
        rows = rows.view()
        rows.flags.writeable = False  # so that the device need not give them back
        shape = (len(rows), self._n_features, self._n_trees, self._depth)
        for nodes, output in zip(self._nodes, outputs):
            failed = self._instance.call("batch_predict", *shape, rows, nodes, self._offsets, output)
            if failed:
                raise self._error(_ERRORS[failed - 1])

    def _error(self, kind: str) -> Exception:
        text = ""
        if kind in _HAVE_TEXT:
            size = self._instance.call("text_size")
            text = ": " + bytes(self._instance.call("text_byte", i) for i in range(size)).decode("utf-8", "replace")
        message = f"predict_gpu on {self._adapter[0]} device {self._adapter[1]}: {kind}{text}"
        if kind == "out of memory":
            return MemoryError(message)
        return DeviceError(message) if kind == "device unavailable" else Error(message)


class _KernelTrees:
    """A forest's trees as kernel-batch-predict reads them. ValueError where it cannot predict them."""

    def __init__(self, forest: Forest):
        self._of_two_classes = forest.leaves == "classes" and forest.n_outputs == 2
        if forest.leaves == "number" and forest.info()["origin"] == "wasm_ml":
            self._read_nodes(forest)
        else:
            self._read_treelite(forest)
        self.depth = self._find_depth()

    # uint32 (n_trees,), and the number of outputs.
    offsets: np.ndarray

    def outputs(self) -> range:
        """The outputs that a kernel has to predict: of two classes the second one."""
        return range(1, 2) if self._of_two_classes else range(self._leaf_values.shape[1])

    def nodes(self, output: int) -> np.ndarray:
        """uint32 (n_nodes, 4): feature, threshold or leaf's value, left and right child."""
        nodes = np.empty((len(self._features), 4), np.uint32)
        nodes[:, 0] = self._features.view(np.uint32)
        values = self._thresholds.copy()
        values[self._is_leaf] = self._leaf_values[:, output]
        nodes[:, 1] = values.view(np.uint32)
        nodes[:, 2] = self._lefts
        nodes[:, 3] = self._rights
        return nodes

    def _read_nodes(self, forest: Forest) -> None:
        nodes = forest.nodes()
        self.offsets = forest.tree_offsets()[:-1].astype(np.uint32)
        self._features = np.ascontiguousarray(nodes["feature"])
        self._is_leaf = self._features < 0
        self._thresholds = np.ascontiguousarray(nodes["threshold"])
        self._leaf_values = self._thresholds[self._is_leaf][:, None]
        self._lefts = np.where(self._is_leaf, 0, nodes["left"]).astype(np.uint32)
        self._rights = np.where(self._is_leaf, 0, nodes["left"] + 1).astype(np.uint32)
        self.missing_left = bool(((nodes["missing_child"] == nodes["left"]) & ~self._is_leaf).any())

    def _read_treelite(self, forest: Forest) -> None:
        trees = _TreeliteTrees(forest.to_treelite())
        if not trees.is_mean:
            raise ValueError(
                "predict_gpu: kernel-batch-predict gives means of trees, and this imported forest adds them up or "
                "changes the result; predict_cpu can"
            )
        self.offsets = trees.offsets
        self._features = trees.features
        self._is_leaf = trees.is_leaf
        self._thresholds = trees.thresholds
        self._leaf_values = trees.leaf_values
        self._lefts = trees.lefts
        self._rights = trees.rights
        self.missing_left = trees.missing_left

    def _find_depth(self) -> int:
        depth = 0
        roots = self.offsets.astype(np.int64)
        nodes = roots
        while True:
            inner = ~self._is_leaf[nodes]
            nodes, roots = nodes[inner], roots[inner]
            if len(nodes) == 0:
                return depth
            nodes = np.concatenate([roots + self._lefts[nodes], roots + self._rights[nodes]])
            roots = np.concatenate([roots, roots])
            depth += 1


class _TreeliteTrees:
    """What prediction needs of a forest in Treelite's binary format (v4), as Forest.to_treelite writes it."""

    def __init__(self, data: bytes):
        self._data = memoryview(data)
        self._at = 0
        self._scalars("3i2B")  # version, types of numbers: f64
        n_trees, _, _, average, n_targets = self._scalars("QiB?i")
        n_classes = self._array(np.int32)
        self._n_values = int(np.prod(self._array(np.int32)))  # of a leaf
        self._array(np.int32)
        self._array(np.int32)
        postprocessor = self._array(np.uint8).tobytes().decode()
        self._scalars("2f")
        base = self._array(np.float64)
        self._array(np.uint8)
        self._scalars("i")
        n_outputs = int(n_classes[0]) if n_targets == 1 else n_targets
        is_identity = postprocessor in ("identity", "identity_multiclass")
        self.is_mean = average and is_identity and not base.any() and self._n_values == n_outputs
        if self.is_mean:
            self._read_trees(n_trees)

    def _read_trees(self, n_trees: int) -> None:
        trees = [self._tree() for _ in range(n_trees)]
        sizes = np.array([len(tree[0]) for tree in trees])
        self.offsets = (np.cumsum(sizes) - sizes).astype(np.uint32)
        columns = [np.concatenate(column) for column in zip(*trees)]
        self.features, self.thresholds, self.lefts, self.rights, default_lefts, self.leaf_values = columns
        self.is_leaf = self.features < 0
        self.missing_left = bool(default_lefts[~self.is_leaf].any())

    def _tree(self) -> tuple[np.ndarray, ...]:
        self._scalars("i?")
        array = self._array
        array(np.int8)  # kinds
        lefts, rights, features, default_lefts = (array(t) for t in (np.int32, np.int32, np.int32, np.uint8))
        values, thresholds = array(np.float64), array(np.float64)
        array(np.int8), array(np.uint8)  # operators: all <=
        vectors, begins = array(np.float64), array(np.uint64)
        element: type[np.generic]
        for element in (np.uint64, np.uint32, np.uint64, np.uint64):  # ends; categories
            array(element)
        for element in (np.uint64, np.uint8, np.float64, np.uint8, np.float64, np.uint8):  # counts, hessians, gains
            array(element)
        self._scalars("2i")
        is_leaf = lefts < 0
        if self._n_values == 1:
            leaf_values = values[is_leaf][:, None]
        else:
            leaf_values = vectors[begins[is_leaf].astype(np.int64)[:, None] + np.arange(self._n_values)]
        children = (np.where(is_leaf, 0, side).astype(np.uint32) for side in (lefts, rights))
        features = np.where(is_leaf, -1, features).astype(np.int32)
        return features, thresholds.astype(np.float32), *children, default_lefts, leaf_values.astype(np.float32)

    def _scalars(self, types: str) -> tuple:
        values = struct.unpack_from("<" + types, self._data, self._at)
        self._at += struct.calcsize("<" + types)
        return values

    def _array(self, element: Any) -> np.ndarray:
        (size,) = self._scalars("Q")
        array = np.frombuffer(self._data, element, size, self._at)
        self._at += array.nbytes
        return array
