"""What all views share: how a module is put together, and a constructor that knows its traits."""

from importlib.resources import files
from typing import Any

import anywidget


def shipped(*names: str) -> str:
    """The text of `names` (such as "common.js") joined: a browser module has no file beside it to import from."""
    folder = files(__package__)
    return "\n".join((folder / name).read_text(encoding="utf-8") for name in names)


class View(anywidget.AnyWidget):
    """Base of the views. Traits are the state: set them by keyword or later.

    Raises:
        TypeError: a keyword that is no trait of the view.
    """

    def __init__(self, **traits: Any) -> None:
        known = self.trait_names()
        if unknown := sorted(set(traits) - set(known)):
            own = sorted(name for name in self.trait_names(sync=True) if not name.startswith("_"))
            raise TypeError(f"{type(self).__name__} has no {', '.join(unknown)}; its traits are {', '.join(own)}")
        super().__init__(**traits)
