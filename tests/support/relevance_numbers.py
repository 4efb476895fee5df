"""What `make numbers` measures of what the methods find: relevance inside objects and tags, and a real network."""

import statistics

import torch
from number_rows import row
from real_data import FOLDER, photos, squeezenet
from torch import Tensor

from xaiwidgets.datasets import load_dataset
from xaiwidgets.explorers.maps import share_inside
from xaiwidgets.explorers.pictures import few_of_each
from xaiwidgets.methods.cam import grad_cam, grad_cam_plus_plus, upsampled
from xaiwidgets.methods.composites import COMPOSITES
from xaiwidgets.methods.deeplift import deeplift
from xaiwidgets.methods.gradients import gradient_x_input
from xaiwidgets.methods.lrp import lrp
from xaiwidgets.methods.lrp_rules import Epsilon
from xaiwidgets.models import load_model, predict

RULES = ("EpsilonPlus", "EpsilonGammaBox", "EpsilonAlpha2Beta1", "DeepTaylor")


def mean_share(maps: Tensor, masks: Tensor) -> float:
    """Share of the positive relevance `(N, C, H, W)` inside the masks, mean over the pictures that have any."""
    shares = [share_inside(each.sum(0), mask) for each, mask in zip(maps, masks, strict=True)]
    return statistics.mean(share for share in shares if share is not None)


def relevance_inside() -> None:
    model, data = load_model("scenes-cnn"), few_of_each(load_dataset("scenes"), 10)
    right = data[predict(model, data.images) == data.labels]
    area = f"{right.masks.float().mean():.1%} of the area, {len(right)} pictures"
    for rules in RULES:
        share = mean_share(lrp(model, right.images, right.labels, rules=rules), right.masks)
        row(f"positive relevance of LRP {rules} inside the object, scenes-cnn", f"{share:.1%} on {area}", "stated")
    model, data = load_model("scenes-shortcut"), load_dataset("scenes-tagged")
    boats = data[data.labels == data.class_names.index("boat")]
    tags = torch.stack([next(each.mask for each in things if each.name == "tag") for things in boats.objects])
    areas = f"areas {tags.float().mean():.1%} and {boats.masks.float().mean():.1%}, {len(boats)} boats"
    for rules in RULES:
        maps = lrp(model, boats.images, boats.labels, rules=rules)
        found = f"{mean_share(maps, tags):.1%} and {mean_share(maps, boats.masks):.1%}; {areas}"
        row(
            f"the same inside the tag, and inside the object, boats of scenes-shortcut, LRP {rules}",
            found,
            "tag well above object",
        )


def real() -> None:
    if not (FOLDER / "squeezenet").is_dir():
        return row("SqueezeNet", f"no real data in {FOLDER.name}", "skipped")
    (x, labels, masks, _), model = photos(), squeezenet()
    expected = gradient_x_input(model, x, labels)
    largest = expected.flatten(1).abs().amax(1)
    for rule in (Epsilon(1e-9), Epsilon()):
        off = (lrp(model, x, labels, rules=rule) - expected).flatten(1).abs().amax(1) / largest
        what = f"SqueezeNet, {len(x)} photos: LRP with ε = {rule.epsilon:g} against gradient x input"
        row(what, f"largest {off.max():.1e}, median {off.median():.1e}", "<= 1e-4")
    with torch.no_grad():
        risen = (model(x) - model(torch.zeros_like(x))).gather(1, labels[:, None])[:, 0]
    gap = (deeplift(model, x, labels).flatten(1).sum(1) - risen) / risen
    row("SqueezeNet: what DeepLIFT's sum misses", f"{gap.abs().max():.1e} of f(x) - f(0)", "<= 1e-3")
    chance = float(masks.float().mean())
    for name, method in (("Grad-CAM", grad_cam), ("Grad-CAM++", grad_cam_plus_plus)):
        maps = upsampled(method(model, x, labels, layer="fire9"), x.shape[2:])
        row(f"SqueezeNet: pointing game of {name}, fire9", f"{hits(maps, masks)} of 11, chance {chance:.0%}", "stated")
    maps = lrp(model, x, labels, rules=COMPOSITES["EpsilonPlus"])
    found = (
        f"{hits(maps.sum(1), masks)} of 11; {mean_share(maps, masks):.0%} of the relevance on {chance:.0%} of the area"
    )
    return row("SqueezeNet: pointing game of LRP EpsilonPlus", found, "stated")


def hits(maps: Tensor, masks: Tensor) -> int:
    """In how many pictures the largest value lies inside the mask."""
    return int(masks.flatten(1).gather(1, maps.flatten(1).argmax(1, keepdim=True)).sum())
