"""Prototypes while they grow: one run of activation maximization for each square, or for several squares at once."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from xaiwidgets.explorers.pictures import on_device
from xaiwidgets.explorers.prototype_subject import Subject
from xaiwidgets.methods.activation_maximization import learning_prototypes
from xaiwidgets.methods.prototype_ascent import PrototypeFrame
from xaiwidgets.methods.prototype_start import start_noise
from xaiwidgets.methods.prototype_variants import settings_of, start_of
from xaiwidgets.methods.units import Unit
from xaiwidgets.progress import quietly, track

EVERY = 5  # steps from frame to frame
CHOSEN = "chosen picture"
STARTS = ("noise", "best real picture", CHOSEN)


@dataclass(frozen=True)
class Run:
    """What one run of the method is asked for; two equal ones give the same prototypes.

    net:     name of the course's net
    variant: name in `VARIANTS`
    layer:   a name in `Subject.layers`; None: the classes
    unit:    what is maximised
    start:   one of `STARTS`
    image:   the chosen picture, where the run begins there
    seed:    of the noise
    count:   how many prototypes
    values:  the sliders, by name
    """

    net: str
    variant: str
    layer: str | None
    unit: Unit
    start: str
    image: int
    seed: int
    count: int
    values: tuple[tuple[str, Any], ...]


@dataclass(frozen=True)
class Square:
    """One prototype on the page: its name, and which prototype of which run it is."""

    title: str
    run: Run
    place: int = 0


@dataclass(frozen=True)
class Moment:
    """One prototype after some steps; everything on the CPU.

    picture:     `(C, H, W)` in [0, 1]
    score:       logit of the class, or value of the unit
    probability: of the class; None for a unit of a layer
    objective:   what is maximised, with the penalties
    natural:     log-density under the judge in nats; None: nobody was asked
    """

    step: int
    picture: Tensor
    score: float
    probability: float | None
    objective: float
    natural: float | None


Trail = tuple[Moment, ...]  # of one prototype


def growing(subject: Subject, runs: list[Run], known: dict[Run, tuple[Trail, ...]]) -> Iterator[bool]:
    """Let every run that is not `known` grow, one frame each in turn; says after each whether it was the last.

    `known` gets the trails as far as they are; a run that is cut short is taken out of it again.
    """
    open_runs = {run: frames(subject, run) for run in runs if run not in known}
    rounds = max([steps_of(run) for run in open_runs] or [0]) // EVERY + 2
    try:
        for number in track(range(rounds), "Growing prototypes"):
            for run, going in list(open_runs.items()):
                with quietly():  # but Cancel is heard
                    frame = next(going, None)
                if frame is None:
                    del open_runs[run]
                else:
                    more = _moments(frame)
                    earlier = known.get(run, ((),) * len(more))
                    known[run] = tuple((*trail, moment) for trail, moment in zip(earlier, more, strict=True))
                    if number:  # the first frames are not kept waiting, and shown together
                        known[run] = measured(subject, known[run])
                        yield False
            if number == 0 or not open_runs:
                yield not open_runs
            if not open_runs:
                return
    finally:
        for run in open_runs:
            known.pop(run, None)


def frames(subject: Subject, run: Run) -> Iterator[PrototypeFrame]:
    """One run of the method."""
    parts = subject.parts(run.variant)
    settings = settings_of(run.variant, **parts) | dict(run.values) | {"seed": run.seed, "every": EVERY}
    images = subject.data.images
    if run.start == "noise":
        start = start_of(run.variant, tuple(images.shape[1:]), count=run.count, seed=run.seed, **parts)
    elif run.start == CHOSEN:
        near = images[[run.image]]
        settings["near"] = on_device(subject.model, near)
        start = near if run.count == 1 else start_noise(tuple(near.shape[1:]), run.count, run.seed, mean=near[0])
    else:
        start = images[best_pictures(subject, run.unit, run.count)]
    target = run.unit.channel if run.layer is None else run.unit
    return learning_prototypes(subject.model, target, on_device(subject.model, start), **settings)


def best_pictures(subject: Subject, unit: Unit, count: int = 1) -> list[int]:
    """The real pictures that are surest of a class, or that a unit reacts to most, the best first."""
    best = subject.reactions(unit).argsort(descending=True).tolist()
    return [best[place % len(best)] for place in range(count)]


def steps_of(run: Run) -> int:
    """How many steps a run takes."""
    return int(dict(run.values)["steps"])


def _moments(frame: PrototypeFrame) -> list[Moment]:
    """The prototypes of a frame, each by itself, before a judge has seen them."""
    return [
        Moment(
            step=frame.step,
            picture=frame.pictures[place].detach().cpu(),
            score=float(frame.score[place]),
            probability=None if frame.probability is None else float(frame.probability[place]),
            objective=float(frame.objective[place]),
            natural=None,
        )
        for place in range(len(frame.pictures))
    ]


def measured(subject: Subject, trails: tuple[Trail, ...]) -> tuple[Trail, ...]:
    """The same trails with the naturalness of every moment; nothing changes where nobody can tell."""
    new = [(at, when) for at, trail in enumerate(trails) for when, each in enumerate(trail) if each.natural is None]
    if subject.judge is None or not new:
        return trails
    pictures = torch.stack([trails[at][when].picture for at, when in new])
    found = [list(trail) for trail in trails]
    for (at, when), nats in zip(new, subject.naturalness.of(on_device(subject.model, pictures)).tolist(), strict=True):
        found[at][when] = replace(found[at][when], natural=nats)
    return tuple(tuple(trail) for trail in found)


def at_step(trail: Trail, step: float | None) -> Moment:
    """The moment at a step, or the last one before it; None: the newest."""
    earlier = [moment for moment in trail if step is None or moment.step <= step]
    return earlier[-1] if earlier else trail[0]


def curve(trail: Trail, name: str, steps: Tensor) -> Tensor:
    """A number of each moment over `steps` `(n,)`, straight between two moments and NaN beyond them."""
    import numpy as np

    met = [(moment.step, getattr(moment, name)) for moment in trail if getattr(moment, name) is not None]
    if not met:
        return torch.full((len(steps),), torch.nan)
    x, y = zip(*met, strict=True)
    return torch.from_numpy(np.interp(steps.double().numpy(), x, y, left=np.nan, right=np.nan)).float()
