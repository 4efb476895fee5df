"""The conservation meter: how much relevance each layer was given, passed on, and kept."""

import html
import math
from collections.abc import Iterator
from dataclasses import dataclass

from xaiwidgets.explorers.lrp_layers import WEIGHTED, Layer
from xaiwidgets.explorers.lrp_messages import rule_of
from xaiwidgets.methods.composites import Composite
from xaiwidgets.methods.linear_layer import LinearLayer, divided, stabilized
from xaiwidgets.methods.lrp import Flow, Step
from xaiwidgets.methods.lrp_rules import Epsilon

KEPT, MUCH = 0.01, 0.1  # shares of the score: up to here it counts as kept; from here on much is lost
STATES = {
    "kept": "--jp-success-color1, #2e7d32",
    "some": "--jp-warn-color1, #b26a00",
    "much": "--jp-error-color1, #c62828",
}
SHORT = {"WinnerTakesAll": "winner"}
CELL = "padding:1px 10px 1px 0;white-space:nowrap"
WIDE = "padding:1px 0;white-space:normal"


@dataclass(frozen=True)
class Reading:
    """Relevance at one layer, summed.

    Attributes:
        title, rule: of the layer, and the name of its rule.
        arriving, passed: at its output, at its inputs.
        bias, epsilon, other: what bias, ε and anything else have absorbed; together `arriving - passed`.
        score: where relevance began: what the shares refer to.
    """

    title: str
    rule: str
    arriving: float
    passed: float
    bias: float
    epsilon: float
    other: float
    score: float

    @property
    def absorbed(self) -> float:
        """What arrives less what is passed on."""
        return self.arriving - self.passed

    @property
    def share(self) -> float:
        """The size of what was absorbed, as a share of the score."""
        return abs(self.absorbed) / abs(self.score) if self.score else 0.0

    @property
    def state(self) -> str:
        """One of `STATES`."""
        return "kept" if self.share <= KEPT else "some" if self.share < MUCH else "much"

    @property
    def verdict(self) -> str:
        """Whether the layer keeps its relevance, in a word and a number; "!" where much is lost or added."""
        if math.isnan(self.share):
            return "not a number !"
        if self.state == "kept":
            return "kept"
        much = " !" if self.state == "much" else ""
        return f"{'loses' if self.absorbed * self.score > 0 else 'adds'} {self.share:.1%}{much}"

    @property
    def cause(self) -> str:
        """Who absorbed it, in a few words; "" where nothing was."""
        if math.isnan(self.share):
            return "the rule gives values that are not numbers"
        found = {"bias": self.bias, "ε": self.epsilon, "the rule": self.other}
        who = [name for name, value in found.items() if abs(value) > 1e-4 * abs(self.score)]
        if not who:
            return ""
        return f"{', '.join(who)} {'absorbs' if self.absorbed * self.score > 0 else 'adds'} {self.share:.1%}"


def readings(flow: Flow, layers: list[Layer], composite: Composite) -> list[Reading]:
    """One reading for each layer, from the output back to the input; others only where they absorb."""
    titles = {layer.place: layer.title for layer in layers}
    return list(_read(flow, titles, composite))


def _read(flow: Flow, titles: dict[int, str], composite: Composite) -> Iterator[Reading]:
    score = float(flow.start.sum())
    for index, step in enumerate(flow.steps):
        place = len(flow.steps) - 1 - index
        arriving, absorbed = float(step.arriving.sum()), float(step.absorbed.sum())
        if place not in titles and not abs(absorbed) > KEPT * abs(score):
            continue
        bias, epsilon = _split(flow, step, composite, absorbed)
        title = titles.get(place, f"{step.layer} {step.operation}".strip())
        rule = _rule_name(flow, step, composite)
        yield Reading(title, rule, arriving, arriving - absorbed, bias, epsilon, absorbed - bias - epsilon, score)


def _rule_name(flow: Flow, step: Step, composite: Composite) -> str:
    """The name of a step's rule, or the reader's own name for it; "" where the operation says it all."""
    if step.operation in WEIGHTED:
        return getattr(rule_of(flow, step, composite), "name", step.rule)
    return "" if step.rule == step.operation else SHORT.get(step.rule, step.rule)


def _split(flow: Flow, step: Step, composite: Composite, absorbed: float) -> tuple[float, float]:
    """What bias and ε have absorbed."""
    if step.operation not in WEIGHTED:
        return 0.0, 0.0
    rule, layer = rule_of(flow, step, composite), LinearLayer(step.call)
    has_bias = layer.bias is not None and getattr(rule, "bias", False) is True
    if not isinstance(rule, Epsilon):
        return (absorbed if has_bias else 0.0), 0.0
    # R_k = s (z_k + ε sign z_k), of which the inputs get s (z_k - b_k).
    z = step.output if rule.bias else step.output - layer.bias_part
    s = step.arriving / stabilized(z, rule.epsilon) if rule.epsilon else divided(step.arriving, z)
    epsilon = rule.epsilon * float((s * (2 * (z >= 0).to(z) - 1)).sum())
    return (float((s * layer.bias_part).sum()) if has_bias else 0.0), epsilon


def filtered_out(flow: Flow, found: list[Reading]) -> float:
    """What a filter took away: what is missing at the input and was absorbed by no layer."""
    kept = sum(float(step.absorbed.sum()) for step in flow.steps)
    return float(flow.start.sum()) - kept - float(flow.relevance.sum()) if found else 0.0


def meter_table(flow: Flow, found: list[Reading]) -> str:
    """The readings as an html table, from the score at the top to the pixels at the bottom."""
    score, arrived = float(flow.start.sum()), float(flow.relevance.sum())
    with_rest = any(_told(each.other, each) for each in found)
    heads = {"layer": "left", "rule": "left", **dict.fromkeys(("relevance", "bias", "ε"), "right")}
    heads |= {"rest": "right"} if with_rest else {}
    head = "".join(f'<th scope="col" style="{CELL};text-align:{side}">{name}</th>' for name, side in heads.items())
    rows = "".join(_row(each, with_rest) for each in found)
    lost = filtered_out(flow, found)
    if abs(lost) > 1e-4 * abs(score):
        rows += _line("filter", lost, "in other channels")
    worst = max(found, key=lambda each: math.inf if math.isnan(each.share) else each.share, default=None)
    if worst and worst.state != "kept":
        why = f'<tr><td colspan="7" style="{WIDE}">Most: {html.escape(worst.title)}, where {worst.cause}</td></tr>'
    else:
        why = ""
    rows += _line("pixels", arrived, f"{arrived / score:.1%} of the score" if score and math.isfinite(arrived) else "")
    return (
        '<table style="border-collapse:collapse;line-height:1.5;font-variant-numeric:tabular-nums">'
        f'<caption style="{WIDE};text-align:left">Conservation: the score {number(score)} flows down; '
        f"what bias{', ε and the rest' if with_rest else ' and ε'} take from it</caption>"
        f'<thead><tr>{head}<th scope="col" style="{WIDE};text-align:left">kept?</th></tr></thead>'
        f"<tbody>{rows}{why}</tbody></table>"
    )


def _told(value: float, each: Reading) -> float:
    """A value worth telling, or 0: less is the noise of the sums."""
    return value if abs(value) > 1e-4 * abs(each.score) else 0.0


def _row(each: Reading, with_rest: bool) -> str:
    taken = (each.bias, each.epsilon, each.other)[: 3 if with_rest else 2]
    values = (each.arriving, *(_told(value, each) for value in taken))
    cells = "".join(f'<td style="{CELL};text-align:right">{number(value)}</td>' for value in values)
    mark = f"border-left:5px solid var({STATES[each.state]});padding-left:6px"
    return (
        f'<tr><th scope="row" style="{CELL};text-align:left">{html.escape(each.title)}</th>'
        f'<td style="{CELL}">{html.escape(each.rule)}</td>{cells}'
        f'<td style="{CELL}"><span style="{mark}">{each.verdict}</span></td></tr>'
    )


def _line(name: str, value: float, remark: str) -> str:
    return (
        f'<tr><th scope="row" style="{CELL};text-align:left">{name}</th><td></td>'
        f'<td style="{CELL};text-align:right">{number(value)}</td><td colspan="4" style="{WIDE}">{remark}</td></tr>'
    )


def number(value: float) -> str:
    """Two decimal places, or three digits where it is small; a true minus, and no minus zero."""
    if math.isnan(value):
        return "NaN"
    if abs(value) < 5e-7:
        return "0"
    text = f"{value:.2f}" if abs(value) >= 1 else f"{value:.3g}"
    return text.replace("-", "−")
