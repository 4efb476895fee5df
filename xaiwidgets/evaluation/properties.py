"""What one would like every explanation to be, measured: a function a property, `(method) -> number`, 0 is perfect.

A method is a function `(model, x, target)` that returns an attribution of the shape of `x` `(N, 6)`, where an absent
feature is 0. All are measured on the seeded nets of `property_nets`, so the same method gives the same number. It is
NaN where there is nothing to compare with, such as the shares of a method that gives zeros; an attribution that is NaN
or infinite is an error.
"""

import math
from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

from xaiwidgets.backward import UnknownOperationError
from xaiwidgets.evaluation import property_nets as nets
from xaiwidgets.evaluation.access import NotFiniteError, access, explained, passes
from xaiwidgets.evaluation.continuity import jumps
from xaiwidgets.methods.roots import NoRootError

Method = Callable[[nn.Module, Tensor, Tensor], Tensor]
SEEDS = range(4)


def completeness(method: Method) -> float:
    """Does the attribution sum to what the input has over nothing?  `Σ |Σ_d R_d - (f(x) - f(0))| / Σ |f(x) - f(0)|`

    The outer sums run over inputs. Sundararajan, Taly and Yan 2017, https://arxiv.org/abs/1703.01365, section 3; the
    efficiency of Shapley values.
    """
    return _sum_is_off(method, from_nothing=True)


def conservation(method: Method) -> float:
    """Does it sum to the score itself?  As `completeness`, with `f(x)` in place of `f(x) - f(0)`

    Bach et al. 2015, https://doi.org/10.1371/journal.pone.0130140, equation 2.
    """
    return _sum_is_off(method, from_nothing=False)


def _sum_is_off(method: Method, from_nothing: bool) -> float:
    gaps, sizes = [], []
    for seed in SEEDS:
        model, x, target = nets.plain(seed)
        wanted = _scores(model, x, target) - from_nothing * _scores(model, torch.zeros_like(x), target)
        gaps.append(explained(method, model, x, target).flatten(1).sum(1) - wanted)
        sizes.append(wanted)
    return _ratio(gaps, sizes)


def symmetry(method: Method) -> float:
    """Do two features that add the same to every coalition get the same?  `Σ |R_0 - R_1| / Σ mean_d |R_d|`

    The two differ in value and weight (1.6 with weights that are half of the other's, at 0.8), but in or out, each does
    the same. Shapley 1953, A value for n-person games, axiom 1.
    """
    found = [explained(method, *nets.equal_players(seed)) for seed in SEEDS]
    return _ratio([R[:, 0] - R[:, 1] for R in found], [R.abs().mean(1) for R in found])


def null_player(method: Method) -> float:
    """Does a feature on which the score does not depend get nothing?  `Σ |R_0| / Σ mean_d |R_d|`

    The feature is connected, but what one hidden unit makes of it another takes back. Shapley 1953; Sundararajan, Taly
    and Yan 2017, section 2.1 (sensitivity b).
    """
    found = [explained(method, *nets.idle_player(seed)) for seed in SEEDS]
    return _ratio([R[:, 0] for R in found], [R.abs().mean(1) for R in found])


def implementation_invariance(method: Method, *, way: str | None = None) -> float:
    """Do nets that compute the same function get the same explanation?  `Σ |R - R'| / Σ |R|`

    The largest over the ways of `property_nets.REWRITINGS`, or one `way` of these. Sundararajan, Taly and Yan 2017,
    section 2.2.

    Raises:
        ValueError: there is no such way.
    """
    if way is not None and way not in nets.REWRITINGS:
        raise ValueError(f"way must be one of {', '.join(nets.REWRITINGS)}, got {way!r}")
    return max(_differs(method, nets.REWRITINGS[each]) for each in ([way] if way else nets.REWRITINGS))


def _differs(method: Method, rewriting: Callable) -> float:
    gaps, sizes = [], []
    for seed in SEEDS:
        (model, x, target), other = rewriting(seed)
        sizes.append(explained(method, model, x, target))
        gaps.append(sizes[-1] - explained(method, other, x, target))
    return _ratio(gaps, sizes)


def continuity(method: Method, *, steps: int = 512) -> float:
    """How much does it change, at most, in one step of a walk?  In its typical length

    The walk goes straight from one input to another in `steps` steps. Of a continuous explanation the number goes to 0
    with more steps; of one that jumps it does not. Montavon, Samek and Müller 2018, https://arxiv.org/abs/1706.07979,
    section 7.1.
    """
    model, (start, end, *_), _ = nets.plain(0)
    share = torch.linspace(0, 1, steps + 1, dtype=start.dtype)[:, None]
    points = start + share * (end - start)
    explanations = explained(method, model, points, torch.zeros(len(points), dtype=torch.long))
    if not explanations.any():
        return math.nan  # no typical length
    return float(jumps(explanations, points).max() * (points[1] - points[0]).norm())


PROPERTIES: dict[str, Callable[[Method], float]] = {
    "completeness": completeness,
    "conservation": conservation,
    "symmetry": symmetry,
    "null player": null_player,
    "implementation invariance": implementation_invariance,
    "continuity": continuity,
}
"""Name of each property -> the function that measures how far a method is from it."""


COSTS: dict[str, Callable] = {"access": access, "passes": passes}
SMALL = 0.01  # a gap that counts as none
REFUSALS = (UnknownOperationError, NoRootError, NotFiniteError)
NO_MAPS = "no layer with spatial maps"  # how the methods of class activation maps refuse nets of dense layers


def properties(method: Method) -> dict[str, float | str | tuple | None]:
    """All of `PROPERTIES`, and what the method needs: "access" and "passes"; None where it refuses these nets.

    It refuses by an error of `REFUSALS`, or because these nets have no maps; any other error is raised.
    """
    return {name: _or_none(measure, method) for name, measure in (PROPERTIES | COSTS).items()}


def _or_none(measure: Callable, method: Method) -> object:
    try:
        return measure(method)
    except ValueError as error:
        if not isinstance(error, REFUSALS) and NO_MAPS not in str(error):
            raise
        return None


def properties_table(found: Mapping[str, Mapping]) -> str:
    """What `properties` found of each method, by name, as a markdown table: "yes" for a gap below 1 %, else the gap.

    Continuity has no "yes": it is the size of the largest jump. "-" where the method refuses these nets, or there is
    nothing to measure.
    """
    head = ["method", "needs", "passes", *PROPERTIES]
    rows = [[name, *map(_said, head[1:], [each["access"], each["passes"], *map(each.get, PROPERTIES)])]
            for name, each in found.items()]  # fmt: skip
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _said(name: str, value: float | str | tuple | None) -> str:
    if value is None or value != value:  # NaN
        return "-"
    if name == "needs":
        return str(value)
    if name == "passes":
        return " + ".join(f"{count:,.0f}" for count in value if count) or "0"
    return f"{value:.0%}" if name == "continuity" or value >= SMALL else "yes"


def _scores(model: nn.Module, x: Tensor, target: Tensor) -> Tensor:
    return model(x).gather(1, target[:, None])[:, 0]


def _ratio(gaps: list[Tensor], sizes: list[Tensor]) -> float:
    return float(torch.cat(gaps).abs().sum() / torch.cat(sizes).abs().sum())
