"""The views of `TopKExplorer`."""

import html
from typing import Any

import numpy as np
import torch
from ipywidgets import HTML, Box, Widget

from xaiwidgets.colors import picture, symmetric_limit
from xaiwidgets.datasets import Dataset
from xaiwidgets.explorers.explorer import column, heading, row
from xaiwidgets.explorers.maps import NOTHING
from xaiwidgets.explorers.pictures import UNKNOWN
from xaiwidgets.explorers.top_k_pictures import cropped, field_mask, framed
from xaiwidgets.explorers.top_k_result import Result, chance_text, remarks, silent
from xaiwidgets.explorers.top_k_subject import Subject
from xaiwidgets.views import BarsView, CurvesView, GalleryView, ImageView

ENDS = {"best": "Best: largest values", "worst": "Worst: smallest values"}
WIDTH = 566  # CSS pixels of the pictures
SIZES = {16: 54, 25: 46}  # CSS pixels of a picture, by the number of pictures of an end
LARGE = 96  # where they are fewer: as wide as most words under them, so that rows align
NAMED = 9  # pictures of an end up to which each says its class
LIST = 420  # CSS pixels after which the list of channels scrolls
NO_MAP = np.zeros((0, 0), np.float32)


class TopKViews:
    """Lists of layers and channels, two grids of pictures, a histogram and bars.

    Attributes:
        input: the picture that is looked at, under the channel's map.
        layers, channels: lists to choose from.
        grids: the best and worst pictures.
        histogram: of all values of the channel.
        mix: classes of the best pictures.
        judge: how good a detector of a class the channel is.
        sentence: what it all says.
    """

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        self.input = ImageView(opacity=0.6)
        layers = list(subject.layers)
        self.layers = BarsView(
            names=[subject.titles[layer] for layer in layers],
            values=[subject.layers[layer][0] for layer in layers],
            digits=0,
            label="1. Layer (and its channels)",
        )
        self.channels = BarsView(order="sorted")
        self.grids = {name: GalleryView(label=title, selected=None) for name, title in ENDS.items()}
        self.histogram = CurvesView(width=250, height=160, movable=False)
        self.mix = BarsView(names=list(subject.class_names), digits=0, mark_label="chance")
        self.judge = BarsView(mark_label="chance", limits=(0, 1))
        self.sentence = HTML()
        self.scrolled = column(self.channels)
        self.scrolled.layout.max_height, self.scrolled.layout.overflow = f"{LIST}px", "auto"

    def show_channels(self, result: Result) -> None:
        """The channels of the layer, the most telling first."""
        view, subject, known = self.channels, self.subject, result.known
        layer, asked = result.request.layer, result.request.asked
        with view.hold_sync():
            view.names = [self._channel_name(result, channel) for channel in range(len(result.telling))]
            view.values = result.telling
            view.limits = (0, 1) if known.precisions is not None else None
            if known.precisions is None:
                what = "how far its best picture stands out (standard deviations)"
            elif asked is None and layer is None:
                what = "its average precision"
            elif asked is None:
                what = "the class it detects best (average precision)"
            else:
                what = f"average precision as a detector of {subject.class_names[asked]}"
            view.label = f"2. {'Class' if layer is None else 'Channel'}: {what}"
            view.selected = result.channel

    def _channel_name(self, result: Result, channel: int) -> str:
        name = self.subject.unit_name(result.request.layer, channel)
        precisions = result.known.precisions
        if result.known.record.active[channel] == 0 and result.request.layer is not None:
            return f"{name} dead"
        if precisions is None or result.request.layer is None or result.request.asked is not None:
            return name
        return f"{name} {self.subject.class_names[int(precisions[channel].nan_to_num(0.0).argmax())]}"

    def show_pictures(self, result: Result, data: Dataset, crop: bool) -> None:
        """The grids of the best and the worst pictures, each with its value and class."""
        k = result.request.k
        for name, view in self.grids.items():
            end = result.end(name)
            images, fields = data.images[end.indices], (result.fields or {}).get(name)
            pixels = cropped(images, fields) if crop and fields is not None else framed(images, fields)
            words = [
                self._label(data, index, value, k <= NAMED)
                for index, value in zip(end.indices, end.values, strict=True)
            ]
            chosen = min(result.request.position, len(words) - 1) if name == result.request.end else None
            with view.hold_sync():
                view.labels = []
                view.images = pixels
                view.labels = words
                view.size = SIZES.get(k, LARGE)
                view.selected = chosen

    def _label(self, data: Dataset, index: Any, value: Any, named: bool) -> str:
        label = int(data.labels[int(index)])
        return f"{float(value):.3g} {self.subject.class_names[label] if named and label != UNKNOWN else ''}".strip()

    def show_input(self, result: Result, data: Dataset, over: bool) -> None:
        """The chosen picture, the channel's map over it, and what the unit saw where it was strongest."""
        view, end, position = self.input, result.end(result.request.end), result.request.position
        position = min(position, len(end.indices) - 1)
        fields = (result.fields or {}).get(result.request.end)
        pixels = picture(result.picture)
        label = int(data.labels[result.index])
        with view.hold_sync():
            if not np.array_equal(view.image, pixels):
                view.image = pixels
            shown = over and result.map is not None
            view.heatmap = result.map if shown else NO_MAP
            view.limit = max(symmetric_limit(result.map), 1e-30) if shown else 1.0
            view.outline = NOTHING if fields is None else field_mask(fields[position], pixels.shape[:2])
            named = "" if label == UNKNOWN else f": {self.subject.class_names[label]}"
            view.title = f"Picture {result.index}{named}"
            place = tuple(end.places[position].tolist())
            where = f" at row {place[0]}, column {place[1]} of its map" if len(place) == 2 else ""
            view.caption = f"value {float(end.values[position]):.3g}{where}"
            view.alt = f"{view.title}, {view.caption}"

    def show_histogram(self, result: Result, data: Dataset) -> None:
        """How many pictures have which value; the marker at the k-th."""
        one, view = result.one, self.histogram
        used = one.histogram.nonzero()[:, 0]
        first, last = int(used[0]), int(used[-1]) + 1
        edges, counts = one.edges[first : last + 1], one.histogram[first:last]
        series, names = [counts], ["all"]
        if result.asked is not None:
            values = result.known.values[:, result.channel].double()
            mine = values[data.labels[: len(values)] == result.asked]
            bins = ((mine - edges[0]) / (edges[1] - edges[0])).long()  # exact: the width is a power of two
            series.append(bins.bincount(minlength=len(counts)))
            names.append(self.subject.class_names[result.asked])
        if len(counts) == 1:
            edges = torch.tensor([-0.5, 0.5]) + float(one.mean)  # a constant: its bin is too narrow to be seen
        # Steps: each bin begins and ends at its height.
        x = torch.stack([edges[:-1], edges[1:]], 1).flatten()
        k = len(result.end("best").values)
        with view.hold_sync():
            view.x, view.names, view.series = x, names, torch.stack(series).double().repeat_interleave(2, 1)
            view.marker = float(result.end("best").values[-1])
            view.title = f"All {one.count} pictures: {float(one.active):.0%} above 0; the line: number {k}"
            view.x_label, view.y_label = "value", "pictures"
            view.alt = (
                f"Histogram of {one.count} values from {float(edges[0]):.3g} to {float(edges[-1]):.3g}, mean "
                f"{float(one.mean):.3g}, above 0 for {float(one.active):.0%}"
            )

    def show_numbers(self, result: Result) -> None:
        """The classes of the best pictures, and how good a detector of the class the unit is."""
        classes, counts = len(self.subject.class_names), result.known.record.class_counts
        if counts is None:
            return  # no picture so far has a class
        shares = torch.nn.functional.pad(counts / counts.sum(), (0, classes - len(counts)))
        mix = torch.zeros(classes) if result.mix is None else result.mix.counts / len(result.end("best").values)
        with self.mix.hold_sync():
            self.mix.values = torch.nn.functional.pad(mix, (0, classes - len(mix)))
            self.mix.marks, self.mix.limits, self.mix.notation = shares, (0, 1), "percent"
            self.mix.label = f"Classes of the best {len(result.end('best').values)}: choose one"
            self.mix.selected = result.asked
        found, view = result.detector, self.judge
        with view.hold_sync():
            view.label = f"Does it detect {self.subject.class_names[result.asked]}?"
            k = len(result.end("best").values)
            view.names = [f"precision at {k}", "average precision", "AUROC"]
            known = found is not None
            values = [found.precision_at_k, found.average_precision, found.auroc] if known else [float("nan")] * 3
            view.values = values
            view.marks = [found.chance, found.chance, 0.5] if known else []

    def show_sentence(self, result: Result) -> None:
        """What it all says."""
        body = "".join(f"<div>{html.escape(line)}</div>" for line in told(result, self.subject))
        self.sentence.value = f'<div class="xai-heading" style="line-height:1.5">{body}</div>'

    def arranged(self) -> tuple[Box, Box]:
        """The columns of the page, but for the controls."""
        grids = [part for name, grid in self.grids.items() for part in (heading(ENDS[name]), grid)]
        words = column(self.sentence, *([self.judge] if self.subject.labelled else []), width=f"{WIDTH - 204}px")
        middle = column(row(self.input, words), *grids, width=f"{WIDTH}px")
        words.layout.max_width = middle.layout.max_width = "100%"
        return column(self.layers, self.scrolled, width="226px"), middle

    def numbers(self) -> list[Widget]:
        """What belongs under the controls."""
        return [*([self.mix] if self.subject.labelled else []), self.histogram]


def told(result: Result, subject: Subject) -> list[str]:
    """What the numbers say, each with what chance would give, and what else must be known."""
    name, layer, mix = subject.unit_name(result.request.layer, result.channel), result.request.layer, result.mix
    who = f"Class {name}" if layer is None else f"Layer {subject.titles[layer]}, channel {name}"
    count, total, k = result.known.record.count, result.known.total, len(result.end("best").values)
    seen = f"{count} pictures" if result.finished else f"{count} of {total} pictures so far"
    if why := silent(result):
        return [f"{who}: {why}.", *remarks(result, subject)]
    lines = [f"{who}: the best {k} of {seen}."]
    if mix is not None:
        top = f"{int(mix.counts[mix.top])} of the best {k} of {seen} show {subject.class_names[mix.top]}"
        looks = len(result.telling)  # the reader, or `order`, chose among all channels
        p = f"{chance_text(min(1.0, looks * mix.p_value))}, corrected for all classes and {looks} channels"
        lines = [f"{who}: {top}.", f"By chance {k * mix.chance:.1f} would ({p})."]
    if (found := result.detector) is not None:
        lines.append(
            f"As a detector of {subject.class_names[result.asked]}: average precision {found.average_precision:.2f} "
            f"(chance {found.chance:.2f}). At its best threshold, {found.threshold:.2f}, it finds {found.recall:.0%}, "
            f"and {found.precision:.0%} of what it reports is right."
        )
    return [*lines, *remarks(result, subject)]
