"""Pictures and maps in a notebook cell, side by side, for a reader with or without a kernel."""

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from xaiwidgets.colors import picture, symmetric_limit, to_rgb
from xaiwidgets.views import Panel, static_figure


@dataclass(frozen=True)
class Figure:
    """What `show` returns: html for a notebook or a page, one line of text for a terminal."""

    html: str
    text: str

    def __repr__(self) -> str:
        return f"Figure: {self.text}"

    def _repr_html_(self) -> str:
        return self.html


def show(
    pictures: Tensor | Sequence[Tensor],
    titles: Sequence[str] = (),
    captions: Sequence[str] = (),
    *,
    caption: str,
    limit: float | None = None,
    columns: int | None = None,
) -> Figure:
    """Pictures and maps side by side, as the last line of a cell.

    Args:
        pictures: `(N, C, H, W)` or `(N, H, W)`, or a sequence of single ones. `(C, H, W)`, C 1 or 3, is a picture in
            [0, 1]; `(H, W)` is a map of signed values: red is positive, blue negative, white zero.
        titles, captions: one a picture; or none.
        caption: one sentence under the figure, also read to who cannot see it.
        limit: value of the strongest colour of all maps; None: their largest absolute value. Always one scale.
        columns: of the grid; None: one row up to five.

    Raises:
        TypeError, ValueError: naming the argument, what came and what was expected.
    """
    pictures = [_checked(each) for each in pictures]
    titles, captions = _one_each("titles", titles, pictures), _one_each("captions", captions, pictures)
    if limit is None:
        limit = symmetric_limit(*(each for each in pictures if each.ndim == 2))
    colours = [picture(each) if each.ndim == 3 else to_rgb(each, limit) for each in pictures]
    panels = list(map(Panel, colours, titles, captions))
    return Figure(static_figure(panels, caption, columns=columns), caption)


def _checked(each: Tensor) -> Tensor:
    if not isinstance(each, Tensor):
        raise TypeError(f"pictures must be tensors, got {type(each).__name__}")
    if each.ndim == 2 or (each.ndim == 3 and each.shape[0] in (1, 3)):
        return each.detach().cpu()
    raise ValueError(f"pictures must be pictures (C, H, W) with C 1 or 3 or maps (H, W), got {tuple(each.shape)}")


def _one_each(name: str, texts: Sequence[str], pictures: list[Tensor]) -> list[str]:
    if texts and len(texts) != len(pictures):
        raise ValueError(f"{name} must be none or one for each of the {len(pictures)} pictures, got {len(texts)}")
    return list(texts) or [""] * len(pictures)
