"""What `TopKExplorer` is asked, and what it finds about one channel."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from xaiwidgets.explorers.top_k_scans import Known
from xaiwidgets.explorers.top_k_subject import Subject
from xaiwidgets.methods.detectors import ClassMix, Detector, class_mix, detector
from xaiwidgets.methods.receptive_field import Field
from xaiwidgets.methods.top_k import Extremes, TopK

SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True)
class Request:
    """What the user has set.

    Attributes:
        layer: name; None: the logits.
        channel: None: the most telling one.
        k: pictures of each end.
        over: "max" or "mean" of the map.
        asked: the class of which the unit may be a detector; None: the most frequent among its best pictures, or the
            logit's own.
        end, position: which picture is looked at: "best" or "worst", and its place there.
    """

    layer: str | None
    channel: int | None
    k: int
    over: str
    asked: int | None
    end: str
    position: int


@dataclass(frozen=True)
class Result:
    """What is known of a channel.

    Attributes:
        request: what was asked.
        known: of the whole layer.
        channel: the one that was asked for, or the most telling one.
        order: all channels, the most telling first.
        telling: what they are ordered by, `(C,)`.
        fields: of the best and of the worst pictures, as far as shown; None while unknown.
        picture: the picture that is looked at, `(C, H, W)`, and its map of the channel `(h, w)`, if there is one.
        mix: classes of the best pictures; None without labels.
        asked: the class of which it may be a detector; None without labels.
        detector: how good it is; None where that cannot be said.
    """

    request: Request
    known: Known
    channel: int
    order: list[int]
    telling: Tensor
    fields: dict[str, list[Field]] | None
    picture: Tensor
    map: Tensor | None
    mix: ClassMix | None
    asked: int | None
    detector: Detector | None

    @property
    def finished(self) -> bool:
        """Whether all pictures were scanned."""
        return self.known.finished

    @property
    def one(self) -> TopK:
        """The record of the channel."""
        return self.known.record.of(self.channel)

    def end(self, name: str) -> Extremes:
        """The `k` best or worst pictures of the channel."""
        end = self.one if name == "best" else self.one.bottom
        k = self.request.k
        labels = None if end.labels is None else end.labels[:k]
        return Extremes(end.values[:k], end.indices[:k], end.places[:k], labels)

    @property
    def index(self) -> int:
        """Position in the data of the picture that is looked at."""
        indices = self.end(self.request.end).indices
        return int(indices[min(self.request.position, len(indices) - 1)])


def telling(known: Known, request: Request) -> Tensor:
    """How much each channel tells, `(C,)`: average precision for the class that is asked about.

    If none is, for the class it detects best, or of a logit for its own. Without labels: how far the best picture
    stands out, in standard deviations above the mean.
    """
    record = known.record
    if known.precisions is None:
        return ((record.values[:, 0] - record.mean) / record.deviation).nan_to_num(0, 0, 0)
    precisions = known.precisions.nan_to_num(0.0)
    channels, classes = precisions.shape
    if request.asked is not None:
        return precisions[:, request.asked] if request.asked < classes else torch.zeros(channels)
    if request.layer is None:
        return torch.nn.functional.pad(precisions.diagonal(), (0, channels - min(channels, classes)))
    return precisions.max(1).values


Judgement = tuple[ClassMix | None, int | None, Detector | None]


def judged(known: Known, channel: int, request: Request, labels: Tensor) -> Judgement:
    """Classes of the best pictures, the class the channel is judged by, and how good a detector of it it is."""
    record = known.record
    if record.class_counts is None:
        return None, request.asked, None
    best = record.labels[channel, : request.k]
    mix = class_mix(best, record.class_counts) if (best >= 0).any() else None
    fitting = channel if request.layer is None else mix.top if mix else 0
    asked = fitting if request.asked is None else request.asked
    positives = labels[: record.count] == asked
    if not 0 < int(positives.sum()) < record.count:
        return mix, asked, None
    return mix, asked, detector(known.values[:, channel], positives, min(request.k, record.count))


def silent(result: Result) -> str:
    """Why the pictures of this channel mean nothing; empty if they do."""
    record, channel = result.known.record, result.channel
    if result.request.layer is not None and record.active[channel] == 0:
        return f"never above 0 in {record.count} pictures: a dead unit, its best pictures mean nothing"
    if float(record.deviation[channel]) <= 1e-9 * abs(float(record.mean[channel])):
        return "the same value for every picture: it tells nothing"
    return ""


def remarks(result: Result, subject: Subject) -> list[str]:
    """What else a reader must know of a channel."""
    channel, layer, found = result.channel, result.request.layer, []
    for pair in result.known.duplicates or []:
        if channel in (pair.first, pair.second):
            other = pair.second if pair.first == channel else pair.first
            found.append(f"Nearly the same as {subject.unit_name(layer, other)} (correlation {pair.correlation:.2f}).")
    if layer is None:
        found.append("The model compares the logits of one picture; one logit across pictures may rank badly.")
    if result.finished and result.map is not None and result.fields is None:
        found.append("What it saw cannot be cut out: the pictures are too large, or the net runs in float32 only.")
    return found


def chance_text(p_value: float) -> str:
    """A p-value as a reader says it."""
    if p_value >= 0.001:
        return f"p = {p_value:.2g}"
    power = min(99, int(-math.log10(max(p_value, 1e-99))))
    return f"p < 10{str(-power).translate(SUPERSCRIPT)}"
