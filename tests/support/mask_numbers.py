"""What `make numbers` measures of the learned masks: does deleting a small part take the class away, and which part?"""

import torch
from number_rows import row
from torch import Tensor

from xaiwidgets.datasets import Dataset, load_dataset
from xaiwidgets.methods.fills import fill_picture
from xaiwidgets.methods.meaningful_perturbation import meaningful_perturbation
from xaiwidgets.models import load_model, predict

GONE, QUARTER = 0.05, 0.25
REFERENCES = {"noise": ">= 80 %", "blur": "stated", "mean": "stated", "black": "stated"}


def learned_masks(count: int = 100) -> None:
    model, data = load_model("scenes-cnn"), load_dataset("scenes")
    right = data[predict(model, data.images) == data.labels][:count]
    size = f"objects cover {right.masks.double().mean():.1%}"
    for fill, wanted in REFERENCES.items():
        masks = meaningful_perturbation(model, right.images, right.labels, fill=fill)
        what = f"learned mask, reference {fill}, {count} pictures: probability < 0.05 with at most 25 % deleted"
        for name, mask in {
            "as learned, area = mean of 1 - m": masks,
            "cut at one half": (masks >= 0.5).float(),
        }.items():
            gone, area = gone_and_area(model, right, fill, mask)
            found = f"{(gone & (area <= QUARTER)).double().mean():.0%}; deleted {area.mean():.1%}"
            row(f"{what}, {name}", found, wanted)
        found = "IoU {:.0%}, share of it inside the object {:.0%}; {}".format(*overlap(masks < 0.5, right.masks), size)
        row(f"the region deleted (m < 1/2), reference {fill}, against the object", found, "stated")


def gone_and_area(model: torch.nn.Module, data: Dataset, fill: str, masks: Tensor) -> tuple[Tensor, Tensor]:
    """Whether the class is gone under these masks, and the share of the picture they delete, each `(N,)`."""
    mask = masks[:, None]
    with torch.no_grad():
        seen = mask * data.images + (1 - mask) * fill_picture(fill, data.images)
        probability = model(seen).softmax(1).gather(1, data.labels[:, None])[:, 0]
    return probability < GONE, 1 - masks.flatten(1).mean(1)


def overlap(found: Tensor, truth: Tensor) -> tuple[float, float]:
    """Mean intersection over union, and mean share of what was found that lies in the truth."""
    both = (found & truth).flatten(1).sum(1)
    either, area = (found | truth).flatten(1).sum(1), found.flatten(1).sum(1)
    inside = (both / area)[area > 0]
    return (both / either).mean().item(), inside.mean().item()
