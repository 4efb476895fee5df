"""Which part of the input can a place in a layer's map see?

The receptive field follows from the structure of the net: windows, strides, dilation, padding, ways around. It is found
here without reading that structure: NaN spreads through every operation that uses it, whatever the weights, so the
output at a place is NaN if and only if a pixel of its field is.
"""

import copy
from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from xaiwidgets.borrow import BorrowedModel, borrow
from xaiwidgets.methods.inputs import check_x
from xaiwidgets.methods.layers import check_layer, inner, run_to
from xaiwidgets.methods.places import checked_place
from xaiwidgets.progress import track

Field = tuple[slice, ...]
AT_ONCE = 2**20  # input values in one forward pass
GREY = 0.5  # beside a crop that is no square


def receptive_field(model: nn.Module, x: Tensor, layer: str | None, place: tuple[int, ...]) -> Field:
    """Which part of the input can the layer's output at `place` depend on?

    Args:
        model: classifier, `(N, …)` -> logits `(N, K)`; left as it was found.
        x: an input `(1, C, …)`; its shape matters, not its values.
        layer: name of a module; None: the logits.
        place: indices into the layer's map, such as `(row, column)`; `()` of a dense layer.

    Returns:
        One slice for each axis of the input after the channels, the smallest box around the field, cut at the edges;
        empty, `slice(0, 0)`, where no pixel matters. Where the model chooses by comparing numbers (`torch.where`), NaN
        may not pass: a field that does not hold all that matters to the output at `x` is given up for the whole input.

    Raises:
        TypeError, ValueError: naming the argument, what came and what was expected.
    """
    return receptive_fields(model, x, layer, [place])[0]


def receptive_fields(model: nn.Module, x: Tensor, layer: str | None, places: Sequence[tuple[int, ...]]) -> list[Field]:
    """The receptive field of each of several places, see `receptive_field`; together they take fewer passes.

    Args:
        places: one tuple a place, or a tensor `(P, axes)`.
        The others as for `receptive_field`.
    """
    return ReceptiveFields(model, x, layer).of(places)


class ReceptiveFields:
    """The receptive fields of the places of one layer; what was tried for one place is kept for the others.

    Args:
        model, x, layer: as for `receptive_field`.
    """

    def __init__(self, model: nn.Module, x: Tensor, layer: str | None) -> None:
        borrowed = borrow(model)
        x = check_x(borrowed, x)
        if len(x) != 1:
            raise ValueError(f"x must be one input, (1, …), got shape {tuple(x.shape)}")
        self.layer = check_layer(borrowed, x, layer)
        self.x = x.cpu().double()
        # Quick convolutions of float32 (Winograd, FFT) mix neighbours and cancel them again; NaN would not cancel.
        self.model = BorrowedModel(copy.deepcopy(inner(borrowed)).cpu().double()).eval()
        self.reached: dict[tuple[int, int, int], Tensor] = {}
        self.found: dict[tuple[int, ...], Field] = {}
        self.plain = self._outputs(self.x)[0]

    def of(self, places: Sequence[tuple[int, ...]]) -> list[Field]:
        """The field of each place, a tuple of indices or a row of a tensor `(P, axes)`."""
        wanted = [checked_place(place, tuple(self.plain.shape[1:])) for place in places]
        new = [place for place in dict.fromkeys(wanted) if place not in self.found]
        boxes: dict[tuple[int, ...], Field] = dict.fromkeys(new, ())
        for place, axis in track([(place, axis) for place in new for axis in range(self.x.ndim - 2)], "Tracing back"):
            boxes[place] = (*boxes[place], self._along(axis, place))
        self.found |= self._confirmed(boxes)
        return [self.found[place] for place in wanted]

    def _outputs(self, x: Tensor) -> Tensor:
        with torch.inference_mode(False), torch.no_grad():
            return run_to(self.model, x, self.layer)

    def _sees(self, axis: int, start: int, stop: int, place: tuple[int, ...]) -> bool:
        """Whether any pixel from `start` to `stop` along an axis matters at `place`."""
        key = (axis, start, stop)
        if key not in self.reached:
            x = self.x.clone()
            x.narrow(axis + 2, start, stop - start).fill_(torch.nan)
            self.reached[key] = self._outputs(x)[0].isnan().any(0)
        return bool(self.reached[key][place])

    def _along(self, axis: int, place: tuple[int, ...]) -> slice:
        """The field along an axis: its ends by bisection, since a larger part of the input is never seen by less."""
        length = self.x.shape[axis + 2]
        if not self._sees(axis, 0, length, place):
            return slice(0, 0)
        stop = _first(lambda end: self._sees(axis, end, length, place), length, seen=False)
        return slice(_first(lambda end: self._sees(axis, 0, end + 1, place), length, seen=True), stop)

    def _confirmed(self, boxes: dict[tuple[int, ...], Field]) -> dict[tuple[int, ...], Field]:
        """The boxes outside of which other pixels change nothing; the whole input in place of the others."""
        other = torch.rand(self.x.shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
        most, found = max(1, AT_ONCE // self.x.numel()), {}
        for start in range(0, len(boxes), most):
            some = list(boxes.items())[start : start + most]
            x = other.repeat(len(some), *[1] * (self.x.ndim - 1))
            for row, (_, box) in enumerate(some):
                x[(row, slice(None), *box)] = self.x[(0, slice(None), *box)]
            for (place, box), output in zip(some, self._outputs(x), strict=True):
                at = (slice(None), *place)
                # Batches are summed in another order than single inputs.
                same = torch.allclose(output[at], self.plain[at], rtol=1e-9, atol=1e-9)
                found[place] = box if same else tuple(slice(0, size) for size in self.x.shape[2:])
        return found


def _first(is_so: Callable[[int], bool], length: int, *, seen: bool) -> int:
    """The first number below `length` of which `is_so` is `seen`, or `length`; it changes once, by bisection."""
    low, high = 0, length
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if is_so(middle) == seen else (middle + 1, high)
    return low


def crops(x: Tensor, fields: Sequence[Field], size: int) -> Tensor:
    """What units saw: the field of each input, enlarged or reduced by one factor along both axes, in a grey square.

    Args:
        x: pictures `(N, C, H, W)`.
        fields: one for each picture, as `receptive_field` returns it.
        size: pixels of a side.

    Returns:
        `(N, C, size, size)`; the longer side of the field fills the square. An empty field is all grey.

    Raises:
        TypeError, ValueError: naming the argument, what came and what was expected.
    """
    if not isinstance(x, Tensor) or x.ndim != 4:
        what = f"shape {tuple(x.shape)}" if isinstance(x, Tensor) else type(x).__name__
        raise ValueError(f"x must be pictures (N, C, H, W), got {what}")
    if len(fields) != len(x):
        raise ValueError(f"fields must be one for each of {len(x)} pictures, got {len(fields)}")
    if isinstance(size, bool) or not isinstance(size, int) or size < 1:
        raise ValueError(f"size must be a number of pixels, 1 or more, got {size!r}")
    cut = [_in_square(picture[(..., *box)], size) for picture, box in zip(x, fields, strict=True)]
    return torch.stack(cut) if cut else x.new_zeros(0, x.shape[1], size, size)


def _in_square(part: Tensor, size: int) -> Tensor:
    square = part.new_full((len(part), size, size), GREY)
    height, width = part.shape[-2:]
    if not (height and width):
        return square
    factor = size / max(height, width)
    rows, columns = (max(1, round(factor * length)) for length in (height, width))
    how = {"mode": "nearest-exact"} if factor >= 1 else {"mode": "bilinear", "antialias": True}
    scaled = F.interpolate(part[None], (rows, columns), **how)[0]
    top, left = (size - rows) // 2, (size - columns) // 2
    square[:, top : top + rows, left : left + columns] = scaled
    return square
