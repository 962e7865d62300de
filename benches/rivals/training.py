"""Times a step of the shipped network's training in PyTorch: training.py MODEL, a line of JSON. The same batch, loss and
optimiser as `stages training`."""

import json
import sys
import time

import torch
import torch.nn.functional as F

from weights import BANDS, FRAMES, read

BATCH = 32
COUNTED = 3
WARM_UP = 2


class TwoStream(torch.nn.Module):
    def __init__(self, sizes, arrays):
        super().__init__()
        self.sizes = sizes
        self.values = torch.nn.ParameterDict(
            {name.replace(".", "_"): torch.from_numpy(values.copy()) for name, values in arrays.items()}
        )

    def get(self, path, name):
        return self.values[f"{path}.{name}".replace(".", "_")]

    def convolution(self, x, path):
        weight = self.get(path, "weight")
        width = weight.shape[3]
        if width % 2:
            return F.conv2d(x, weight, padding=(0, width // 2))
        return F.conv2d(F.pad(x, ((width - 1) // 2, width // 2)), weight)

    def finish(self, x, path):
        column = lambda name: self.get(path, name).reshape(1, -1, 1, 1)
        return torch.relu(x + column("bias")) * column("scale") + column("shift")

    def loudest_band(self, x, path):
        greatest = self.convolution(x, path).amax(dim=2, keepdim=True)
        sign = self.get(path, "scale").detach().sign().reshape(1, -1, 1, 1)
        return self.finish(greatest * sign, path)

    def forward(self, x):
        front = [self.loudest_band(x, f"spectral.{i}") for i in range(len(self.sizes["spectral"]))]
        front += [self.loudest_band(x, f"temporal.{i}") for i in range(len(self.sizes["temporal"]))]
        layers = [torch.cat(front, 1)]
        ones = torch.ones(x.shape[0], 1, 1, FRAMES)
        for at in range(3):
            before = layers[-1]
            found = self.finish(self.convolution(torch.cat([before, ones], 1), f"residual.{at}"), f"residual.{at}")
            if at > 0:
                found = found + F.pad(before, (0, 0, 0, 0, 0, found.shape[1] - before.shape[1]))
            layers.append(found)
        every = torch.cat(layers, 1)
        pooled = torch.cat([every.amax(dim=(2, 3)), every.mean(dim=(2, 3))], 1)
        dense = torch.relu(torch.addmm(self.get("features", "bias"), pooled, self.get("features", "weight")))
        return dense * self.values["scale"] + self.values["shift"]


def median(run):
    for _ in range(WARM_UP):
        run()
    times = []
    for _ in range(COUNTED):
        started = time.perf_counter()
        run()
        times.append(time.perf_counter() - started)
    return sorted(times)[COUNTED // 2] * 1e3


def step(source, layout):
    header, arrays = read(source)
    arrays = {name: values for name, values in arrays.items() if not name.startswith(("input.", "genre", "tags", "music", "embedding"))}
    network = TwoStream(header["sizes"], arrays).to(memory_format=layout)
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-4, fused=True)
    x = torch.rand(BATCH, 1, BANDS, FRAMES).contiguous(memory_format=layout) * 2 - 1

    def run():
        optimizer.zero_grad(set_to_none=True)
        loss = ((network(x) - 0.5) ** 2).mean()
        loss.item()
        loss.backward()
        optimizer.step()

    return median(run)


if __name__ == "__main__":
    torch.manual_seed(0)
    # Whichever suits it better: channels before or after the picture.
    layouts = [torch.contiguous_format, torch.channels_last]
    milliseconds = min(step(sys.argv[1], layout) for layout in layouts)
    by = f"PyTorch {torch.__version__.split('+')[0]}"
    print(json.dumps({"stage": "training step", "milliseconds": milliseconds, "by": by}))
