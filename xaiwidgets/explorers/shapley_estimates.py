"""Shapley values of a game, exact and estimated: what is known of them so far, step by step."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

import torch
from torch import Tensor

from xaiwidgets.explorers.shapley_cost import count, duration
from xaiwidgets.methods.kernel_shap import kernel_shap
from xaiwidgets.methods.shapley import exact_shapley
from xaiwidgets.methods.shapley_games import Game
from xaiwidgets.methods.shapley_sampling import Estimate, permutation_estimates

Result = TypeVar("Result")
PROBE = 16  # coalitions evaluated to learn what one costs
QUICK = 2.0  # seconds: exact values that take less are computed first, so that the others converge to them in sight


@dataclass(frozen=True)
class Settings:
    """What is estimated, and how.

    Attributes:
        orders: random orders of joining.
        antithetic: whether each order is also run backwards.
        seed: of the orders and of KernelSHAP's coalitions.
        exact: whether every coalition is evaluated too, where there are at most `largest` players.
        kernel: whether KernelSHAP is computed, with as many evaluations as the orders took.
        largest: players that are still enumerated.
    """

    orders: int = 50
    antithetic: bool = True
    seed: int = 0
    exact: bool = True
    kernel: bool = True
    largest: int = 16

    @property
    def walks(self) -> int:
        """How often the players join one after the other."""
        return self.orders * (2 if self.antithetic else 1)


@dataclass(frozen=True)
class Known:
    """Values `(n,)` of one method with what they cost."""

    values: Tensor
    errors: Tensor  # standard errors (n,), NaN where unknown
    evaluations: int
    seconds: float


@dataclass(frozen=True)
class Estimates:
    """What is known so far.

    Attributes:
        exact, sampled, kernel: None where not (yet) known.
        refused: method -> why it has no values, and the way out.
        course: the running estimates: evaluations, values `(n,)`, standard errors `(n,)`.
        each: seconds an evaluation takes, measured.
    """

    players: int
    exact: Known | None = None
    sampled: Known | None = None
    kernel: Known | None = None
    refused: Mapping[str, str] = field(default_factory=dict)
    course: tuple[tuple[int, Tensor, Tensor], ...] = ()
    each: float = 0.0


def estimates(game: Game, settings: Settings) -> Iterator[Estimates]:
    """What is known of a game's Shapley values, again and again while it grows.

    Exact values come first where they are quick, else last: until then the estimates are there to look at.
    """
    known = _first(game, settings)
    wanted = settings.exact and "exact" not in known.refused
    quick = wanted and 2**game.players * known.each < QUICK
    if quick:
        known = _with_exact(known, game, settings)
        yield known
    for estimate, seconds in _sampled(game, settings):
        sampled = Known(estimate.values, estimate.standard_error, estimate.evaluations, seconds)
        course = (*known.course, (estimate.evaluations, estimate.values, estimate.standard_error))
        known = replace(known, sampled=sampled, course=course)
        yield known
    if settings.kernel:
        known = _with_kernel(known, game, settings)
        yield known
    if wanted and not quick:
        known = _with_exact(known, game, settings)
        yield known


def last_of(results: Iterator[Result], show: Callable[[Result], object]) -> Result:
    """The last of growing results; `show` is called with each."""
    for result in results:
        show(result)
    return result


def _first(game: Game, settings: Settings) -> Estimates:
    """Nothing but what an evaluation costs, and whether there are too many players for all of them."""
    some = torch.rand(PROBE, game.players, generator=torch.Generator().manual_seed(0)) < 0.5
    begun = time.perf_counter()
    game(some)
    each = (time.perf_counter() - begun) / PROBE
    if not settings.exact or game.players <= settings.largest:
        return Estimates(game.players, each=each)
    many = 2.0**game.players
    refused = (
        f"{game.players} players have {count(many)} coalitions: about {duration(many * each)}. "
        f"Choose at most {settings.largest} players for exact values, or sample."
    )
    return Estimates(game.players, refused={"exact": refused}, each=each)


def _with_exact(known: Estimates, game: Game, settings: Settings) -> Estimates:
    begun = time.perf_counter()
    values = exact_shapley(game, largest=settings.largest)
    seconds, evaluations = time.perf_counter() - begun, 2**game.players
    return replace(
        known, exact=Known(values, torch.zeros_like(values), evaluations, seconds), each=seconds / evaluations
    )


def _with_kernel(known: Estimates, game: Game, settings: Settings) -> Estimates:
    """KernelSHAP with as many evaluations as the orders took, or all coalitions where they are fewer."""
    begun, samples = time.perf_counter(), min(known.sampled.evaluations, 2**game.players)
    try:
        estimate = kernel_shap(game, samples=max(samples, 2), seed=settings.seed)
    except ValueError as error:  # too few evaluations
        return replace(known, refused={**known.refused, "kernel": str(error)})
    seconds = time.perf_counter() - begun
    return replace(known, kernel=Known(estimate.values, estimate.standard_error, estimate.evaluations, seconds))


def _sampled(game: Game, settings: Settings) -> Iterator[tuple[Estimate, float]]:
    """The running estimates of permutation sampling, and the seconds they took."""
    begun = time.perf_counter()
    arguments = {"permutations": settings.orders, "seed": settings.seed, "antithetic": settings.antithetic}
    for estimate in permutation_estimates(game, **arguments):
        yield estimate, time.perf_counter() - begun
