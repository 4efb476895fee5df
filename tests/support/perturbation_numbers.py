"""What `make numbers` measures of the methods that ask a model again: times against captum, memory, first maps.

Captum is given the batch size that is quickest for it, found before the pairs are timed.
"""

import statistics
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from functools import partial

from captum.attr import Lime, Occlusion
from method_numbers import CLASS
from number_rows import ratio, row
from real_data import FOLDER, photos, squeezenet
from torch import Tensor, nn

from xaiwidgets.datasets import load_dataset
from xaiwidgets.methods.lime import lime
from xaiwidgets.methods.occlusion import coarse_to_fine, occlusion
from xaiwidgets.methods.superpixels import superpixels
from xaiwidgets.models import load_model
from xaiwidgets.progress import Cancelled, listening

BATCHES = (4, 8, 16, 32, 64, 128)
SIDE = 1024


def cases() -> list[tuple[str, nn.Module, Tensor, int, int, int, int]]:
    """A name, a net, a picture, its class, the window (twice the stride), samples for LIME, and pairs to time."""
    small = ("scenes-cnn", load_model("scenes-cnn"), load_dataset("scenes").images[:1], CLASS, 8, 1000, 15)
    if not (FOLDER / "squeezenet").is_dir():
        return [small]
    return [small, ("SqueezeNet", squeezenet(), photos().x[:1], int(photos().labels[0]), 32, 200, 3)]


def seconds(call: Callable[[], object]) -> float:
    begun = time.perf_counter()
    call()
    return time.perf_counter() - begun


def quickest(theirs: Callable[..., object]) -> tuple[Callable[[], object], int]:
    """Captum's call at its best batch size, and that size."""
    calls = {size: partial(theirs, perturbations_per_eval=size) for size in BATCHES}
    best = min(calls, key=lambda size: min(seconds(calls[size]) for _ in range(2)))
    return calls[best], best


def occlusion_times() -> None:
    for name, model, x, target, window, _, pairs in cases():
        stride, channels = window // 2, x.shape[1]
        shapes = {"sliding_window_shapes": (channels, window, window), "strides": (channels, stride, stride)}
        theirs, batch = quickest(partial(Occlusion(model).attribute, x, target=target, **shapes))
        found = ratio(partial(occlusion, model, x, target, window=window, stride=stride), theirs, pairs)
        row(f"occlusion, {name}, window {window}, stride {stride}, against captum, {batch} at once", found, "<= 0.8 x")


def lime_times() -> None:
    warnings.simplefilter("ignore")  # of captum's Lasso
    for name, model, x, target, _, samples, pairs in cases():
        segments = superpixels(x[0], segments=50)
        theirs = partial(Lime(model).attribute, x, target=target, feature_mask=segments[None, None], n_samples=samples)
        theirs, batch = quickest(theirs)
        ours = partial(lime, model, x, target, segments=segments, samples=samples, output="score")
        row(f"LIME, {name}, {samples} samples, against captum, {batch} at once", ratio(ours, theirs, pairs), "<= 0.8 x")


MEMORY = f"""
import torch
from pathlib import Path
from xaiwidgets.methods.occlusion import occlusion
from xaiwidgets.models import load_model

def peak():  # in MB; getrusage would count the process that started this one
    (line,) = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) / 1024

model, x = load_model("scenes-cnn"), torch.rand(1, 3, {SIDE}, {SIDE})
with torch.no_grad():
    model(x)
before = peak()
occlusion(model, x, {CLASS}, window=128, stride=112)
print(before, peak() - before)
"""


def occlusion_memory() -> None:
    before, more = map(float, subprocess.check_output([sys.executable, "-c", MEMORY], text=True).split())
    what = f"occlusion of {SIDE} x {SIDE}: peak memory beyond that of one forward pass ({before:.0f} MB in all)"
    row(what, f"{more:.0f} MB", "<= 300 MB")


class StopAt:
    """Asks to stop from a moment on."""

    def __init__(self, moment: float) -> None:
        self.moment = moment

    def progressed(self, label: str, done: int, total: int | None) -> None:
        pass

    def cancelled(self) -> bool:
        return time.perf_counter() >= self.moment


def until_cancelled(call: Callable[[], object], after: float) -> float:
    """Seconds from the wish to stop, `after` seconds on the way, to the end."""
    moment = time.perf_counter() + after
    try:
        with listening(StopAt(moment)):
            call()
    except Cancelled:
        return time.perf_counter() - moment
    raise RuntimeError(f"over before {after} s: nothing to cancel")


def first_map() -> None:
    for name, model, x, target, window, _, _ in cases():
        coarse = partial(coarse_to_fine, model, x, target, window=window)
        first = [seconds(lambda coarse=coarse: next(coarse())) for _ in range(11)]
        wanted = "<= 100 ms" if name == "scenes-cnn" else "stated"
        row(f"first coarse occlusion map, {name}", f"{1000 * statistics.median(first):.0f} ms", wanted)
        dense = partial(occlusion, model, x, target, window=window, stride=1)
        late = [until_cancelled(dense, 0.3 + 0.05 * number) for number in range(9)]
        row(f"cancel answered, occlusion, {name}", f"{1000 * max(late):.0f} ms (slowest of 9)", "<= 200 ms")
