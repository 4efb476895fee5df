"""Model cards: one Markdown file beside each checkpoint, written by training and read back when a net is loaded."""

import re
from pathlib import Path

ROW = re.compile(r"^\| (?P<fact>[^|]+) \| (?P<value>[^|]*) \|$", re.MULTILINE)


def render_card(
    name: str, facts: dict[str, str], architecture: str, purpose: str, limits: str, use: str | None = None
) -> str:
    """The card's text; `read_card` gets the facts back out of it. use: how to load it, unless it is a network."""
    if use is None:
        use = f'Load it with `xaiwidgets.load_model("{name}")`; it takes pictures in [0, 1] and returns logits.'
    rows = "\n".join(f"| {fact} | {value} |" for fact, value in facts.items())
    return f"""# {name}

| fact | value |
| --- | --- |
{rows}

## Architecture

```
{architecture}
```

## Intended use

Teaching: {purpose}. {use}

## Known limits

{limits}

## Making it again

`python -m xaiwidgets.models.train {name}`
"""


def read_card(path: Path) -> dict[str, str]:
    """The facts in a card's table."""
    rows = ((match["fact"], match["value"]) for match in ROW.finditer(path.read_text(encoding="utf-8")))
    return {fact: value for fact, value in rows if fact not in ("fact", "---")}
