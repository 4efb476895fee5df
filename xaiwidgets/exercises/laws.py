"""The sentence of a law that does not hold."""

from torch import Tensor

from .exercise import NotYetError


def expect(found: Tensor, wanted: Tensor, where: str, tolerance: float = 1e-4) -> None:
    """Raise NotYetError at the entry that differs most, unless all are as ``wanted``.

    Args:
        found: what the student's function gives.
        wanted: what the law demands, of the same shape.
        where: names the quantity and the net: "<where> should be 1.2; yours is 3.4".
        tolerance: largest difference allowed, as a share of the largest wanted entry (or of 1, if that is larger).
    """
    difference = (found - wanted).abs()
    if bool(difference.max() <= tolerance * wanted.abs().max().clamp(min=1)):
        return
    worst = difference.argmax()
    place = tuple(int(step) for step in _unravel(int(worst), found.shape))
    subject = f"{where.rstrip(',')}, entry {list(place)}," if place else where
    raise NotYetError(f"{subject} should be {wanted.flatten()[worst]:.4g}; yours is {found.flatten()[worst]:.4g}.")


def _unravel(position: int, shape: tuple) -> list[int]:
    place = []
    for size in reversed(shape):
        position, step = divmod(position, size)
        place.insert(0, step)
    return place
