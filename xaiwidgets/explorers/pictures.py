"""The pictures an explorer works on: the course's own, or the user's, checked once."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor, nn

from xaiwidgets.borrow import borrow, device_and_dtype
from xaiwidgets.datasets import Dataset
from xaiwidgets.methods.fills import CONSTANTS, fill_picture
from xaiwidgets.methods.inputs import check_x, class_scores


def as_dataset(
    images: Dataset | Tensor,
    labels: Tensor | None = None,
    class_names: list[str] | None = None,
    masks: Tensor | None = None,
) -> Dataset:
    """Return what the user gave as a `Dataset`.

    Args:
        images: a dataset, or images `(N, C, H, W)` in [0, 1] with one or three channels.
        labels: true classes, `(N,)`; unknown if not given.
        class_names: one name a class; numbers if not given.
        masks: where the object is, `(N, H, W)` bool; unknown if not given.

    Raises:
        TypeError, ValueError: naming the argument, what came and what was expected.
    """
    if isinstance(images, Dataset):
        given = {"labels": labels, "class_names": class_names and tuple(class_names), "masks": masks}
        return replace(images, **{name: value for name, value in given.items() if value is not None})
    if not isinstance(images, Tensor):
        raise TypeError(f"images must be a Dataset or a torch.Tensor (N, C, H, W), got {type(images).__name__}")
    if images.ndim != 4 or images.shape[1] not in (1, 3):
        raise ValueError(f"images must be (N, C, H, W) with 1 or 3 channels, got shape {tuple(images.shape)}")
    labels = torch.full((len(images),), UNKNOWN) if labels is None else torch.as_tensor(labels)
    return Dataset("images", images.detach(), labels.long(), tuple(class_names or ()), masks)


UNKNOWN = -1  # label of a picture whose class nobody told
LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601


def named_classes(model: nn.Module, data: Dataset) -> tuple[str, ...]:
    """One name for each logit of the model; checks that the model can explain the pictures at all."""
    count = logits_of(model, check_x(nn.Identity(), data.images[:1])).shape[1]
    if data.class_names and len(data.class_names) != count:
        raise ValueError(f"class_names must name the model's {count} classes, got {len(data.class_names)} names")
    if (wrong := data.labels[(data.labels >= count) | (data.labels < UNKNOWN)]).numel():
        raise ValueError(f"labels must be class indices from 0 to {count - 1}, got {int(wrong[0])}")
    return data.class_names or tuple(map(str, range(count)))


def logits_of(model: nn.Module, x: Tensor) -> Tensor:
    """The class scores `(N, K)`, on the CPU; `model` is borrowed."""
    with torch.no_grad():
        return class_scores(borrow(model), on_device(model, x)).cpu()


@contextmanager
def recorded_scores(model: nn.Module, x: Tensor) -> Iterator[Callable[[], Tensor]]:
    """Explain `x` inside the `with` block, then ask for its class scores `(N, K)`, on the CPU.

    They are those of the forward pass that a method made of `x` itself; if none did, of one more.

    Args:
        model: a borrowed model.
        x: on its device.
    """
    seen: list[Tensor] = []

    def keep(_model: nn.Module, inputs: tuple[Tensor, ...], logits: Tensor) -> None:
        if not seen and isinstance(logits, Tensor) and logits.ndim == 2 and torch.equal(inputs[0], x):
            seen.append(logits.detach().clone())

    hook = model.register_forward_hook(keep)
    try:
        yield lambda: seen[0].cpu() if seen else logits_of(model, x)
    finally:
        hook.remove()


def on_device(model: nn.Module, x: Tensor) -> Tensor:
    """`x` where the model's weights are, in their type."""
    place = device_and_dtype(model)
    return x if place is None else x.to(*place)


def with_picture(data: Dataset, pixels: np.ndarray) -> Dataset:
    """`data` and one more picture `(H, W, 3)` uint8 of an unknown class, grey where the others are."""
    image = torch.from_numpy(pixels.copy()).movedim(-1, 0).to(data.images) / 255
    if data.images.shape[1] == 1:
        image = (image * torch.tensor(LUMA).to(image)[:, None, None]).sum(0, keepdim=True)
    nothing = torch.zeros(1, *image.shape[1:], dtype=torch.bool)
    return replace(
        data,
        images=torch.cat([data.images, image[None]]),
        labels=torch.cat([data.labels, torch.tensor([UNKNOWN])]),
        masks=None if data.masks is None else torch.cat([data.masks, nothing]),
        objects=None if data.objects is None else (*data.objects, ()),
    )


def few_of_each(data: Dataset, each: int) -> Dataset:
    """The first `each` pictures of every class, class by class."""
    places = [(data.labels == label).nonzero()[:each, 0] for label in data.labels.unique()]
    return data[torch.cat(places)]


def moved(image: Tensor, offset: tuple[int, int]) -> Tensor:
    """`image` `(…, H, W)` moved down and right by `offset` pixels; the edge is repeated where nothing moves in."""
    height, width = image.shape[-2:]
    rows = (torch.arange(height) - offset[0]).clamp(0, height - 1)
    columns = (torch.arange(width) - offset[1]).clamp(0, width - 1)
    return image[..., rows.to(image.device)[:, None], columns.to(image.device)]


def noisy(image: Tensor, amount: float, seed: int = 0) -> Tensor:
    """`image` in [0, 1] with Gaussian noise of standard deviation `amount`, cut to [0, 1]."""
    if amount == 0:
        return image
    noise = torch.randn(image.shape, generator=torch.Generator().manual_seed(seed))
    return (image + amount * noise.to(image)).clamp(0, 1)


def object_mask(data: Dataset, index: int, offset: tuple[int, int] = (0, 0)) -> Tensor | None:
    """Where the object of picture `index` is when `moved` by `offset`, `(H, W)` bool; None if unknown or nowhere."""
    mask = None if data.masks is None else moved(data.masks[index], offset)
    return mask if mask is not None and mask.any() else None


BASELINES = (*CONSTANTS, "blurred")


def baseline_of(name: str, x: Tensor) -> Tensor:
    """The picture `(N, C, H, W)` that stands for "nothing" beside `x`; `name` is one of `BASELINES`."""
    return fill_picture("blur" if name == "blurred" else name, x)
