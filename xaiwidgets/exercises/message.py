"""A few calm lines under a cell, the same in a terminal, in Jupyter and in a saved notebook."""

import html
from dataclasses import dataclass

# State of an exercise -> the colour of the bar at the left (JupyterLab's theme, with a fallback elsewhere).
COLORS = {
    "correct": "var(--jp-success-color1, #388e3c)",
    "not yet": "var(--jp-warn-color1, #f57c00)",
    "error": "var(--jp-error-color1, #d32f2f)",
}
PLAIN = "var(--jp-border-color1, #bdbdbd)"


@dataclass(frozen=True)
class Message:
    """A heading, some lines and perhaps some code.

    Attributes:
        heading: the first line; ends in the state where there is one.
        lines: what follows, one sentence a line.
        state: ``"not attempted"``, ``"correct"``, ``"not yet"``, ``"error"`` or ``""``.
        code: shown as it is, in a fixed-width font.
    """

    heading: str
    lines: tuple[str, ...] = ()
    state: str = ""
    code: str = ""

    def __repr__(self) -> str:
        return "\n".join([self.heading, *(f"  {line}" for line in self.lines), *([self.code] if self.code else [])])

    def _repr_html_(self) -> str:
        style = f"border-left: 4px solid {COLORS.get(self.state, PLAIN)}; padding: 0.2em 0.8em; max-width: 60em"
        lines = "".join(f"<div>{html.escape(line)}</div>" for line in self.lines)
        code = f"<pre>{html.escape(self.code)}</pre>" if self.code else ""
        return f'<div style="{style}"><strong>{html.escape(self.heading)}</strong>{lines}{code}</div>'
