"""What the lecture or a paper says, measured here: one row a claim (gathered by :mod:`xaiwidgets.exercises.table`)."""

import html
from dataclasses import asdict, dataclass

MIME = "application/vnd.xaiwidgets.claim+json"


@dataclass(frozen=True)
class Claim:
    """A statement, who makes it, what was measured, and whether it holds here."""

    text: str
    source: str
    measured: str
    holds: bool

    @property
    def verdict(self) -> str:
        """What the row starts with: "holds" or "does not hold here"."""
        return "holds" if self.holds else "does not hold here"

    def _repr_mimebundle_(self, **kwargs: object) -> dict:
        cells = (self.verdict, self.text, f"measured: {self.measured}", f"source: {self.source}")
        color = "var(--jp-success-color1, #388e3c)" if self.holds else "var(--jp-warn-color1, #f57c00)"
        first, *rest = map(html.escape, cells)
        row = f"<strong>{first}</strong> · " + " · ".join(rest)
        return {
            "text/plain": " | ".join(cells),
            "text/html": f'<div style="border-left: 4px solid {color}; padding: 0.2em 0.8em">{row}</div>',
            MIME: asdict(self),
        }


def claim(text: str, *, source: str, measured: str, holds: bool) -> Claim:
    """One measured claim, shown as a row when it is the last line of a cell.

    Args:
        text: the claim, as its author means it.
        source: who says it: a paper with its section, or the lecture.
        measured: the numbers measured here, rounded, with their units.
        holds: whether they bear it out.

    Raises:
        TypeError: an argument of another type; ValueError: an empty text.
    """
    for name, value in {"text": text, "source": source, "measured": measured}.items():
        if not isinstance(value, str):
            raise TypeError(f"{name} must be text; got a {type(value).__name__}")
        if not value.strip():
            raise ValueError(f"{name} must not be empty")
    if not isinstance(holds, bool) and getattr(holds, "shape", None) != ():  # a 0-d tensor or numpy bool will do
        raise TypeError(f"holds must be True or False; got a {type(holds).__name__}")
    return Claim(text, source, measured, bool(holds))
