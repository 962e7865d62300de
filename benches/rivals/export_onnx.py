"""Writes a two-stream model file as ONNX: python3 export_onnx.py MODEL.safetensors OUT.onnx

Input `x` [batch, 1, 96, 187], a log-mel segment that is not normalised yet; outputs `logits`, `tags`,
`music` and `embedding`. Maximum, ReLU, scale and shift stand in the order that is cheapest to compute.
"""

import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from weights import BANDS, FRAMES, read


class Graph:
    def __init__(self, arrays):
        self.arrays, self.nodes, self.constants = arrays, [], []

    def constant(self, values, dtype=np.float32):
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(values, dtype), name))
        return name

    def add(self, kind, *inputs, **attributes):
        name = f"v{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [name], **attributes))
        return name

    def finish(self, x, path):
        channels = lambda name: self.constant(self.arrays[f"{path}.{name}"].reshape(1, -1, 1, 1))
        return self.add("Add", self.add("Mul", x, channels("scale")), channels("shift"))

    def convolution(self, x, path, *bias):
        weight = self.arrays[f"{path}.weight"]
        width = weight.shape[3]
        pads = [0, (width - 1) // 2, 0, width // 2]
        return self.add("Conv", x, self.constant(weight), *bias, pads=pads)

    def loudest_band(self, x, path):
        """Where the scale is negative, the stored weights have the other sign."""
        column = lambda values: self.constant(values.reshape(1, -1, 1, 1))
        bands = BANDS + 1 - self.arrays[f"{path}.weight"].shape[2]
        x = self.convolution(x, path)
        x = self.add("MaxPool", x, kernel_shape=[bands, 1], strides=[bands, 1])
        x = self.add("Mul", x, column(np.sign(self.arrays[f"{path}.scale"])))
        x = self.add("Add", x, column(self.arrays[f"{path}.bias"]))
        return self.finish(self.add("Relu", x), path)

    def dense(self, x, path):
        return self.add(
            "Gemm", x, self.constant(self.arrays[f"{path}.weight"]), self.constant(self.arrays[f"{path}.bias"])
        )


def main(source, target):
    header, arrays = read(source)
    graph = Graph(arrays)
    sizes = header["sizes"]
    mean = graph.constant(arrays["input.mean"].reshape(1, 1, -1, 1))
    scale = graph.constant(1 / arrays["input.deviation"].reshape(1, 1, -1, 1))
    x = graph.add("Mul", graph.add("Sub", "x", mean), scale)
    front = [graph.loudest_band(x, f"spectral.{i}") for i in range(len(sizes["spectral"]))]
    front += [graph.loudest_band(x, f"temporal.{i}") for i in range(len(sizes["temporal"]))]
    layers = [graph.add("Concat", *front, axis=1)]
    # The channel of ones is a bias of its own at each frame: that of the taps that lie inside.
    for at in range(3):
        weight = arrays[f"residual.{at}.weight"]
        ones = np.pad(np.ones(FRAMES, np.float32), 3)
        bias = np.stack([np.correlate(ones, w) for w in weight[:, -1, 0, :]])
        before = layers[-1]
        arrays[f"residual.{at}.weight"] = weight[:, :-1]
        y = graph.convolution(before, f"residual.{at}", graph.constant(arrays[f"residual.{at}.bias"]))
        y = graph.add("Add", y, graph.constant(bias[None, :, None, :]))
        y = graph.finish(graph.add("Relu", y), f"residual.{at}")
        if at > 0:
            more = weight.shape[0] - arrays[f"residual.{at - 1}.weight"].shape[0]
            if more:
                pads = graph.constant([0, 0, 0, 0, 0, more, 0, 0], np.int64)
                before = graph.add("Pad", before, pads)
            y = graph.add("Add", y, before)
        layers.append(y)
    every = graph.add("Concat", *layers, axis=1)
    flat = lambda v: graph.add("Flatten", v)
    pooled = graph.add("Concat", flat(graph.add("GlobalMaxPool", every)), flat(graph.add("GlobalAveragePool", every)), axis=1)
    features = graph.add("Relu", graph.dense(pooled, "features"))
    features = graph.add("Mul", features, graph.constant(arrays["scale"]))
    features = graph.add("Add", features, graph.constant(arrays["shift"]))
    outputs = []
    for name, path in [("logits", "genre"), ("tags", "tags"), ("music", "music"), ("embedding", "embedding")]:
        value = graph.dense(features, path)
        graph.nodes.append(helper.make_node("Identity", [value], [name]))
        outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", None]))
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 1, BANDS, FRAMES])]
    graph = helper.make_graph(graph.nodes, "two-stream", inputs, outputs, graph.constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    onnx.save(model, target)


if __name__ == "__main__":
    main(*sys.argv[1:])
