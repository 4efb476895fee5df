"""One ReLU with numbers: what each of the three rules passes on of what arrives, and why."""

import html
from typing import Any

import torch
from ipywidgets import HTML, Widget

from xaiwidgets.backward import RELU_RULES, Call
from xaiwidgets.explorers.explorer import column, heading
from xaiwidgets.explorers.guided_maps import SLIDERS, Neuron
from xaiwidgets.views import ControlsView

LARGEST = 2.0  # of the sliders, as long as no neuron needs more
GATES = {"gradient": "z", "guided": "zr", "deconvolution": "r"}  # which gates a rule asks
MEANING = "[z > 0]: the neuron was on. [r > 0]: what arrives speaks for the class."
HEADS = ("rule", "passes on", "gates")
CELL = "padding:2px 12px 2px 0;text-align:left;border-bottom:1px solid var(--jp-border-color2,#bbb)"


def passed_on(rule: str, z: float, r: float) -> float:
    """What a ReLU with pre-activation `z` passes on of `r`, by a rule of `RELU_RULES`."""
    before, arriving = torch.tensor([z], dtype=torch.float64), torch.tensor([r], dtype=torch.float64)
    (passed,) = RELU_RULES[rule](Call("relu", 0, (before,), before.relu()), arriving)
    return float(passed) + 0.0  # no minus zero


def reason(rule: str, z: float, r: float) -> str:
    """Which gate is closed for these numbers, or that none is."""
    value = {"z": z, "r": r}
    closed = [f"{gate} ≤ 0" for gate in GATES[rule] if value[gate] <= 0]
    return f"closed: {', '.join(closed)}" if closed else "open"


def rule_table(z: float, r: float) -> str:
    """The three rules for one pair of numbers, as an html table."""
    rows = ""
    for rule, gates in GATES.items():
        factors = [_number(r), *(str(int(value > 0)) for gate, value in (("z", z), ("r", r)) if gate in gates)]
        formula = " · ".join(["r", *(f"[{gate} > 0]" for gate in gates)])
        sums = f"{' · '.join(factors)} = {_number(passed_on(rule, z, r))}"
        cells = "".join(f'<td style="{CELL}">{html.escape(cell)}</td>' for cell in (sums, reason(rule, z, r)))
        named = f'{rule}<br><span style="font-weight:normal">{html.escape(formula)}</span>'
        rows += f'<tr><th scope="row" style="{CELL}">{named}</th>{cells}</tr>'
    heads = "".join(f'<th scope="col" style="{CELL}">{name}</th>' for name in HEADS)
    told = f"z = {_number(z)} goes into the ReLU, r = {_number(r)} comes back"
    return (
        '<table style="border-collapse:collapse;line-height:1.6;white-space:nowrap">'
        f'<caption style="text-align:left;padding-bottom:4px">{told}</caption><tr>{heads}</tr>{rows}</table>'
        f'<div style="line-height:1.6">{MEANING}</div>'
    )


def _number(value: float) -> str:
    return f"{value:.2g}".replace("-", "−")


class NeuronPanel:
    """Two sliders, z and r, or the numbers of a neuron in the net, and the table for them."""

    def __init__(self, relus: list[str]) -> None:
        self.relus, self.limits = relus, {"z": LARGEST, "r": LARGEST}
        self.controls = ControlsView(
            self._specification(), values={"relu": SLIDERS, "z": 1.0, "r": -0.5}, label="One ReLU"
        )
        self.table, self.where = HTML(), HTML()
        self.controls.observe(self._changed, names=["values"])
        self.show(None)
        title = heading("One ReLU, three rules: move z and r, or click into the picture.")
        self.widget: Widget = column(title, self.controls, self.where, self.table)

    def _specification(self) -> list[dict[str, Any]]:
        return [
            {"name": "relu", "label": "Take the numbers from", "kind": "choice",
             "options": [SLIDERS, *range(len(self.relus))],
             "labels": ["the sliders", *self.relus]},
            *(
                {"name": name, "label": label, "kind": "range", "minimum": -self.limits[name],
                 "maximum": self.limits[name], "step": self.limits[name] / 40}
                for name, label in (("z", "z, the pre-activation"), ("r", "r, which arrives from above"))
            ),
        ]  # fmt: skip

    @property
    def relu(self) -> int:
        """Index of the chosen ReLU; `SLIDERS` if none."""
        return self.controls.values["relu"]

    def _changed(self, _change: Any = None) -> None:
        self.table.value = rule_table(self.controls.values["z"], self.controls.values["r"])

    def show(self, neuron: Neuron | None) -> None:
        """Take the numbers of a neuron; None: those of the sliders stay."""
        self.where.value = "" if neuron is None else f"<div>{html.escape(neuron.where)}</div>"
        limits = dict.fromkeys("zr", LARGEST) if neuron is None else {"z": _limit(neuron.z), "r": _limit(neuron.r)}
        if limits != self.limits:
            self.limits = limits
            self.controls.specification = self._specification()
        if neuron is not None:
            self.controls.values = {**self.controls.values, "z": neuron.z, "r": neuron.r}
        self._changed()

    def summary(self) -> str:
        """The present numbers in one sentence."""
        z, r = (self.controls.values[name] for name in "zr")
        passed = ", ".join(f"{rule} {_number(passed_on(rule, z, r))}" for rule in RELU_RULES)
        return f"One ReLU with z = {_number(z)} and r = {_number(r)} passes on: {passed}"


def _limit(value: float) -> float:
    """A round number that has room for `value`."""
    limit = LARGEST
    while limit < abs(value):
        limit *= 10
    while limit > 20 * abs(value) > 0:
        limit /= 10
    return limit
