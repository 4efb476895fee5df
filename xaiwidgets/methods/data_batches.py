"""A data set of any length, batch by batch: a tensor, a `Dataset`, or whatever yields batches."""

from collections.abc import Iterable, Iterator
from typing import Any

import torch
from torch import Tensor

from xaiwidgets.borrow import BorrowedModel
from xaiwidgets.methods.inputs import check_x
from xaiwidgets.progress import chunks, track

LABEL = "Scanning"
AT_ONCE = 2**20  # input values in one forward pass, where nobody says how many inputs
UNKNOWN = -1  # label of an input whose class nobody told
EXPECTED = "data must be a tensor (N, …), a Dataset, or an iterable of batches: tensors or (tensor, labels)"
SINGLE = "single inputs: torch.utils.data.DataLoader(data, 64)"
Batch = tuple[Tensor, Tensor | None]


def data_batches(model: BorrowedModel, data: Any, batch: int | None = None) -> Iterator[Batch]:
    """Inputs `(n, …)` where the model's weights are, in their type, and labels `(n,)` on the CPU, or None.

    Of an iterable nothing is kept: its length does not matter, and it is gone through once.

    Args:
        model: a borrowed model.
        data: as `EXPECTED` says.
        batch: most inputs at once; None: by measured cost.

    Raises:
        TypeError, ValueError: what is no data, is empty, changes its shape, or has labels of another number or kind.
    """
    first: list[tuple[int, ...]] = []
    labelled: list[bool] = []
    for number, (x, labels) in enumerate(_pieces(data, batch)):
        x = _checked(model, x, number)
        if tuple(x.shape[1:]) != (first or [tuple(x.shape[1:])])[0]:
            raise ValueError(f"data must hold inputs of one shape, got {first[0]}, then {tuple(x.shape[1:])}")
        if (labels is not None) != (labelled or [labels is not None])[0]:
            raise ValueError("data must hold labels in every batch or in none, got both")
        first, labelled = first or [tuple(x.shape[1:])], labelled or [labels is not None]
        yield x, None if labels is None else _checked_labels(labels, len(x))
    if not first:
        raise ValueError("data must hold at least one input, got none")


def length_of(data: Any) -> int | None:
    """How many inputs the data hold, where that is known before going through them."""
    images = getattr(data, "images", data)
    return len(images) if isinstance(images, Tensor) and images.ndim else None


def _pieces(data: Any, batch: int | None) -> Iterator[tuple[Any, Any]]:
    if batch is not None and (isinstance(batch, bool) or not isinstance(batch, int) or batch < 1):
        raise ValueError(f"batch must be a number of inputs, 1 or more, or None, got {batch!r}")
    images = getattr(data, "images", data)
    if isinstance(images, Tensor):
        if images.ndim < 2:
            raise ValueError(f"{EXPECTED}, got a tensor of shape {tuple(images.shape)}")
        labels = getattr(data, "labels", None)
        for some in _slices(images, batch):
            yield images[some], None if labels is None else labels[some]
        return
    if not isinstance(data, Iterable) or isinstance(data, str | bytes | dict):
        raise TypeError(f"{EXPECTED}, got {type(data).__name__}; {SINGLE}")
    for item in track(data, LABEL):
        x, labels = _parts(item)
        most = batch or _most(x)
        if labels is not None and len(labels) != len(x):
            raise ValueError(f"labels must be one for each input, got {len(labels)} for {len(x)} inputs")
        for start in range(0, max(len(x), 1), most):
            some = slice(start, start + most)
            yield x[some], None if labels is None else labels[some]


def _slices(images: Tensor, batch: int | None) -> Iterator[slice]:
    if batch is None:
        yield from chunks(len(images), LABEL, largest=_most(images))
        return
    cuts = [slice(start, min(start + batch, len(images))) for start in range(0, len(images), batch)]
    yield from track(cuts, LABEL, len(images), size=lambda piece: piece.stop - piece.start)


def _most(x: Tensor) -> int:
    return max(1, AT_ONCE // max(1, x[:1].numel()))


def _parts(item: Any) -> tuple[Tensor, Tensor | None]:
    """One batch, without or with labels."""
    x, labels = item if isinstance(item, tuple | list) and len(item) == 2 else (item, None)
    if not isinstance(x, Tensor) or x.ndim < 2:
        what = f"a tensor of shape {tuple(x.shape)}" if isinstance(x, Tensor) else type(x).__name__
        raise TypeError(f"{EXPECTED}; got {what} as a batch; {SINGLE}")
    if labels is not None and (not hasattr(labels, "__len__") or getattr(labels, "ndim", 1) != 1):
        raise TypeError(f"labels must be class indices (n,), got {type(labels).__name__}")
    return x, labels


def _checked(model: BorrowedModel, x: Tensor, number: int) -> Tensor:
    try:
        if x.is_floating_point() and model.place is not None:
            x = x.to(*model.place)
        return check_x(model, x)
    except (TypeError, ValueError) as error:
        raise type(error)(f"data, batch {number + 1}: {error}") from None


def _checked_labels(labels: Any, count: int) -> Tensor:
    labels = torch.as_tensor(labels).detach().cpu()
    if labels.shape != (count,):
        raise ValueError(f"labels must be one for each input, got {tuple(labels.shape)} for {count} inputs")
    if labels.is_floating_point() or labels.is_complex() or labels.dtype == torch.bool:
        raise TypeError(f"labels must be class indices, got {labels.dtype}")
    if int(labels.min()) < UNKNOWN:
        raise ValueError(f"labels must be class indices from 0, or -1 where nobody knows, got {int(labels.min())}")
    return labels.long()
