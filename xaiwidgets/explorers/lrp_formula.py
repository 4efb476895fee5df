"""The rule of a layer, filled in with the numbers of one neuron."""

import html
from dataclasses import dataclass

import torch
from torch import Tensor

from xaiwidgets.explorers.lrp_meter import CELL, number
from xaiwidgets.explorers.lrp_neuron import Neuron, place_words
from xaiwidgets.methods.linear_layer import stabilized
from xaiwidgets.methods.lrp_input_rules import Flat, WSquare, ZBox
from xaiwidgets.methods.lrp_rules import AlphaBeta, Epsilon, Gamma, ZPlus

MOST = 8  # inputs in the table


@dataclass(frozen=True)
class Formula:
    """`R_j←k = numerator / denominator · R_k`: in words, and for every input `j` of a neuron."""

    text: str
    numerator: Tensor
    denominator: Tensor


def formula_of(neuron: Neuron) -> Formula | None:
    """The formula of a neuron's rule; None for a rule that is not one of LRP's own."""
    maker = {
        Epsilon: _epsilon, Gamma: _gamma, ZPlus: _z_plus, AlphaBeta: _alpha_beta, ZBox: _z_box,
        WSquare: _w_square, Flat: _flat,
    }.get(type(neuron.rule))  # fmt: skip
    if maker is None:
        return None
    text, numerator, denominator = maker(neuron.rule, neuron.contributions, neuron)
    return Formula(text, numerator, denominator.expand_as(numerator))


def _epsilon(rule: Epsilon, z: Tensor, neuron: Neuron) -> tuple[str, Tensor, Tensor]:
    total = z.new_tensor(neuron.z if rule.bias else neuron.z - neuron.bias)
    if not rule.epsilon:
        return "z_jk / z_k · R_k", z, total
    return "z_jk / (z_k + ε sign z_k) · R_k", z, stabilized(total, rule.epsilon)


def _gamma(rule: Gamma, z: Tensor, neuron: Neuron) -> tuple[str, Tensor, Tensor]:
    def raised(value: Tensor) -> Tensor:
        same = value.clamp(min=0) if neuron.z > 0 else value.clamp(max=0)
        return (value + rule.gamma * same) * (neuron.z != 0)

    sign, bias = "⁺" if neuron.z > 0 else "⁻", z.new_tensor(neuron.bias * rule.bias)
    text = f"(z_jk + γ z_jk{sign}) / Σ_j (z_jk + γ z_jk{sign}) · R_k"
    return text, raised(z), raised(z).sum() + raised(bias)


def _z_plus(rule: ZPlus, z: Tensor, neuron: Neuron) -> tuple[str, Tensor, Tensor]:
    total = z.clamp(min=0).sum() + max(neuron.bias, 0) * rule.bias
    return "z_jk⁺ / Σ_j z_jk⁺ · R_k", z.clamp(min=0), total


def _alpha_beta(rule: AlphaBeta, z: Tensor, neuron: Neuron) -> tuple[str, Tensor, Tensor]:
    up = z.clamp(min=0).sum() + max(neuron.bias, 0) * rule.bias
    down = z.clamp(max=0).sum() + min(neuron.bias, 0) * rule.bias
    text = "(α z_jk⁺ / Σ_j z_jk⁺ − β z_jk⁻ / Σ_j z_jk⁻) · R_k"
    return text, torch.where(z > 0, rule.alpha * z, -rule.beta * z), torch.where(z > 0, up, down)


def _z_box(rule: ZBox, z: Tensor, neuron: Neuron) -> tuple[str, Tensor, Tensor]:
    (first, second), w = neuron.bounds, neuron.weight
    low, high = torch.minimum(first, second), torch.maximum(first, second)
    terms = z - low * w.clamp(min=0) - high * w.clamp(max=0)
    text = "(z_jk − l_j w_jk⁺ − h_j w_jk⁻) / Σ_j (z_jk − l_j w_jk⁺ − h_j w_jk⁻) · R_k"
    return text, terms, terms.sum()


def _w_square(rule: WSquare, z: Tensor, neuron: Neuron) -> tuple[str, Tensor, Tensor]:
    square = neuron.weight.square()
    return "w_jk² / Σ_j w_jk² · R_k", square, square.sum()


def _flat(rule: Flat, z: Tensor, neuron: Neuron) -> tuple[str, Tensor, Tensor]:
    same = neuron.reached.to(z)
    return "1 / (number of inputs) · R_k", same, same.sum()


def neuron_table(neuron: Neuron) -> str:
    """The rule, its numbers, and the inputs that get most, as html."""
    told = f"R_k = {number(neuron.relevance)}, z_k = {number(neuron.z)}"
    if neuron.rule is None:
        return (
            f'<div style="line-height:1.6"><b>{html.escape(neuron.title)}</b>: {_subscripts(told)}<br>'
            "This layer has no weights. Choose one that has to see a rule filled in.</div>"
        )
    formula, name = formula_of(neuron), getattr(neuron.rule, "name", type(neuron.rule).__name__)
    text = "your own rule" if formula is None else f"R_j←k = {formula.text}"
    best = neuron.passed.abs().flatten().topk(min(MOST, neuron.passed.numel())).indices.tolist()
    best = [i for i in best if neuron.passed.flatten()[i] != 0]
    lines = [f"{told} = Σ_j z_jk + b_k, b_k = {number(neuron.bias)}", f"{html.escape(name)}: {text}"]
    if formula is not None and best:
        lines.append(f"for the first input: {filled_in(neuron, formula, best[0])}")
    said = "".join(f"<div>{_subscripts(line)}</div>" for line in lines)
    return f'<div style="line-height:1.6"><b>{html.escape(neuron.title)}</b>{said}</div>{_table(neuron, best)}'


def filled_in(neuron: Neuron, formula: Formula, at: int) -> str:
    """The formula with the numbers of one input."""
    above, below = (float(each.flatten()[at]) for each in (formula.numerator, formula.denominator))
    return (
        f"{number(above)} / {number(below)} · {number(neuron.relevance)} = {number(float(neuron.passed.flatten()[at]))}"
    )


def _table(neuron: Neuron, best: list[int]) -> str:
    heads = ("input j", "x_j", "w_jk", "z_jk = x_j w_jk", "share of R_k", "R_j←k")
    sides = ("left", *["right"] * (len(heads) - 1))
    head = "".join(
        f'<th scope="col" style="{CELL};text-align:{side}">{_subscripts(each)}</th>'
        for each, side in zip(heads, sides, strict=True)
    )
    columns = (neuron.x, neuron.weight, neuron.contributions)
    rows = ""
    for at in best:
        index = tuple(int(i) for i in torch.unravel_index(torch.tensor(at), neuron.x.shape))
        passed = float(neuron.passed.flatten()[at])
        share = f"{passed / neuron.relevance:.1%}".replace("-", "−") if neuron.relevance else ""
        values = [*(number(float(each.flatten()[at])) for each in columns), share, number(passed)]
        rows += _row(place_words(index), values)
    inputs, total = int(neuron.reached.sum()), float(neuron.passed.sum())
    share = f"{total / neuron.relevance:.1%}" if neuron.relevance else ""
    rows += _row(f"all {inputs} inputs", ["", "", number(float(neuron.contributions.sum())), share, number(total)])
    return (
        '<table style="border-collapse:collapse;line-height:1.5;font-variant-numeric:tabular-nums">'
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    )


def _row(name: str, values: list[str]) -> str:
    cells = "".join(f'<td style="{CELL};text-align:right">{value}</td>' for value in values)
    return f'<tr><th scope="row" style="{CELL};text-align:left;font-weight:normal">{name}</th>{cells}</tr>'


def _subscripts(text: str) -> str:
    """`z_jk` with its index set low."""
    for index in ("j←k", "jk", "j", "k"):
        text = text.replace(f"_{index}", f"<sub>{index}</sub>")
    return text
