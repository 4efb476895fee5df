"""Scans of layers: gone through once, piece by piece, and kept, so that another channel costs nothing."""

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from xaiwidgets.datasets import Dataset
from xaiwidgets.explorers.pictures import UNKNOWN
from xaiwidgets.methods.detectors import Duplicates, average_precisions, duplicate_units
from xaiwidgets.methods.receptive_field import Field, ReceptiveFields
from xaiwidgets.methods.top_k import TopK, record_of
from xaiwidgets.methods.top_k_scan import RunningTopK, pooled_batches
from xaiwidgets.progress import quietly

MOST = 25  # pictures that can be shown of each end
AT_ONCE = 2**19  # input values in one forward pass: Cancel is answered between two of them
KEPT = 2**26  # values of layers that are kept
FIELDLESS = 2**16  # values of an input from which on fields take too long to find


@dataclass(frozen=True)
class Known:
    """What is known of a layer after some pictures.

    Attributes:
        record: as `top_k` returns it, of the pictures so far, with up to `MOST` of each end.
        values: `(n, C)`.
        precisions: average precision of each channel for each class, `(C, classes)`; None without labels.
        duplicates: pairs of channels that say the same; None while pictures are missing.
        total: pictures to be scanned.
    """

    record: TopK
    values: Tensor
    precisions: Tensor | None
    duplicates: list[Duplicates] | None
    total: int

    @property
    def finished(self) -> bool:
        """Whether all pictures were scanned."""
        return self.record.count == self.total


class LayerScan:
    """One layer's scan, which goes on where it was stopped, also over more pictures than before."""

    def __init__(self, model: nn.Module, layer: str | None, over: str) -> None:
        self.model, self.layer, self.over = model, layer, over
        self.running, self.values = RunningTopK(MOST), []
        self.fields: ReceptiveFields | None = None
        self.last: Known | None = None

    def going_on(self, data: Dataset) -> Iterator[int]:
        """Scan what is missing, and tell how many pictures are known after each piece."""
        start, labels = self.running.count, data.labels if (data.labels != UNKNOWN).any() else None
        if start == len(data):
            return
        rest = _Rest(data.images[start:], None if labels is None else labels[start:])
        batch = min(max(1, AT_ONCE // data.images[0].numel()), len(data))
        for piece in pooled_batches(self.model, rest, self.layer, over=self.over, batch=batch):
            self.running.add(piece)
            self.values.append(piece.values)
            yield self.running.count

    def known(self, data: Dataset) -> Known:
        """What is known so far; worked out once for each number of pictures."""
        if self.last is None or (self.last.record.count, self.last.total) != (self.running.count, len(data)):
            record, values = record_of(self.running), torch.cat(self.values)
            self.values = [values]
            precisions = None
            if record.class_counts is not None:
                precisions = average_precisions(values, data.labels[: len(values)], len(record.class_counts))
            finished = record.count == len(data)
            pairs = duplicate_units(values) if finished and len(values) > 1 else None
            self.last = Known(record, values, precisions, pairs, len(data))
        return self.last

    def fields_of(self, x: Tensor, places: Tensor) -> list[Field] | None:
        """What each place sees; None where finding out takes too long, or the net does not run in float64."""
        if x[0].numel() > FIELDLESS:
            return None
        try:
            with quietly():
                if self.fields is None:
                    self.fields = ReceptiveFields(self.model, x[:1], self.layer)
                return self.fields.of(places)
        except ValueError:
            return None


@dataclass(frozen=True)
class _Rest:
    """The pictures that are still to be scanned."""

    images: Tensor
    labels: Tensor | None


class Scans:
    """The scans of the layers that were looked at last."""

    def __init__(self, model: nn.Module) -> None:
        self.model = model
        self.kept: OrderedDict[tuple[str | None, str], LayerScan] = OrderedDict()

    def of(self, layer: str | None, over: str) -> LayerScan:
        """The scan of a layer, as far as it came."""
        key = (layer, over)
        scan = self.kept.pop(key, None) or LayerScan(self.model, layer, over)
        self.kept[key] = scan
        while len(self.kept) > 1 and sum(_size(each) for each in self.kept.values()) > KEPT:
            self.kept.popitem(last=False)
        return scan


def _size(scan: LayerScan) -> int:
    return sum(values.numel() for values in scan.values)
