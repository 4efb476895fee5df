"""Names that a reader may have meant."""

import difflib
from collections.abc import Sequence


def near(name: object, known: Sequence[str]) -> str:
    """The known names most like `name`, or the first ones where none is like it, for an error's text."""
    found = difflib.get_close_matches(str(name), known, n=5, cutoff=0.4) or known[:12]
    return ", ".join(found) or "none"
