"""Which inputs of a data set does each unit of a layer like best, and least, and how does it react to all of them?

Zhou et al. 2015, https://arxiv.org/abs/1412.6856, and many others: a unit is shown by the inputs that activate it most.
Notation: `a_c(x)` is the number that channel `c` of the layer has for input `x`, the maximum (or mean) of its map.
"""

from dataclasses import dataclass
from typing import Annotated, Any

import torch
from torch import Tensor, nn

from xaiwidgets.methods.data_batches import length_of
from xaiwidgets.methods.top_k_scan import RunningTopK, pooled_batches
from xaiwidgets.parameters import Choice, Range, validated

OVER = ("max", "mean", "layer")
Over = Annotated[str, Choice(*OVER, help="what becomes of a channel's map: its maximum or mean; layer: all channels")]
Count = Annotated[int, Range(1, 1000, log=True, help="inputs shown of each end")]


@dataclass(frozen=True)
class Extremes:
    """Inputs at one end of the scale, the most extreme first; of `C` channels, or of one after `of`.

    Attributes:
        values: `(C, k)`.
        indices: position in the data set, `(C, k)`; among equal values the earlier input comes first.
        places: where in the channel's map the maximum is, `(C, k, axes)`; no axes in a dense layer.
        labels: class of each input, `(C, k)`, -1 where unknown; None without labels.
    """

    values: Tensor
    indices: Tensor
    places: Tensor
    labels: Tensor | None

    def of(self, channel: int) -> "Extremes":
        """Those of one channel, without the first axis."""
        labels = None if self.labels is None else self.labels[channel]
        return Extremes(self.values[channel], self.indices[channel], self.places[channel], labels)


@dataclass(frozen=True)
class TopK(Extremes):
    """The inputs with the largest values, the largest first, and what is known of all others.

    Attributes:
        bottom: the same for the smallest values, the smallest first; its places too are those of the maximum.
        count: inputs in the data set.
        mean, deviation: of the values over all inputs, `(C,)`; the deviation is the root of the mean square.
        active: share of inputs with a value above 0, `(C,)`.
        histogram: how many inputs have a value in each bin, `(C, bins)`; exact.
        edges: where bins begin and the last one ends, `(C, bins + 1)`; widths are powers of two.
        class_means: mean value of each class's inputs, `(C, classes)`, NaN of a class without any; None without labels.
        class_counts: inputs of each class, `(classes,)`; None without labels.
    """

    bottom: Extremes
    count: int
    mean: Tensor
    deviation: Tensor
    active: Tensor
    histogram: Tensor
    edges: Tensor
    class_means: Tensor | None
    class_counts: Tensor | None

    def of(self, channel: int) -> "TopK":
        """What is known of one channel, without the first axis."""
        parts = dict(vars(super().of(channel)))
        for name in ("mean", "deviation", "active", "histogram", "edges"):
            parts[name] = getattr(self, name)[channel]
        means = None if self.class_means is None else self.class_means[channel]
        bottom = self.bottom.of(channel)
        return TopK(**parts, bottom=bottom, count=self.count, class_means=means, class_counts=self.class_counts)


@validated
def top_k(
    model: nn.Module,
    data: Any,
    layer: str | None,
    *,
    k: Count = 9,
    over: Over = "max",
    place: tuple[int, ...] | None = None,
    batch: int | None = None,
) -> TopK:
    """Which `k` inputs have the largest `a_c(x)`, and which the smallest, for every channel `c` of a layer?

    The data are gone through once, batch by batch; memory does not grow with their number. The result is that of
    sorting all values, whatever the batches.

    Args:
        model: classifier, `(N, …)` -> logits `(N, K)`; left as it was found.
        data: inputs `(N, …)`; a `Dataset`; or an iterable of batches, each a tensor `(n, …)` or `(tensor, labels)`,
            such as a DataLoader or a generator. Each batch is brought to the model's device and floating-point type.
        layer: name of a module that hands on `(N, C, …)`; None: the logits, whose channels are the classes.
        k: inputs to keep of each end; at most as many as there are.
        over: "max" or "mean" of each channel's map; "layer": the root mean square of all the layer hands on, C = 1.
        place: indices into the maps, such as `(row, column)`: single neurons instead of maps; not with "layer".
        batch: most inputs in one forward pass; None: by measured cost.

    Returns:
        The record, on the CPU.

    Raises:
        TypeError, ValueError: naming the argument, what came and what was expected: a layer that does not exist (with
            near names), `k` above the number of inputs, no inputs, inputs of changing shape, values that are not
            finite, labels of another number than their inputs.
    """
    check_count(k, length_of(data))
    scan = RunningTopK(k)
    for some in pooled_batches(model, data, layer, over=over, place=place, batch=batch):
        scan.add(some)
    check_count(k, scan.count)
    return record_of(scan)


def record_of(scan: RunningTopK) -> TopK:
    """What a scan knows so far; with fewer than `k` inputs, all of them."""
    known = scan.class_sums is not None and len(scan.class_counts) > 0
    top, bottom = (_extremes(end, known) for end in (scan.top, scan.bottom))
    return TopK(
        **vars(top),
        bottom=bottom,
        count=scan.count,
        mean=scan.mean,
        deviation=(scan.squares / scan.count).sqrt(),
        active=scan.positive.double() / scan.count,
        histogram=scan.histogram.counts,
        edges=scan.histogram.edges(),
        class_means=scan.class_sums / scan.class_counts if known else None,
        class_counts=scan.class_counts if known else None,
    )


def _extremes(end: tuple[Tensor, ...], labelled: bool) -> Extremes:
    values, indices, places, labels = end
    return Extremes(values, indices, places, labels if labelled else None)


def check_count(k: int, count: int | None) -> None:
    """Raise an error if there are fewer than `k` inputs; none at all is told by who reads them."""
    if count and k > count:
        raise ValueError(f"k must be at most the number of inputs, {count}, got {k}")


def dead_units(top: TopK) -> Tensor:
    """Which channels are never above 0, for no input and at no place? Their indices, `(n,)`, in order.

    With `over="max"` such a channel of a ReLU layer hands on nothing but zeros: nothing after it can use it.
    """
    return (top.active == 0).nonzero()[:, 0]


def class_share(top: TopK) -> Tensor:
    """How much of what a channel tells is the class? Correlation ratio `η²`, `(C,)`, from 0 (nothing) to 1 (all).

    `η² = Σ_y n_y (ā_y - ā)² / Σ_x (a(x) - ā)²`: the share of the variance over inputs that lies between the means
    `ā_y` of the classes `y`, of `n_y` inputs each. A constant channel has 0.

    Raises:
        ValueError: if an input has no label.
    """
    known = 0 if top.class_counts is None else int(top.class_counts.sum())
    if known != top.count:
        raise ValueError(f"top must come from data with a label for every input, got {known} for {top.count} inputs")
    between = top.class_counts * (top.class_means - top.mean[:, None]).square()
    between = between.nan_to_num().sum(1) / top.class_counts.sum()
    constant = top.deviation <= 1e-9 * top.mean.abs()  # but for rounding
    return torch.where(constant, 0.0, between / top.deviation.square())
