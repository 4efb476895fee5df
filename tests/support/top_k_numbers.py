"""What `make numbers` measures of `top_k`: memory against the number of pictures, equality with brute force, Cancel.

python tests/support/top_k_numbers.py
"""

import subprocess
import sys

import torch
from number_rows import row
from perturbation_numbers import until_cancelled

from xaiwidgets.datasets import load_dataset
from xaiwidgets.methods.layers import activations
from xaiwidgets.methods.top_k import top_k
from xaiwidgets.models import load_model

COUNTS = (1_000, 10_000, 100_000)
K = 25
MEMORY = """
import sys
import torch
from pathlib import Path
from xaiwidgets.methods.top_k import top_k
from xaiwidgets.models import load_model

def memory(name):  # in MB; getrusage would count the process that started this one
    (line,) = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(name)]
    return int(line.split()[1]) / 1024

def drawn(count, batch=100):  # pictures that exist only while they are looked at
    generator = torch.Generator().manual_seed(0)
    for _ in range(count // batch):
        yield torch.rand(batch, 1, 28, 28, generator=generator), torch.randint(0, 10, (batch,), generator=generator)

torch.set_num_threads(1)
model = load_model("digits-cnn")
top_k(model, drawn(500), "7", k=25)
found = top_k(model, drawn(int(sys.argv[1])), "7", k=25)
assert found.count == int(sys.argv[1])
print(memory("VmHWM"), memory("VmRSS"))
"""


def top_k_memory() -> None:
    found = {}
    for count in COUNTS:
        said = subprocess.check_output([sys.executable, "-c", MEMORY, str(count)], text=True)
        found[count] = tuple(map(float, said.split()))
    text = "; ".join(f"{count:,}: {peak:.0f} MB, {after:.0f} MB" for count, (peak, after) in found.items())
    row(f"top-K of 32 channels, pictures generated on the fly: peak memory of the process, and after ({text})",
        f"{found[COUNTS[-1]][0] - found[COUNTS[0]][0]:+.0f} MB", "flat")  # fmt: skip


def top_k_brute_force() -> None:
    model, data = load_model("scenes-cnn"), load_dataset("scenes")
    same = total = 0
    for layer in ("2", "6", "12", None):
        output = activations(model, data.images, layer)
        values = output.flatten(2).amax(2) if output.ndim > 2 else output
        wanted = torch.sort(values, dim=0, descending=True, stable=True).indices[:K].T
        found = top_k(model, data, layer, k=K).indices
        same, total = same + int((found == wanted).sum()), total + wanted.numel()
    row(f"top-K against sorting all values, 4 layers of scenes-cnn, {len(data)} pictures, K = {K}: same picture",
        f"{same} of {total}", "identical")  # fmt: skip


def top_k_cancel() -> None:
    model, data = load_model("scenes-cnn"), load_dataset("scenes")
    late = [until_cancelled(lambda: top_k(model, data, "12", k=K), 0.1 + 0.02 * number) for number in range(9)]
    row("cancel answered, top-K, scenes-cnn", f"{1000 * max(late):.0f} ms (slowest of 9)", "<= 200 ms")


if __name__ == "__main__":
    for part in (top_k_memory, top_k_brute_force, top_k_cancel):
        part()
