"""The project's figures, measured on this machine: `make numbers`. Timings are ratios of pairs in one run.

python tests/measure.py                everything
python tests/measure.py lrp_times …    these parts
python tests/measure.py browser occlusion_explorer   latency, memory and comms in JupyterLab
"""

import statistics
import subprocess
import sys
from functools import partial
from pathlib import Path

import torch
from captum.attr import InputXGradient, IntegratedGradients, Saliency

from xaiwidgets.datasets import load_dataset
from xaiwidgets.explorers.maps import share_inside
from xaiwidgets.explorers.pictures import few_of_each
from xaiwidgets.methods.gradients import gradient, gradient_x_input, integrated_gradients
from xaiwidgets.models import accuracy, load_model, predict, shortcut_numbers

sys.path.append(str(Path(__file__).parent / "support"))
from map_numbers import tsne_maps, tsne_rows, tsne_times
from mask_numbers import learned_masks
from method_numbers import guided_times, lrp_times
from number_rows import ratio, row
from perturbation_numbers import first_map, lime_times, occlusion_memory, occlusion_times
from prototype_numbers import prototype_numbers
from relevance_numbers import real, relevance_inside
from top_k_numbers import top_k_brute_force, top_k_cancel, top_k_memory


def import_time() -> None:
    code = "import time, torch; t = time.perf_counter(); import xaiwidgets; print(time.perf_counter() - t)"
    seconds = [float(subprocess.check_output([sys.executable, "-c", code])) for _ in range(5)]
    row("`import xaiwidgets` beyond `import torch`", f"{statistics.median(seconds):.3f} s", "<= 0.5 s")


def models() -> None:
    for name, data, wanted in (("digits-cnn", "digits", "98 %"), ("scenes-cnn", "scenes", "97 %")):
        row(f"test accuracy: {name}", f"{accuracy(load_model(name), load_dataset(data)):.1%}", wanted)
    for name, data in (("digits-mlp", "digits"), ("scenes-resnet", "scenes"), ("scenes-shortcut", "scenes-tagged")):
        row(f"test accuracy: {name} on {data}", f"{accuracy(load_model(name), load_dataset(data)):.1%}", "stated")
    shortcut = shortcut_numbers()
    row("scenes-shortcut: boats lose without their tag", f"{100 * shortcut.loss:.0f} points", ">= 30 points")
    row("scenes-shortcut: a tag on another class flips it", f"{shortcut.flipped_by_tag:.0%}", ">= 50 %")


def inside() -> None:
    model, data = load_model("scenes-cnn"), few_of_each(load_dataset("scenes"), 10)
    right = data[predict(model, data.images) == data.labels]
    area = f"{right.masks.float().mean():.1%}"
    for name, baseline in (("black", 0.0), ("grey", 0.5)):
        maps = integrated_gradients(model, right.images, right.labels, steps=32, baseline=baseline)
        shares = [share_inside(each.sum(0), mask) for each, mask in zip(maps, right.masks, strict=True)]
        found = f"{statistics.mean(shares):.1%} on {area} of the area ({len(right)} pictures)"
        row(f"positive relevance of integrated gradients from {name} inside the mask", found, "above chance")


def by_hand(model: torch.nn.Module, x: torch.Tensor) -> torch.Tensor:
    x = x.clone().requires_grad_()
    return torch.autograd.grad(model(x)[:, 3].sum(), x)[0]


def times() -> None:
    model, x = load_model("scenes-cnn"), load_dataset("scenes").images[:1]
    leaf = x.clone().requires_grad_()
    saliency = partial(Saliency(model).attribute, leaf, target=3, abs=False)
    times_input = partial(InputXGradient(model).attribute, leaf, target=3)
    for what, theirs, ours, wanted in (
        ("one gradient map against forward + backward by hand", partial(by_hand, model, x), gradient, "<= 1.15 x"),
        ("gradient against captum", saliency, gradient, "<= 1.0 x"),
        ("gradient x input against captum", times_input, gradient_x_input, "<= 1.0 x"),
    ):
        row(what, ratio(partial(ours, model, x, 3), theirs), wanted)
    theirs = partial(IntegratedGradients(model).attribute, x, target=3, n_steps=64, method="riemann_middle")
    found = ratio(partial(integrated_gradients, model, x, 3, steps=64), theirs, pairs=15)
    row("integrated gradients, 64 steps, against captum", found, "<= 1.0 x")


def browser() -> None:
    from browser_numbers import measured

    wanted = iter(("p50 <= 30 ms, p95 <= 60 ms", "< 20 MB, no comm", "< 20 MB, no comm"))
    for what, figure in measured().items():
        row(what, figure, next(wanted))


def occlusion_explorer() -> None:
    import occlusion_explorer_numbers

    occlusion_explorer_numbers.occlusion_explorer()


def understanding_explorers() -> None:
    import prototype_explorer_numbers
    import tsne_numbers

    tsne_numbers.tsne_explorer()
    prototype_explorer_numbers.prototype_explorer()


if __name__ == "__main__":
    shares, pace = (models, inside, relevance_inside, real), (import_time, times, lrp_times, guided_times)
    asked = (occlusion_times, lime_times, occlusion_memory, first_map, learned_masks)
    learned = (tsne_rows, tsne_maps, tsne_times, top_k_memory, top_k_brute_force, top_k_cancel, prototype_numbers)
    shown = (browser, occlusion_explorer, understanding_explorers)
    parts = {part.__name__: part for part in (*shares, *pace, *asked, *learned, *shown)}
    print("| what | measured | wanted |\n|---|---|---|")
    for name in sys.argv[1:] or parts:
        parts[name]()
