"""Places in a layer's maps, as indices along their axes."""

import operator
from collections.abc import Sequence


def checked_place(place: Sequence[int], lengths: tuple[int, ...]) -> tuple[int, ...]:
    """Return `place` as a tuple of ints, or raise an error if it does not lie in maps of shape `lengths`.

    Raises:
        TypeError: if it is no sequence of whole numbers.
        ValueError: if it lies outside.
    """
    try:
        found = tuple(operator.index(at) for at in place)
    except TypeError:
        raise TypeError(f"place must be whole numbers, one for each axis of the map, got {place!r}") from None
    if len(found) != len(lengths) or not all(0 <= at < size for at, size in zip(found, lengths, strict=True)):
        raise ValueError(f"place must lie in the layer's maps, of shape {lengths}, got {found}")
    return found
