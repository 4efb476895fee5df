"""What `diagnose` returns: findings about a model and a verdict for each method, as text and as a table."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from textwrap import fill

EXACT, APPROXIMATED, REFUSED = "exact", "approximated", "refused"


@dataclass(frozen=True)
class Verdict:
    """What a method is worth on this model.

    Attributes:
        method: its published name.
        verdict: "exact": it computes what its definition says; "approximated": it runs, but `why` says what to bear in
            mind; "refused": it raises an error, and `why` says what to do.
        why: in one sentence.
    """

    method: str
    verdict: str
    why: str


@dataclass(frozen=True)
class Diagnosis:
    """Findings and verdicts; the last line of a cell shows them as a table, `print` as text.

    Attributes:
        model: name of its class.
        findings: `(what was looked at, what was found)`.
        verdicts: one for each method.
    """

    model: str
    findings: tuple[tuple[str, str], ...]
    verdicts: tuple[Verdict, ...]

    def __getitem__(self, method: str) -> Verdict:
        """The verdict of a method, by its published name."""
        for each in self.verdicts:
            if each.method == method:
                return each
        known = ", ".join(each.method for each in self.verdicts)
        raise KeyError(f"no method {method!r}; known methods: {known}")

    def __str__(self) -> str:
        width = max(len(name) for name, _ in self.findings)
        found = [_wrapped(f"  {name:<{width}}  ", text) for name, text in self.findings]
        width = max(len(each.method) for each in self.verdicts)
        judged = [_wrapped(f"  {each.method:<{width}}  {each.verdict:<12}  ", each.why) for each in self.verdicts]
        return "\n".join([f"Diagnosis of {self.model}", *found, "Methods", *judged])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        found = _table(f"Diagnosis of {self.model}", ("Looked at", "Found"), self.findings)
        rows = [(each.method, each.verdict, each.why) for each in self.verdicts]
        judged = _table(f"What each method is worth on {self.model}", ("Method", "Verdict", "Why, or what to do"), rows)
        return f'<div class="xaiwidgets-diagnosis">{found}{judged}</div>'


def some(things: Sequence[str], count: int = 3) -> str:
    """The first few of them, and how many there are."""
    more = f", … {len(things)} in all" if len(things) > count else ""
    return ", ".join(things[:count]) + more


def _wrapped(start: str, text: str) -> str:
    return fill(text, 110, initial_indent=start, subsequent_indent=" " * len(start)) if text else start.rstrip()


def _table(caption: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table whose cells a screen reader can tell the place of: a caption, and `scope` on every heading."""
    cell = "text-align: left; vertical-align: top; padding: 0.2em 1em 0.2em 0"
    columns = "".join(f'<th scope="col" style="{cell}">{escape(each)}</th>' for each in head)
    body = "".join(
        f'<tr><th scope="row" style="{cell}; white-space: nowrap">{escape(first)}</th>'
        + "".join(f'<td style="{cell}">{escape(each)}</td>' for each in rest)
        + "</tr>"
        for first, *rest in rows
    )
    return (
        f'<table><caption style="text-align: left; padding-top: 0.8em">{escape(caption)}</caption>'
        f"<thead><tr>{columns}</tr></thead><tbody>{body}</tbody></table>"
    )
