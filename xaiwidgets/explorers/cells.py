"""Which cell an explorer was made in, so that running the cell again closes the earlier one."""

from typing import Protocol

from IPython.core.getipython import get_ipython


class Closable(Protocol):
    """What can be closed."""

    def close(self) -> None:
        """Let go of everything."""


_open: dict[str, tuple[str, list[Closable]]] = {}  # cell -> the execution that filled it, and what it made


def close_earlier(new: Closable) -> None:
    """Close what an earlier run of the present cell made, and remember `new`. Outside a notebook: nothing."""
    parent = getattr(get_ipython(), "parent_header", None) or {}
    cell = parent.get("metadata", {}).get("cellId")
    if cell is None:
        return
    run = parent["header"]["msg_id"]
    earlier, made = _open.get(cell, (run, []))
    if earlier != run:
        for old in made:
            old.close()
        made = []
    _open[cell] = (run, [*made, new])
