"""What `make numbers` measures of prototypes: certainty and density of every variant, and how soon they come.

python tests/support/prototype_numbers.py            everything
python tests/support/prototype_numbers.py digits     of one data set
"""

import sys
import time
from functools import partial

import torch
from number_rows import row
from torch import Tensor, nn

from xaiwidgets.datasets import load_dataset
from xaiwidgets.methods.prototype_variants import VARIANTS, prototype, variant_prototypes
from xaiwidgets.models import load_decoder, load_expert, load_model
from xaiwidgets.progress import listening

SHAPES = {"digits": (1, 28, 28), "scenes": (3, 64, 64)}
SEEDS = 3


def parts_of(variant: str, data: str) -> dict[str, object]:
    """The expert or decoder that a variant of the course needs."""
    needs = VARIANTS[variant].needs
    if needs == "decoder":
        return {"decoder": load_decoder(f"{data}-vae")}
    return {"expert": load_expert(f"{data}-{variant}")} if needs else {}


def prototypes_of(model: nn.Module, variant: str, data: str) -> tuple[Tensor, Tensor]:
    """Prototypes `(seeds, K, C, H, W)` of all classes, and their probabilities `(seeds, K)`."""
    classes = len(load_dataset(data, count=0).class_names)
    every = {"count": classes, "every": 2000, **parts_of(variant, data)}
    target, shape = torch.arange(classes), SHAPES[data]
    frames = [prototype(model, target, variant, shape, seed=seed, **every) for seed in range(SEEDS)]
    return torch.stack([frame.pictures for frame in frames]), torch.stack([frame.probability for frame in frames])


def densities(pictures: Tensor, data: str) -> Tensor:
    """What the judge says, `(seeds, K)`, in nats."""
    judge = load_expert(f"{data}-judge")
    return torch.stack([judge.log_density(each) for each in pictures])


def certainty_and_density(chosen: list[str]) -> None:
    for data in chosen:
        model, names = load_model(f"{data}-cnn"), load_dataset(data, count=0).class_names
        real = load_dataset(data).images
        judged = load_expert(f"{data}-judge").log_density(real)
        row(f"real test pictures, {data}: median log-density", f"{judged.median():.0f} nats", "stated")
        plain = None
        for variant in VARIANTS:
            pictures, p = prototypes_of(model, variant, data)
            density = densities(pictures, data).median(0).values  # of the seeds, each class
            what = f"prototypes {variant}, {data}, {len(names)} classes x {SEEDS} seeds"
            row(f"{what}: class probability", f"least {p.min():.4f}, median {p.median():.4f}", "least >= 0.99")
            spread = f"median {density.median():.0f} nats ({density.min():.0f} to {density.max():.0f})"
            plain = density if variant == "l2" else plain
            if not VARIANTS[variant].needs:
                row(f"{what}: log-density of a class", spread, "stated")
                continue
            above = ", ".join(
                f"{name} {gain:+.0f}" for name, gain in zip(names, (density - plain).tolist(), strict=True)
            )
            better = f"{int((density > plain).sum())} of {len(names)} classes above l2: {above}"
            row(f"{what}: log-density of a class", f"{spread}; {better}", "above l2 for every class")


class Ear:
    """The longest processor time between two moments at which the work could have been stopped."""

    def __init__(self) -> None:
        self.last, self.longest = time.process_time(), 0.0

    def progressed(self, label: str, done: int, total: int | None) -> None:
        pass

    def cancelled(self) -> bool:
        now = time.process_time()
        self.last, self.longest = now, max(self.longest, now - self.last)
        return False


def first_and_cancel(chosen: list[str]) -> None:
    """In processor time of one thread: a busy machine does not change it."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    for data in chosen:
        model, firsts, gaps = load_model(f"{data}-cnn"), {}, {}
        for variant in VARIANTS:
            climb = partial(variant_prototypes, model, 1, variant, SHAPES[data], **parts_of(variant, data))
            times = []
            for _ in range(6):
                begun = time.process_time()
                next(climb())
                times.append(time.process_time() - begun)
            firsts[variant] = max(times[1:])
            with listening(ear := Ear()):
                list(climb(count=12, steps=10))
            gaps[variant] = ear.longest
        for what, found, wanted in (
            ("first frame", firsts, "<= 150 ms"),
            ("cancel heard, of 12 at once", gaps, "<= 200 ms"),
        ):
            slowest = max(found, key=found.get)
            shown = f"{1000 * found[slowest]:.0f} ms ({slowest})"
            row(f"prototypes, {data}, {what}, slowest variant, processor time", shown, wanted)
    torch.set_num_threads(threads)


def prototype_numbers(chosen: list[str] | None = None) -> None:
    certainty_and_density(chosen or list(SHAPES))
    first_and_cancel(chosen or list(SHAPES))


if __name__ == "__main__":
    prototype_numbers(sys.argv[1:])
