"""Gradient ascent that shows its prototypes while it climbs."""

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from typing import Any

import torch
from torch import Tensor, nn

from xaiwidgets.methods.descent import adam, pieces
from xaiwidgets.methods.fills import blurred
from xaiwidgets.methods.inputs import check_differentiable
from xaiwidgets.methods.meaningful_perturbation_objective import moved_by
from xaiwidgets.methods.prototype_objective import ClassGain, Penalties, UnitGain
from xaiwidgets.methods.prototype_space import Code, Space
from xaiwidgets.progress import quietly, track

AT_ONCE = 2**18  # input values in one step of ascent: Cancel is answered between two of them


@dataclass(frozen=True)
class PrototypeFrame:
    """The prototypes after some steps of ascent.

    Attributes:
        step: steps done.
        pictures: `(N, C, H, W)`, as the model takes them.
        codes: `(N, D)` in code space, else None.
        score: of what is watched, `(N,)`: the logit; the value of a neuron; the mean of a channel; the mean square of
            a layer.
        probability: of the class, `(N,)`; None where no class is watched.
        objective: what is maximised, without jitter, `(N,)`.
        log_density: the expert's, in nats, `(N,)`; None without expert.
        penalties: what was subtracted in the objective, by name, each `(N,)`, weight included.
    """

    step: int
    pictures: Tensor
    codes: Tensor | None
    score: Tensor
    probability: Tensor | None
    objective: Tensor
    log_density: Tensor | None = None
    penalties: dict[str, Tensor] = field(default_factory=dict)


@dataclass(frozen=True)
class Ascent:
    """A borrowed model, what of it is maximised, the penalties, and what the prototypes are made of."""

    model: nn.Module
    gain: ClassGain | UnitGain
    penalties: Penalties
    space: Space
    blur: float

    def frames(self, values: Tensor, moves: list[list[int]], rate: float, every: int) -> Iterator[PrototypeFrame]:
        """Climb from these values on, one step for each of `moves`."""
        yield self.frame(0, values)
        values, first, second = values.clone(), torch.zeros_like(values), torch.zeros_like(values)
        work = [(step, some) for step in range(1, len(moves) + 1) for some in self.pieces(values)]
        for step, some in track(work, "Climbing"):
            if some.start == 0:  # all prototypes repel each other as they were before this step
                others = self.others(values)
            slopes = self.slopes(values[some], others, some, moves[step - 1])
            change, first[some], second[some] = adam(slopes, first[some], second[some], step)
            values[some] = self.space.settled(values[some] + rate * change)
            if some.stop >= len(values) and (step % every == 0 or step == len(moves)):
                yield self.frame(step, values)

    def pieces(self, values: Tensor) -> list[slice]:
        """Slices of the batch, by the size of the pictures, which is what a step costs."""
        drawn = self.pictures(values[:1])
        return pieces(drawn.expand(len(values), *drawn.shape[1:]), AT_ONCE)

    def pictures(self, values: Tensor) -> Tensor:
        """The prototypes that belong to these values."""
        x = self.space.pictures(values)
        return blurred(x, self.blur) if self.blur else x

    def others(self, values: Tensor) -> Tensor | None:
        """What every prototype is repelled by."""
        if not self.penalties.diversity:
            return None
        with torch.inference_mode(False), torch.no_grad():
            values = values.clone()  # of what they are now
            return values if isinstance(self.space, Code) else self.pictures(values)

    def slopes(self, values: Tensor, others: Tensor | None, some: slice, move: list[int]) -> Tensor:
        """The gradient of the objective of some prototypes by their values."""
        with torch.inference_mode(False), torch.enable_grad():
            values = values.clone().requires_grad_()
            look = self.look(values, others, some, move)
            return torch.autograd.grad(check_differentiable(look.objective).sum(), values)[0]

    def look(self, values: Tensor, others: Tensor | None, some: slice, move: list[int]) -> PrototypeFrame:
        """The objective of some prototypes, and what it is made of, where the model sees them moved by `move`."""
        x = self.pictures(values)
        codes = values if isinstance(self.space, Code) else None
        found = self.gain.of(self.model, moved_by(x, move), some)
        penalties, log_density = self.penalties.of(x if codes is None else codes, x, others, some)
        objective = found.gain - sum(penalties.values())
        return PrototypeFrame(0, x, codes, found.score, found.probability, objective, log_density, penalties)

    @torch.no_grad()
    def frame(self, step: int, values: Tensor) -> PrototypeFrame:
        """How things stand."""
        others = self.others(values)
        with quietly():
            looks = [self.look(values[some], others, some, []) for some in track(self.pieces(values), "Looking")]
        joined = {each.name: _joined([getattr(look, each.name) for look in looks]) for each in fields(PrototypeFrame)}
        if not joined["objective"].isfinite().all():
            raise ValueError(
                f"model and expert must return finite values with finite slopes, got NaN or infinity after {step} steps"
            )
        return PrototypeFrame(**{**joined, "step": step})


def _joined(parts: list[Any]) -> Any:
    """Of the pieces of a batch, one field of a frame."""
    if isinstance(parts[0], dict):
        return {name: torch.cat([part[name] for part in parts]) for name in parts[0]}
    return torch.cat([part.clone() for part in parts]) if isinstance(parts[0], Tensor) else parts[0]
