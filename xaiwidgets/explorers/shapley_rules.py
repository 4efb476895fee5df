"""Ways to share out what all earn together, and how far each is from the four axioms."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from xaiwidgets.explorers.shapley_tables import NOTE, number, table
from xaiwidgets.explorers.shapley_worked import Worked
from xaiwidgets.methods.shapley import exact_shapley
from xaiwidgets.methods.shapley_axioms import efficiency, linearity, null_player, symmetry
from xaiwidgets.methods.shapley_game import Game

Rule = Callable[[Game], Tensor]
AXIOMS = ("effi\u00adciency", "sym\u00admetry", "null player", "lin\u00adearity")  # may break where there is no room
KEPT, IDLE = "✓", "–"  # an axiom that is kept; one that concerns nobody in this game


def _nobody(game: Game) -> Tensor:
    return torch.zeros(1, game.players, dtype=torch.bool)


def _one_order(game: Game) -> Tensor:
    return game(torch.cat([_nobody(game), torch.ones(game.players, game.players).tril().bool()])).diff()


def _alone(game: Game) -> Tensor:
    return game(torch.eye(game.players).bool()) - game(_nobody(game))


def _last(game: Game) -> Tensor:
    return game(~_nobody(game)) - game(~torch.eye(game.players).bool())


def _proportional(game: Game) -> Tensor:
    whole, alone = game(~_nobody(game)) - game(_nobody(game)), _alone(game)
    return whole * (alone / alone.sum() if alone.sum() else torch.full_like(alone, 1 / game.players))


#: Only one of them keeps to all four axioms in every game.
RULES: dict[str, Rule] = {
    "Shapley value": exact_shapley,
    "first order only": _one_order,
    "earned alone": _alone,
    "lost without": _last,
    "in proportion": _proportional,
}


@dataclass(frozen=True)
class Judged:
    """A rule's shares `(n,)` and its distance from each of `AXIOMS`, in the unit of the game."""

    name: str
    shares: Tensor
    gaps: tuple[float, ...]


def judged(worked: Worked) -> list[Judged]:
    """Every rule's shares of a game, and how far they are from the axioms."""
    game, other = worked.game, _other(worked.players)
    result = []
    for name, rule in RULES.items():
        shares = rule(game)
        gaps = [measure(game, shares) for measure in (efficiency, symmetry, null_player)]
        result.append(Judged(name, shares, (*gaps, linearity(rule, game, other))))
    return result


def _other(players: int) -> Game:
    """A second game, for linearity: the later ones earn more."""
    earned = 10.0 * torch.arange(1, players + 1)
    return Game.of(lambda coalitions: (coalitions * earned).sum(1), players)


def gaps_table(worked: Worked, rules: list[Judged]) -> str:
    """The rules' shares and gaps, one row a rule."""
    idle = (False, not worked.twins, not worked.idle, False)  # the axioms that concern nobody
    rows = []
    for each in rules:
        gaps = [IDLE if nobody else _gap(gap) for gap, nobody in zip(each.gaps, idle, strict=True)]
        rows.append([each.name, *(number(float(share), 1) for share in each.shares), *gaps])
    caption = "Ways to share out, and how far they are from the axioms"
    said = f"{KEPT} kept" + (f" · {IDLE} concerns nobody in this game" if any(idle) else "")
    return f'{table(caption, ["rule", *worked.names, *AXIOMS], rows, strong=0)}<div style="{NOTE}">{said}</div>'


def _gap(gap: float) -> str:
    return KEPT if gap < 1e-6 else number(gap, 1)
