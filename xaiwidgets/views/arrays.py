"""Arrays between Python and the browser: raw bytes with shape and dtype, never text."""

from typing import Any

import numpy as np
import traitlets

from xaiwidgets.colors import as_array


class Array(traitlets.TraitType):
    """A NumPy array of fixed dtype and number of dimensions; assign a new one to send it.

    Tensors on any device, lists and other floating dtypes are taken and cast; the array kept is a read-only copy.
    On the wire: `{"shape": [...], "dtype": "float32", "bytes": buffer}`.

    Args:
        dtype: of the array, such as "float32".
        shape: one entry a dimension; None leaves its length open, as in `(None, None, 3)`.
    """

    def __init__(self, dtype: str, *shape: int | None, **kwargs: Any) -> None:
        self.dtype, self.shape = np.dtype(dtype), shape
        empty = np.zeros(tuple(0 if length is None else length for length in shape), dtype)
        super().__init__(default_value=empty, **kwargs)
        self.tag(sync=True, to_json=_to_wire, from_json=_from_wire)

    def set(self, obj: Any, value: Any) -> None:
        """Keep and send the array, unless it is empty as the old one was."""
        old, value = obj._trait_values.get(self.name, self.default_value), self._validate(obj, value)
        if old.size or value.size:
            super().set(obj, value)

    def validate(self, obj: Any, value: Any) -> np.ndarray:
        """The array cast and copied; `TraitError` with what came and what was expected."""
        try:
            array = as_array(value)
        except (TypeError, ValueError) as error:
            raise traitlets.TraitError(f"{self.name} must be {self._expected()}, got {value!r:.80}") from error
        if not (self._fits(array.shape) and self._casts(array.dtype)):
            raise traitlets.TraitError(
                f"{self.name} must be {self._expected()}, got {array.dtype} of shape {array.shape}"
            )
        given, array = array, np.array(array, self.dtype, order="C")
        if given.dtype.kind in "iu" and array.dtype.kind == "i" and (given != array).any():
            raise traitlets.TraitError(f"{self.name} must hold {self.dtype} numbers, got up to {given.max()}")
        array.flags.writeable = False
        return array

    def _fits(self, shape: tuple[int, ...]) -> bool:
        return len(shape) == len(self.shape) and all(
            want in (None, got) for want, got in zip(self.shape, shape, strict=True)
        )

    def _casts(self, dtype: np.dtype) -> bool:
        # Numbers for float, whole numbers for integers, for bytes their own type: 0.7 as uint8 would become 0.
        if self.dtype.kind == "f":
            return dtype.kind in "fiub"
        return dtype in (self.dtype, np.dtype(bool)) or (self.dtype.kind == "i" and dtype.kind in "iu")

    def _expected(self) -> str:
        letters = iter("nmkl")
        lengths = [next(letters) if length is None else str(length) for length in self.shape]
        return f"{len(self.shape)}-d {self.dtype} ({', '.join(lengths)})"


def _to_wire(array: np.ndarray, _widget: Any) -> dict[str, Any]:
    return {"shape": list(array.shape), "dtype": str(array.dtype), "bytes": array.tobytes()}


def _from_wire(wire: Any, _widget: Any) -> np.ndarray:
    """The array sent by the browser; a malformed message raises `TraitError`."""
    try:
        flat = np.frombuffer(bytes(wire["bytes"]), np.dtype(wire["dtype"]))
        return flat.reshape(wire["shape"])
    except (KeyError, TypeError, ValueError) as error:
        raise traitlets.TraitError(f"an array must be sent as shape, dtype and bytes: {error}") from error
