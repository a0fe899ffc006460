#!/usr/bin/env python3
"""ONNX Runtime on a forest, for bench/trees.cpp: onnx_peer.py FOREST PREDICTIONS THREADS

FOREST is what write_forest (bench/forest.hpp) wrote. The predictions go to the
file PREDICTIONS, one f32 a row. Then, for each line with a number on standard
input, it predicts all rows so many times and prints the seconds.
"""

import sys
import time

import numpy as np
import onnxruntime
from onnx import TensorProto, helper

NODE = np.dtype([("feature", "<i4"), ("threshold", "<f4"), ("left", "<u4"), ("right", "<u4")])


def read_forest(path):
    with open(path, "rb") as file:
        n_trees, n_features, n_rows, n_nodes = np.fromfile(file, "<u4", 4)
        offsets = np.fromfile(file, "<u4", n_trees)
        nodes = np.fromfile(file, NODE, n_nodes)
        rows = np.fromfile(file, "<f4", n_rows * n_features).reshape(n_rows, n_features)
    return offsets, nodes, rows


def to_onnx(offsets, nodes, n_features):
    """A regressor that averages the trees, which lie one after the other in `nodes`."""
    sizes = np.diff(np.append(offsets, len(nodes)))
    tree_of = np.repeat(np.arange(len(offsets)), sizes)
    number_in_tree = np.arange(len(nodes)) - np.repeat(offsets, sizes)
    leaf = nodes["feature"] < 0
    regressor = helper.make_node(
        "TreeEnsembleRegressor",
        ["rows"],
        ["means"],
        domain="ai.onnx.ml",
        n_targets=1,
        aggregate_function="AVERAGE",
        nodes_treeids=tree_of.tolist(),
        nodes_nodeids=number_in_tree.tolist(),
        nodes_featureids=np.where(leaf, 0, nodes["feature"]).tolist(),
        nodes_values=np.where(leaf, 0, nodes["threshold"]).tolist(),
        nodes_modes=np.where(leaf, "LEAF", "BRANCH_LEQ").tolist(),
        nodes_truenodeids=nodes["left"].tolist(),
        nodes_falsenodeids=nodes["right"].tolist(),
        target_treeids=tree_of[leaf].tolist(),
        target_nodeids=number_in_tree[leaf].tolist(),
        target_ids=[0] * int(leaf.sum()),
        target_weights=nodes["threshold"][leaf].tolist(),
    )
    rows = helper.make_tensor_value_info("rows", TensorProto.FLOAT, [None, n_features])
    means = helper.make_tensor_value_info("means", TensorProto.FLOAT, [None, 1])
    graph = helper.make_graph([regressor], "forest", [rows], [means])
    opsets = [helper.make_opsetid("", 15), helper.make_opsetid("ai.onnx.ml", 3)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8)


def main():
    forest_file, predictions_file, threads = sys.argv[1:]
    offsets, nodes, rows = read_forest(forest_file)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = int(threads)
    model = to_onnx(offsets, nodes, rows.shape[1]).SerializeToString()
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    session.run(None, {"rows": rows})[0].astype("<f4").tofile(predictions_file)
    for line in sys.stdin:
        begin = time.perf_counter()
        for _ in range(int(line)):
            session.run(None, {"rows": rows})
        print(time.perf_counter() - begin, flush=True)


if __name__ == "__main__":
    main()
