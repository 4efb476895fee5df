"""Tables and numbers of the Shapley explorers, as html that takes the theme's colours."""

import html
from collections.abc import Sequence

CELL = "padding:1px 5px;white-space:nowrap"
NOTE = "line-height:1.4;padding:1px 5px"
HEAD = f"{CELL};white-space:pre-line;vertical-align:bottom"
CAPTION = "caption-side:top;text-align:left;font-weight:600;padding:0;color:inherit"
HERE = "background:var(--jp-layout-color2, rgba(127, 127, 127, 0.25))"


def number(value: float, digits: int = 2) -> str:
    """A number with a true minus sign and no needless zeros: 20, −3.33, 0.1."""
    text = f"{value:.{digits}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in ("-0", "") else text.replace("-", "−")


def table(
    caption: str,
    head: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    here: int | None = None,
    strong: int | None = None,
) -> str:
    """A table with a caption and a name for every column and row.

    Args:
        caption: what it shows, above it.
        head: names of the columns.
        rows: texts, the first of each its name.
        here: index of the row that is marked as the present one.
        strong: index of the row in bold.
    """
    sides = ["left", *["right"] * (len(head) - 1)]
    names = "".join(
        f'<th scope="col" style="{HEAD};text-align:{side}">{html.escape(name)}</th>'
        for name, side in zip(head, sides, strict=True)
    )
    lines = []
    for index, row in enumerate(rows):
        weight = "bold" if index == strong else "normal"
        name = f'<th scope="row" style="{CELL};text-align:left;font-weight:{weight}">{html.escape(row[0])}</th>'
        style = f"{CELL};text-align:right;font-weight:{weight}"
        cells = "".join(f'<td style="{style}">{html.escape(each)}</td>' for each in row[1:])
        mark = f' aria-current="step" style="{HERE}"' if index == here else ""
        lines.append(f"<tr{mark}>{name}{cells}</tr>")
    return (
        '<table style="border-collapse:collapse;line-height:1.5;font-variant-numeric:tabular-nums">'
        f'<caption style="{CAPTION}">{html.escape(caption)}</caption>'
        f"<thead><tr>{names}</tr></thead><tbody>{''.join(lines)}</tbody></table>"
    )
