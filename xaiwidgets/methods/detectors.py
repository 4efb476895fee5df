"""Does a unit detect a class? Answered by numbers, against chance.

Notation: `a(x)` is the unit's value for an input `x`; an input is positive if it shows what the unit is said to detect.
Said of a threshold `t`: precision is the share of positives among the inputs with `a(x) >= t`, recall the share of the
positives that are among them.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

AT_ONCE = 2**22  # numbers in one piece of work


@dataclass(frozen=True)
class Detector:
    """How well a unit's value tells the positives from the others.

    Attributes:
        k: inputs at the top that are looked at.
        precision_at_k: share of positives among the `k` inputs with the largest values.
        average_precision: mean precision over the positives, each at its own value as the threshold.
        auroc: chance that a positive has a larger value than another input; 0.5: no better than guessing.
        threshold: with the largest F1, `2 precision recall / (precision + recall)`; the largest of equals.
        precision, recall: there.
        chance: share of positives: what precision and average precision are for a unit that knows nothing.
    """

    k: int
    precision_at_k: float
    average_precision: float
    auroc: float
    threshold: float
    precision: float
    recall: float
    chance: float


def detector(values: Tensor, positives: Tensor, k: int = 9) -> Detector:
    """How good a detector is a unit?

    Args:
        values: of the unit, one for each input, `(N,)`.
        positives: which inputs show what it should detect, `(N,)` bool; at least one and not all.
        k: inputs at the top that are looked at; among equal values the earlier input comes first.

    Raises:
        TypeError, ValueError: naming the argument, what came and what was expected.
    """
    values = _checked_values(values)
    if not isinstance(positives, Tensor) or positives.dtype != torch.bool or positives.shape != values.shape:
        what = f"{tuple(positives.shape)} {positives.dtype}" if isinstance(positives, Tensor) else type(positives)
        raise ValueError(f"positives must be ({len(values)},) bool, one for each value, got {what}")
    count = int(positives.sum())
    if not 0 < count < len(values):
        raise ValueError(f"positives must be some of the {len(values)} inputs, got {count}")
    if isinstance(k, bool) or not isinstance(k, int) or not 1 <= k <= len(values):
        raise ValueError(f"k must be from 1 to the number of inputs, {len(values)}, got {k!r}")
    thresholds, precision, recall, area = _curve(values, positives.cpu())
    best = int((2 * precision * recall / (precision + recall).clamp(min=1e-300)).argmax())
    first = values.argsort(descending=True, stable=True)[:k]
    return Detector(
        k=k,
        precision_at_k=float(positives.cpu()[first].double().mean()),
        average_precision=float(_average_precision(values[:, None], positives.cpu()[:, None])),
        auroc=area,
        threshold=float(thresholds[best]),
        precision=float(precision[best]),
        recall=float(recall[best]),
        chance=count / len(values),
    )


def average_precisions(values: Tensor, labels: Tensor, classes: int) -> Tensor:
    """How good a detector of each class is each of many units? Average precision, `(C, classes)`; chance is `n_y / N`.

    Args:
        values: of the units, `(N, C)`.
        labels: class of each input, `(N,)`; inputs of an unknown class (-1) are positive for none.
        classes: how many there are. One without inputs has NaN.

    Raises:
        ValueError: naming the argument, what came and what was expected.
    """
    if values.ndim != 2 or not len(values) or labels.shape != values.shape[:1]:
        raise ValueError(
            f"values must be (N, C) of at least one input and labels (N,), got {tuple(values.shape)} and "
            f"{tuple(labels.shape)}"
        )
    if labels.is_floating_point() or labels.dtype == torch.bool:
        raise ValueError(f"labels must be class indices, got {labels.dtype}")
    if not values.is_floating_point() or not values.isfinite().all():
        raise ValueError(f"values must be finite floating-point numbers, got {values.dtype}, or NaN or infinity")
    positives = labels.cpu()[:, None] == torch.arange(classes)
    at_once = max(1, AT_ONCE // max(1, positives.numel()))
    return torch.cat([_average_precision(some, positives) for some in values.detach().cpu().split(at_once, 1)])


def _average_precision(values: Tensor, positives: Tensor) -> Tensor:
    """Of units `(N, C)` for columns of positives `(N, P)`: `(C, P)`."""
    ordered, order = torch.sort(values.T, descending=True)
    hits = positives.T[:, order].double()  # (P, C, N)
    # Equal values go together: each takes the precision where the last of them has been counted.
    last = torch.cat([ordered[:, 1:] != ordered[:, :-1], torch.ones(len(ordered), 1, dtype=torch.bool)], 1)
    places = torch.arange(len(values)).expand_as(last)
    ends = places.where(last, len(values)).flip(1).cummin(1).values.flip(1)
    precision = hits.cumsum(2).gather(2, ends.expand(len(hits), -1, -1)) / (ends + 1)
    return ((hits * precision).sum(2) / hits.sum(2)).T


def _checked_values(values: Tensor) -> Tensor:
    if not isinstance(values, Tensor) or values.ndim != 1 or not values.is_floating_point():
        what = f"{tuple(values.shape)} {values.dtype}" if isinstance(values, Tensor) else type(values).__name__
        raise ValueError(f"values must be floating-point numbers (N,), got {what}")
    if bad := int(values.isnan().sum()):
        raise ValueError(f"values must be numbers, got {bad} NaN of {len(values)}")
    return values.detach().cpu()


def _curve(values: Tensor, positives: Tensor) -> tuple[Tensor, Tensor, Tensor, float]:
    """Every threshold that cuts differently, from the largest, `(T,)`; equal values go together.

    Returns:
        Thresholds; precision and recall there, `(T,)`; the area under recall against the share of the other inputs
        above the threshold.
    """
    ordered, order = torch.sort(values, descending=True)
    last = torch.cat([ordered[1:] != ordered[:-1], torch.ones(1, dtype=torch.bool)])
    taken = (torch.arange(len(values), dtype=torch.float64) + 1)[last]
    found = positives[order].double().cumsum(0)[last]
    precision, recall = found / taken, found / found[-1]
    others = (taken - found) / (taken[-1] - found[-1])
    recalls, shares = (torch.nn.functional.pad(each, (1, 0)) for each in (recall, others))
    return ordered[last], precision, recall, float(torch.trapezoid(recalls, shares))


@dataclass(frozen=True)
class ClassMix:
    """Which classes some inputs come from, and whether picking them at random would do the same.

    Attributes:
        counts: inputs of each class, `(classes,)`.
        top: the most frequent class; of several, the one with the fewest inputs in the data set.
        share: of the inputs, that are of this class.
        chance: its share in the data set.
        p_value: at most so likely is it that any class has as unlikely a number among as many inputs picked at random.
    """

    counts: Tensor
    top: int
    share: float
    chance: float
    p_value: float


def class_mix(labels: Tensor, class_counts: Tensor) -> ClassMix:
    """Which classes do a unit's inputs come from, and how sure is it that this is no accident?

    Picked at random from `N` inputs of which `M` are of class `y`, `k` inputs hold `m` or more of it with probability

        P(X >= m) = Σ_{j >= m}  C(M, j) C(N - M, k - j) / C(N, k)         (hypergeometric)

    The p-value is this for the most frequent class, times the number of classes (Bonferroni): we looked at all of them.

    Args:
        labels: class of each of the inputs, `(k,)`; unknown ones (-1) are left out.
        class_counts: inputs of each class in the data set, `(classes,)`.

    Raises:
        TypeError, ValueError: naming the argument, what came and what was expected.
    """
    for name, given in (("labels", labels), ("class_counts", class_counts)):
        if not isinstance(given, Tensor) or given.ndim != 1 or given.is_floating_point() or given.is_complex():
            what = f"{tuple(given.shape)} {given.dtype}" if isinstance(given, Tensor) else type(given).__name__
            raise TypeError(f"{name} must be whole numbers, one axis, got {what}")
    labels, class_counts = labels[labels >= 0].cpu(), class_counts.cpu()
    if not len(labels):
        raise ValueError("labels must hold at least one known class, got none")
    if int(labels.max()) >= len(class_counts):
        raise ValueError(f"labels must be from 0 to {len(class_counts) - 1}, got {int(labels.max())}")
    counts = labels.bincount(minlength=len(class_counts))
    if (wrong := (counts > class_counts).nonzero()[:, 0]).numel():
        first = int(wrong[0])
        raise ValueError(
            f"class_counts must be those of the data set, got {int(class_counts[first])} of class {first}, "
            f"of which there are {int(counts[first])} among the labels"
        )
    top = min(range(len(counts)), key=lambda each: (-int(counts[each]), int(class_counts[each])))
    total, members, k, found = int(class_counts.sum()), int(class_counts[top]), len(labels), int(counts[top])
    tail = _at_least(found, k, members, total)
    classes = int((class_counts > 0).sum())
    return ClassMix(counts, top, found / k, members / total, min(1.0, classes * tail))


def _at_least(found: int, k: int, members: int, total: int) -> float:
    """`P(X >= found)` for `k` picked from `total`, of which `members` count."""
    return sum(math.comb(members, j) * math.comb(total - members, k - j) for j in range(found, min(k, members) + 1)) / (
        math.comb(total, k)
    )


@dataclass(frozen=True)
class Duplicates:
    """Two units that say the same: their indices, `first < second`, and the correlation of their values."""

    first: int
    second: int
    correlation: float


def duplicate_units(activations: Tensor, threshold: float = 0.95) -> list[Duplicates]:
    """Which pairs of units say nearly the same? Those whose values correlate by more than `threshold`.

    Args:
        activations: `(N, C)`, or maps `(N, C, …)`, all places of which are compared.
        threshold: Pearson's correlation coefficient.

    Returns:
        The pairs, the most alike first. A constant unit is like no other.

    Raises:
        ValueError: naming the argument, what came and what was expected.
    """
    if not isinstance(activations, Tensor) or activations.ndim < 2 or not activations.is_floating_point():
        raise ValueError("activations must be floating-point numbers (N, C, …)")
    if not -1 <= threshold <= 1:
        raise ValueError(f"threshold must be from -1 to 1, got {threshold!r}")
    if not activations.isfinite().all():
        raise ValueError("activations must be finite, got NaN or infinity")
    values = activations.detach().transpose(0, 1).flatten(1).cpu().double()
    values = values - values.mean(1, keepdim=True)
    length = values.norm(dim=1)
    known = length > 1e-9 * activations.abs().max() * values.shape[1] ** 0.5  # below: rounding of a constant
    correlation = (values @ values.T / (length[:, None] * length).clamp(min=1e-300)).clamp(-1, 1)
    alike = (correlation > threshold) & known & known[:, None]
    pairs = alike.triu(1).nonzero().tolist()
    found = [Duplicates(first, second, float(correlation[first, second])) for first, second in pairs]
    return sorted(found, key=lambda pair: -pair.correlation)
