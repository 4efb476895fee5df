"""First step of t-SNE: how near are the points of the data to each other?

Van der Maaten and Hinton 2008, "Visualizing data using t-SNE", Journal of Machine Learning Research 9, section 2. Point
`i` takes point `j` for its neighbour with the probability

    p_j|i = exp(-‖x_i - x_j‖² / 2σ_i²) / Σ_k≠i exp(-‖x_i - x_k‖² / 2σ_i²),    p_i|i = 0

Each point has its own `σ_i`: that with which the perplexity `2^H(p_·|i)` of its row, the effective number of its
neighbours, is the one that was asked for. Where points lie close, `σ_i` is small.
"""

import math
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from xaiwidgets.progress import track

AT_ONCE = 2**18  # distances that are worked on together: they stay in a core's cache
HALVINGS, WIDEST = 32, 60.0  # of the bisection, and the natural logarithm of the largest precision it looks at
CLOSE = 1e-4  # below this share of the squared lengths, rounding errors of products are felt in squared distances
EQUAL = 1e-9  # squared distances that differ by a smaller share of themselves are the same


@dataclass(frozen=True)
class Affinities:
    """How near the points of the data are to each other.

    Attributes:
        conditional: `p_j|i` in row `i` and column `j`, `(N, N)`; each row sums to 1, the diagonal is 0.
        sigma: `σ_i`, `(N,)`, in the unit of the data.
        perplexity: of each row.
    """

    conditional: Tensor
    sigma: Tensor
    perplexity: float

    @cached_property
    def joint(self) -> Tensor:
        """`p_ij = (p_j|i + p_i|j) / 2N`, `(N, N)`: symmetric, sums to 1; every point has its share, outliers too."""
        return (self.conditional + self.conditional.T).div_(2 * len(self.conditional))


def affinities(x: Tensor, perplexity: float = 30.0) -> Affinities:
    """How near are the points `x` to each other?

    Args:
        x: points, `(N, …)`, floating point; all values of a point are its coordinates.
        perplexity: effective number of neighbours of each point, above 1 and below N - 1. `σ_i` is found by bisection.

    Raises:
        TypeError, ValueError: naming the argument, what came and what was expected.
    """
    x = check_points(x)
    check_perplexity(perplexity, len(x))
    points = exact(x.flatten(1))
    points = points - points.mean(0)  # smaller numbers, smaller rounding errors
    conditional, sigma = x.new_empty(len(x), len(x)), x.new_empty(len(x))
    for some in track(blocks(len(x)), "Finding the widths"):
        distances = squared_distances(points[some], points)
        rows, precision = _rows_of_perplexity(distances, some, perplexity)
        conditional[some], sigma[some] = rows.to(x.dtype), precision.mul(2).rsqrt().to(x.dtype)
    return Affinities(conditional, sigma, float(perplexity))


def check_points(x: Tensor) -> Tensor:
    """Return `x` detached, at least float32, or raise an error that says what is wrong with it."""
    if not isinstance(x, Tensor):
        raise TypeError(f"x must be a torch.Tensor of points (N, …), got {type(x).__name__}")
    if not x.is_floating_point():
        raise TypeError(f"x must be of a floating-point type, got {x.dtype}")
    if x.ndim < 2 or len(x) < 4 or not x[0].numel():
        raise ValueError(f"x must hold at least 4 points, (N, …), got shape {tuple(x.shape)}")
    if bad := int((~x.isfinite()).sum()):
        point = int((~x.flatten(1).isfinite()).any(1).nonzero()[0])
        raise ValueError(f"x must be finite, got {bad} NaN or infinite of {x.numel()} values, first in point {point}")
    if bool((x == x[:1]).all()):
        raise ValueError(f"x must hold different points, got {len(x)} times the same")
    return x.detach().to(torch.promote_types(x.dtype, torch.float32))


def check_perplexity(perplexity: float, count: int) -> None:
    """Raise an error unless a row of `count - 1` others can have this perplexity."""
    if isinstance(perplexity, bool) or not isinstance(perplexity, int | float) or not math.isfinite(perplexity):
        raise TypeError(f"perplexity must be a number, got {perplexity!r}")
    if not 1 < perplexity < count - 1:
        raise ValueError(
            f"perplexity, the number of neighbours, must be above 1 and below {count - 1} for {count} points, "
            f"got {perplexity:g}"
        )


def exact(x: Tensor) -> Tensor:
    """In the most exact type that the device has."""
    return x if x.device.type == "mps" else x.double()


def blocks(count: int) -> list[slice]:
    """The rows of a `count` x `count` table in pieces of about `AT_ONCE` entries."""
    rows = max(1, AT_ONCE // count)
    return [slice(start, min(start + rows, count)) for start in range(0, count, rows)]


def squared_distances(some: Tensor, points: Tensor) -> Tensor:
    """`‖x_i - x_j‖²` of some of the points `(B, D)` from all `(N, D)`, `(B, N)`; exactly 0 between equal points."""
    lengths = some.square().sum(1)[:, None] + points.square().sum(1)
    distances = torch.addmm(lengths, some, points.T, alpha=-2)
    close = distances <= lengths.mul_(CLOSE)
    distances.masked_fill_(close, 0)
    # Of most points only the one itself is so close. The others' differences are taken one by one, which is slower.
    if bool((crowded := close.sum(1) > 1).any()):
        one_by_one = torch.cdist(some[crowded], points, compute_mode="donot_use_mm_for_euclid_dist")
        distances[crowded] = one_by_one.square_()
    return distances


def _rows_of_perplexity(distances: Tensor, some: slice, perplexity: float) -> tuple[Tensor, Tensor]:
    """Rows `p_·|i` `(B, N)` of this perplexity, and the precisions `1 / 2σ_i²` `(B,)` they have."""
    itself = torch.arange(some.start, some.stop, device=distances.device)[:, None]
    nearest = distances.scatter(1, itself, torch.inf).min(1, keepdim=True).values
    # A row does not change if all its distances are a little shorter; in units of their mean they need no wider search.
    shifted = (distances - nearest).scatter_(1, itself, 0)
    shifted.masked_fill_(shifted <= EQUAL * nearest, 0)  # else rounding errors would be blown up to neighbours
    unit = shifted.mean(1, keepdim=True).clamp(min=torch.finfo(shifted.dtype).tiny)
    shifted /= unit
    wanted = math.log(perplexity)
    low = shifted.new_full((len(shifted), 1), -WIDEST)
    high = -low
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        too_many = _entropy(*_weights(shifted, middle.exp(), itself), shifted, middle.exp()) > wanted
        low, high = torch.where(too_many, middle, low), torch.where(too_many, high, middle)
    precision = ((low + high) / 2).exp()
    rows, total = _weights(shifted, precision, itself)
    _check_found(_entropy(rows, total, shifted, precision), wanted, some, perplexity)
    return rows / total, (precision / unit)[:, 0]


def _weights(distances: Tensor, precision: Tensor, itself: Tensor) -> tuple[Tensor, Tensor]:
    """`exp(-distance · precision)` `(B, N)`, 0 for the point itself, and the sum of each row `(B, 1)`."""
    rows = (distances * -precision).exp_().scatter_(1, itself, 0)
    return rows, rows.sum(1, keepdim=True)


def _entropy(rows: Tensor, total: Tensor, distances: Tensor, precision: Tensor) -> Tensor:
    """Entropy in nats of each row once it is divided by its sum, `(B, 1)`."""
    return total.log() + precision * torch.linalg.vecdot(rows, distances)[:, None] / total


def _check_found(entropy: Tensor, wanted: float, some: slice, perplexity: float) -> None:
    """Rows of several nearest points at one distance have no smaller perplexity than there are of them."""
    if bool((missed := (entropy - wanted).abs()[:, 0] > 1e-5).any()):
        which = int(missed.nonzero()[0])
        raise ValueError(
            f"perplexity must be above the number of neighbours at the same smallest distance, got {perplexity:g}, but "
            f"point {some.start + which} has {float(entropy[which].exp()):.0f}: ask for more, or leave out copies of "
            "points"
        )
