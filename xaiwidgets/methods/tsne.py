"""t-SNE: a map in which near points are near, learned by gradient descent while you watch.

Van der Maaten and Hinton 2008, "Visualizing data using t-SNE", Journal of Machine Learning Research 9. Three steps:
affinities of the data (`tsne_affinities`), similarities in the map and the divergence of the two (`tsne_map`), and
here the descent, with momentum, a gain for each coordinate, and early exaggeration (section 3.4).
"""

import math
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

import torch
from sklearn.manifold import TSNE
from torch import Tensor

from xaiwidgets.methods.fills import Seed
from xaiwidgets.methods.pca import pca
from xaiwidgets.methods.tsne_affinities import affinities, check_perplexity, check_points
from xaiwidgets.methods.tsne_map import Springs
from xaiwidgets.parameters import Choice, Range, validated
from xaiwidgets.progress import track

LARGEST = 5000  # points whose table of pairs is held: 100 MB in float32
LONGEST = 10_000  # iterations
SHORTEST_HANDED_OVER = 300  # iterations: of scikit-learn's, 250 are exaggerated and give no divergence
EARLY, LATE = 0.5, 0.8  # momentum while exaggerated, and after
FASTER, SLOWER, SMALLEST = 0.2, 0.8, 0.01  # change and least value of a coordinate's gain
SPREAD = 1e-4  # standard deviation of the start: small, so that points can still pass each other

Perplexity = Annotated[float, Range(1.01, 1000, log=True, help="effective number of neighbours of each point")]
Iterations = Annotated[int, Range(1, LONGEST, log=True, help="steps of gradient descent")]
RATE = Range(0.1, 10_000, log=True, help="length of a step")
LearningRate = Annotated[float, RATE]
Exaggeration = Annotated[float, Range(1, 100, help="factor of the attraction at first, which makes clusters tight")]
Exaggerated = Annotated[int, Range(0, LONGEST, help="iterations with exaggeration")]
Initialization = Annotated[str, Choice("pca", "random", help="where the points start")]
Every = Annotated[int, Range(1, LONGEST, help="iterations from frame to frame")]


class HandedOverWarning(UserWarning):
    """There are more points than the exact form holds: scikit-learn's approximation makes the map."""


@dataclass(frozen=True)
class Frame:
    """A map while it is learned: all that is needed to go on from it.

    Attributes:
        iteration: steps done.
        embedding: `y`, `(N, 2)`.
        kl: `KL(P‖Q)` in nats, always of the affinities without exaggeration; of a map by scikit-learn its estimate.
        velocity: last change of `y`, `(N, 2)`.
        gains: factor of each coordinate's step, `(N, 2)`.
        exaggerated: whether the step to this frame was one with exaggeration.
    """

    iteration: int
    embedding: Tensor
    kl: float
    velocity: Tensor
    gains: Tensor
    exaggerated: bool = False


def tsne(
    x: Tensor,
    *,
    perplexity: Perplexity = 30.0,
    iterations: Iterations = 1000,
    learning_rate: LearningRate | None = None,
    exaggeration: Exaggeration = 12.0,
    exaggerated_iterations: Exaggerated = 250,
    initialization: Initialization = "pca",
    seed: Seed = 0,
) -> Tensor:
    """Which points of the data are near each other? A map `(N, 2)` in which neighbours stay neighbours.

    Sizes of clusters, distances between them, and directions mean nothing in it; the same data give another map with
    another perplexity, start or seed.

    Args:
        x: points, `(N, …)`, floating point, pixels or a layer's activations; all values of a point are coordinates.
        perplexity: effective number of neighbours of each point, below N - 1.
        iterations: steps of gradient descent.
        learning_rate: of the descent; None: N / 48, which is N / 12 (Belkina et al. 2019, Nature Communications 10)
            for a gradient with the factor 4, but not below 50, or below N / 12 where that is less.
        exaggeration, exaggerated_iterations: factor of the attraction, and for how many steps at first.
        initialization: "pca", the first two principal components, which keeps some of the data's large shape (Kobak
            and Berens 2019, Nature Communications 10), or "random".
        seed: of the random start; torch's own generator is not touched.

    Returns:
        `(N, 2)`. Above 5,000 points scikit-learn's Barnes-Hut approximation makes it, with a `HandedOverWarning`.

    Raises:
        TypeError, ValueError: naming the argument, what came and what was expected.
    """
    descent = {"iterations": iterations, "learning_rate": learning_rate, "exaggeration": exaggeration}
    descent |= {"exaggerated_iterations": exaggerated_iterations, "every": LONGEST}
    *_, last = learning_tsne(x, perplexity=perplexity, initialization=initialization, seed=seed, **descent)
    return last.embedding


@validated
def learning_tsne(
    x: Tensor,
    *,
    perplexity: Perplexity = 30.0,
    iterations: Iterations = 1000,
    learning_rate: LearningRate | None = None,
    exaggeration: Exaggeration = 12.0,
    exaggerated_iterations: Exaggerated = 250,
    initialization: Initialization = "pca",
    seed: Seed = 0,
    every: Every = 10,
) -> Iterator[Frame]:
    """The maps of `tsne` while they are learned.

    Args:
        every: iterations from one frame to the next; the first frame is the start, the last the result. More than
            5,000 points have these two only.
        The others as for `tsne`.
    """
    x = check_points(x)
    check_perplexity(perplexity, len(x))
    start = start_of(x, initialization, seed)
    if len(x) > LARGEST:
        return _handed_over(x, start, perplexity, iterations, learning_rate, exaggeration)
    p = affinities(x, perplexity).joint
    descent = {"learning_rate": learning_rate, "exaggeration": exaggeration, "every": every}
    return descend(p, start, iterations=iterations, exaggerated_iterations=exaggerated_iterations, **descent)


def start_of(x: Tensor, initialization: Initialization = "pca", seed: Seed = 0) -> Tensor:
    """Where the points `x` start, `(N, 2)`: along the principal components, or at random; spread 1e-4."""
    Choice("pca", "random").check("initialization", initialization)
    if initialization == "pca":
        scores = pca(x, min(2, x[0].numel())).scores
        y = torch.nn.functional.pad(scores, (0, 2 - scores.shape[1]))
        return y * (SPREAD / y[:, 0].std(correction=0))
    generator = torch.Generator().manual_seed(int(seed))
    return SPREAD * torch.randn(len(x), 2, generator=generator, dtype=x.dtype).to(x.device)


@validated
def descend(
    p: Tensor,
    start: Frame | Tensor,
    *,
    iterations: Iterations = 1000,
    learning_rate: LearningRate | None = None,
    exaggeration: Exaggeration = 12.0,
    exaggerated_iterations: Exaggerated = 250,
    every: Every = 10,
) -> Iterator[Frame]:
    """Gradient descent on the map, from a start or from an earlier frame, up to step number `iterations`.

        v ← momentum · v - learning_rate · gains · ∂KL/∂y,    y ← y + v

    A coordinate's gain grows by 0.2 where its gradient and its last change have different signs (it still goes the
    same way), and shrinks to 0.8 of itself where they have the same (Jacobs 1988).

    Args:
        p: joint affinities, `(N, N)`.
        start: a map `(N, 2)`, or a frame.
        The others as for `learning_tsne`.

    Returns:
        Frames, the start first; none but that if it has as many iterations already.

    Raises:
        ValueError: if the shapes do not fit, or (while learning) the learning rate lets the map explode.
    """
    frame = start if isinstance(start, Frame) else None
    y = frame.embedding if frame else start.detach()
    if p.shape != (len(y), len(y)):
        raise ValueError(f"p must be ({len(y)}, {len(y)}), one affinity a pair of points, got {tuple(p.shape)}")
    springs = Springs(p)
    rate = _rate(learning_rate, len(y))
    frame = frame or Frame(0, y, springs.divergence(y), torch.zeros_like(y), torch.ones_like(y))
    factors = [exaggeration if step < exaggerated_iterations else 1.0 for step in range(frame.iteration, iterations)]
    return _frames(springs, frame, rate, factors, every)


def usual_rate(count: int) -> float:
    """The learning rate for so many points: `N / 48`, but not below 50, or below `N / 12` where that is less."""
    # The floor of 50 makes up for the first steps of many points; few would jump about.
    return max(count / 48, min(count / 12, 50.0))


def _rate(learning_rate: float | None, count: int) -> float:
    if learning_rate is None:
        return usual_rate(count)
    RATE.check("learning_rate", learning_rate, integer=False)
    return float(learning_rate)


@torch.no_grad()
def _frames(springs: Springs, frame: Frame, rate: float, factors: list[float], every: int) -> Iterator[Frame]:
    yield frame
    y, velocity, gains = frame.embedding, frame.velocity, frame.gains
    for step, factor in enumerate(track(factors, "Learning the map"), start=frame.iteration + 1):
        gradient = springs.gradient(y, factor)
        same_way = gradient * velocity < 0
        gains = torch.where(same_way, gains + FASTER, gains * SLOWER).clamp(min=SMALLEST)
        velocity = (EARLY if factor > 1 else LATE) * velocity - rate * gains * gradient
        y = y + velocity
        if step % every == 0 or step == frame.iteration + len(factors):
            kl = springs.divergence(y)
            if not math.isfinite(kl):
                raise ValueError(f"learning_rate must be smaller: the map exploded in step {step}, got {rate:g}")
            yield Frame(step, y, kl, velocity, gains, factor > 1)


def _handed_over(
    x: Tensor, start: Tensor, perplexity: float, iterations: int, rate: float | None, exaggeration: float
) -> Iterator[Frame]:
    """Start and result of scikit-learn's Barnes-Hut approximation, which does not stop in between."""
    if iterations < SHORTEST_HANDED_OVER:
        raise ValueError(
            f"iterations must be at least {SHORTEST_HANDED_OVER} for more than {LARGEST:,} points, got {iterations}"
        )
    warnings.warn(
        f"x has {len(x):,} points, more than the {LARGEST:,} whose pairs are held: scikit-learn's Barnes-Hut t-SNE, an "
        "approximation on the CPU, makes the map. It shows no frames in between and cannot be cancelled",
        HandedOverWarning,
        stacklevel=3,
    )
    rate = _rate(rate, len(x))
    options = {"max_iter": iterations, "early_exaggeration": exaggeration, "learning_rate": rate}
    rest = torch.zeros_like(start), torch.ones_like(start)

    def frames() -> Iterator[Frame]:
        yield Frame(0, start, math.nan, *rest)
        for _ in track([None], "Learning the map with scikit-learn"):
            made = TSNE(init=start.cpu().numpy(), perplexity=perplexity, **options)
            y = torch.from_numpy(made.fit_transform(x.flatten(1).cpu().numpy())).to(start)
        yield Frame(made.n_iter_ + 1, y, float(made.kl_divergence_), *rest)

    return frames()
