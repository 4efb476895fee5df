"""Bars, curve and tables of Shapley values and their estimates: the same for players of every kind."""

import html
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from ipywidgets import HTML, Box, Widget

from xaiwidgets.explorers.curve_panels import curve_panel
from xaiwidgets.explorers.explorer import Explorer, column, row
from xaiwidgets.explorers.shapley_cost import cost_table, count, duration
from xaiwidgets.explorers.shapley_estimates import Estimates, Known, Settings
from xaiwidgets.explorers.shapley_pictures import bar_panel
from xaiwidgets.explorers.shapley_tables import NOTE, number, table
from xaiwidgets.views import BarsView, ControlsView, CurvesView, Panel

ROWS = 16  # players whose bars are shown
NAMES = {"exact": "Exact", "sampled": "Permutation sampling", "kernel": "KernelSHAP"}
SHORT = {"exact": "exact", "sampled": "sampling", "kernel": "KernelSHAP"}


def estimate_controls() -> list[dict[str, Any]]:
    """Controls of `Settings`."""
    return [
        {"name": "orders", "label": "Random orders", "kind": "range", "minimum": 2, "maximum": 2000, "log": True,
         "integer": True, "default": 10},
        {"name": "antithetic", "label": "Each order also backwards", "kind": "flag", "default": True},
        {"name": "seed", "label": "Seed", "kind": "range", "minimum": 0, "maximum": 9, "integer": True},
        {"name": "exact", "label": "Exact values, too", "kind": "flag", "default": True},
    ]  # fmt: skip


def middle(*children: Widget) -> Box:
    """The middle of an explorer: as wide as maps and bars need, narrower where the window is."""
    box = column(*children)
    box.layout.flex, box.layout.overflow = "100 1 424px", "visible"
    box.layout.min_width, box.layout.max_width = "424px", "712px"
    return box


def show_part(explorer: Explorer, show: Callable[[Any], Any]) -> None:
    """Write a part of the present result anew; it asks the model, whose error is shown like any other."""
    try:
        explorer.show_again(show)
    except Exception as error:
        explorer._failed(error)


class EstimatesPanel:
    """What is known of the Shapley values: bars with error bars beside exact ticks, one player's course, and costs.

    `chosen` is the player whose course is shown: choose another one among the bars.
    """

    def __init__(self) -> None:
        self.controls = ControlsView(estimate_controls(), label="Estimates")
        self.bars = BarsView(label="Shapley values by sampling", digits=2, palette="relevance")
        self.curves = CurvesView(x_label="evaluations of v(S)", width=350, height=190, movable=False)
        self.methods, self.cost = HTML(), HTML()
        self.known: Estimates | None = None
        self.bars.observe(lambda change: self.show_course(), names=["selected"])
        parts = column(self.bars, self.methods, width="334px"), column(self.curves, self.cost, width="366px")
        for part in parts:
            part.layout.overflow = "visible"  # a table a little wider than its place is not cut off
        self.widget: Widget = row(*parts)

    @property
    def settings(self) -> Settings:
        """What the reader has set."""
        return Settings(**self.controls.values)

    @property
    def chosen(self) -> int:
        """The player whose course is shown: the one among the bars, or the one that gets most."""
        if self.bars.selected is not None:
            return self.bars.selected
        return int(self.bars.values.argmax()) if len(self.bars.values) else 0

    def show(self, known: Estimates, names: list[str]) -> None:
        """Write what is known to the views."""
        self.known, best = known, known.sampled or known.exact
        many = len(names) > ROWS
        with self.bars.hold_sync():
            self.bars.names, self.bars.order, self.bars.maximum = names, "sorted" if many else "given", ROWS * many
            if best is not None:
                self.bars.values, self.bars.errors = best.values, best.errors
                self.bars.digits = 2 if float(best.values.abs().max()) >= 1 else 3
            self.bars.marks = [] if known.exact is None else known.exact.values
            if self.bars.selected is not None and self.bars.selected >= len(names):
                self.bars.selected = None
        self.methods.value, self.cost.value = (
            methods_table(known),
            cost_table(known.players, self.settings.walks, known.each),
        )
        self.show_course()

    def show_course(self) -> None:
        """How the estimate of the chosen player went, with its standard error, beside the exact value."""
        known, player = self.known, self.chosen
        if known is None or not known.course:
            return
        x = [float(evaluations) for evaluations, _, _ in known.course]
        values, errors = (torch.stack([step[k][player] for step in known.course]).numpy() for k in (1, 2))
        series, bands, names = [values], [errors], ["sampling"]
        if known.exact is not None:
            series.append(np.full(len(x), float(known.exact.values[player])))
            bands.append(np.full(len(x), np.nan))
            names.append("exact")
        with self.curves.hold_sync():
            self.curves.x, self.curves.series, self.curves.bands, self.curves.names = x, series, bands, names
            self.curves.title = f"Estimate of {self.bars.names[player]}"
            last = f"{number(float(values[-1]))} ± {number(float(errors[-1]))} after {count(x[-1])} evaluations"
            exact = f", exact {number(float(series[-1][0]))}" if known.exact is not None else ""
            self.curves.alt = f"{self.curves.title}: {last}{exact}"

    def panels(self) -> list[Panel]:
        """Bars and course."""
        course = [curve_panel(self.curves, "One player's estimate")] if self.known and self.known.course else []
        return [bar_panel(self.bars, "Shapley values"), *course]

    def told(self) -> str:
        """Every method's evaluations and distance from the exact values; no times, which differ from run to run."""
        said = [
            f"{name}: {evaluations} evaluations, sum {total}, error {error}"
            for name, evaluations, _, total, error in _rows(self.known)
        ]
        return ". ".join([*said, *(text.rstrip(".") for text in self.known.refused.values())]) + "."


def methods_table(known: Estimates) -> str:
    """The methods beside each other: what they cost and how far they are from the exact values."""
    head = ["method", "evaluations", "time", "sum", "error"]
    refused = "".join(
        f'<div style="{NOTE};max-width:340px">{html.escape(text)}</div>' for text in known.refused.values()
    )
    return table("Methods, and their largest error", head, _rows(known)) + refused


def _rows(known: Estimates) -> list[list[str]]:
    found = [(label, getattr(known, name)) for name, label in SHORT.items()]
    return [
        [
            label,
            count(each.evaluations),
            duration(each.seconds),
            number(float(each.values.sum())),
            _error(each, known.exact),
        ]
        for label, each in found
        if each is not None
    ]


def _error(each: Known, exact: Known | None) -> str:
    """The largest distance from the exact values; the largest standard error where nobody knows those."""
    if exact is each:
        return "0"
    if exact is not None:
        return number(float((each.values - exact.values).abs().max()), 3)
    return f"about {number(float(each.errors.nan_to_num().max()), 3)}"
