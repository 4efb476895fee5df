"""Exercises of notebook 01, Embeddings, continued: the gradient that makes the map, and what the map has kept."""

import torch

from .exercise import Exercise
from .laws import expect
from .nets import normal
from .tsne import each_row_by_itself, gaussian_on_the_map, joint_affinities, similarities

# --- 01.4 the gradient ----------------------------------------------------------------------------------------------


def kl_gradient(p, y):
    """The gradient of KL(P‖Q) = sum of p_ij log(p_ij / q_ij) with respect to every place y_i on the map.

    p (N, N) are symmetric, zero on the diagonal, and sum to 1; y is (N, 2); q_ij are the Cauchy similarities of y.
    The gradient is 4 times the sum over j of (p_ij - q_ij) (1 + ‖y_i - y_j‖²)⁻¹ (y_i - y_j). Returns (N, 2).
    """
    step = y[:, None] - y
    near = (1 / (1 + step.square().sum(dim=2))).fill_diagonal_(0)
    pull = (p - near / near.sum()) * near
    return 4 * (pull[:, :, None] * step).sum(dim=1)


def _pulled(p, y, q, weight, factor=4):
    return factor * (((p - q) * weight)[:, :, None] * (y[:, None] - y)).sum(dim=1)


def _near(y):
    return (1 / (1 + torch.cdist(y, y).square())).fill_diagonal_(0)


def without_the_four(p, y):
    """Your gradient is 4 times too small: finite differences tell. Each pair counts twice, each square gives a 2."""
    return kl_gradient(p, y) / 4


def two_instead_of_four(p, y):
    """Your gradient is half of the right one: the pair (i, j) stands in the sum twice, as (i, j) and as (j, i)."""
    return kl_gradient(p, y) / 2


def uphill(p, y):
    """Your gradient has the wrong sign: it points uphill. Where p is above q, the sign before y_i - y_j is plus."""
    return -kl_gradient(p, y)


def tail_forgotten(p, y):
    """You left out (1 + ‖y_i - y_j‖²)⁻¹: without it this is SNE's gradient, in which far pairs pull hardest."""
    return _pulled(p, y, _near(y) / _near(y).sum(), 1)


def gaussian_q(p, y):
    """Your q is a Gaussian's: on the map t-SNE has the Cauchy distribution."""
    return _pulled(p, y, gaussian_on_the_map(y), _near(y))


def rows_of_q(p, y):
    """Each row of your q sums to 1: q is one distribution over all pairs."""
    return _pulled(p, y, each_row_by_itself(y), _near(y))


def q_not_divided(p, y):
    """Your q is not divided by its sum over all pairs. (The other factor, (1 + ‖y_i - y_j‖²)⁻¹, is not divided.)"""
    return _pulled(p, y, _near(y), _near(y))


def weight_divided_too(p, y):
    """You use q twice: the factor before y_i - y_j is (1 + ‖y_i - y_j‖²)⁻¹ itself, not divided by the sum."""
    return _pulled(p, y, _near(y) / _near(y).sum(), _near(y) / _near(y).sum())


def mean_over_the_points(p, y):
    """You take the mean over the points j: take the sum."""
    return kl_gradient(p, y) / len(y)


def _map(seed, spread=1.0):
    """Affinities of seven hidden points, and a map of them that has nothing to do with it."""
    points = normal(seed, 7, 4)
    p = joint_affinities(torch.cdist(points, points).square(), torch.ones(7).double())
    return p, spread * normal(seed + 1, 7, 2)


def _kl(p, y):
    apart = ~torch.eye(len(p), dtype=torch.bool)
    return (p[apart] * (p[apart] / similarities(y)[apart]).log()).sum()


def finite_differences(student):
    """finite differences: move one point by a little, along one axis, and see by how much KL changes"""
    for seed, spread in ((61, 1.0), (63, 3.0)):
        p, y = _map(seed, spread)
        wanted, step = torch.zeros_like(y), 1e-6
        for place in range(y.numel()):
            shift = torch.zeros(y.numel()).double()
            shift[place] = step
            shift = shift.view_as(y)
            wanted.view(-1)[place] = (_kl(p, y + shift) - _kl(p, y - shift)) / (2 * step)
        expect(student(p, y), wanted, "The gradient on a hidden map")


def a_step_down(student):
    """a small step against the gradient makes KL smaller, by as much as the gradient says"""
    p, y = _map(65)
    slope = student(p, y)
    fall = _kl(p, y) - _kl(p, y - 1e-5 * slope)
    expect(fall / 1e-5, slope.square().sum(), "The fall of KL for each unit of a step against your gradient", 1e-3)


def at_rest(student):
    """where q equals p already, nothing moves"""
    y = normal(67, 7, 2)
    found = student(similarities(y), y)
    expect(found, torch.zeros_like(y), "The gradient where p equals q")


GRADIENT = Exercise(
    id="01.4",
    title="The gradient of KL",
    task="Write kl_gradient: how KL(P‖Q) changes when a point on the map moves.",
    solution=kl_gradient,
    cases=lambda: [_map(61), _map(63, 3.0)],
    laws=(finite_differences, a_step_down, at_rest),
    shape=lambda p, y: tuple(y.shape),
    hints=(
        "Make three things first: step (N, N, 2), all y_i - y_j; near (N, N), (1 + d²)⁻¹; and q, near / its sum.",
        "(p - q) * near is one number a pair, positive where the two should come closer.",
        "It meets step as pull[:, :, None] * step; sum over j, which is dim=1, and do not forget the 4.",
    ),
    wrong=(
        without_the_four,
        two_instead_of_four,
        uphill,
        tail_forgotten,
        gaussian_q,
        rows_of_q,
        q_not_divided,
        weight_divided_too,
        mean_over_the_points,
    ),
    needs=("01.3",),
)

# --- 01.5 the map is not the data -----------------------------------------------------------------------------------


def neighbours_kept(x, y, k):
    """Of the k nearest neighbours of a point in the data, which share is among its k nearest on the map? The mean.

    x (N, D) are the data, y (N, 2) the map. A point is not its own neighbour. Returns one number in [0, 1].
    """
    nearest = [torch.cdist(z, z).fill_diagonal_(torch.inf).topk(k, largest=False).indices for z in (x, y)]
    kept = (nearest[0][:, :, None] == nearest[1][:, None, :]).any(dim=2)  # (N, k): found again on the map?
    return kept.double().mean()


def _nearest(z, k):
    """The numbers of the k nearest neighbours of each point, as N sets."""
    order = torch.cdist(z, z).fill_diagonal_(torch.inf).argsort(dim=1)
    return [set(row) for row in order[:, :k].tolist()]


def itself_counted(x, y, k):
    """You count each point as its own neighbour, which every map keeps: put infinity on the diagonal first."""
    orders = [torch.cdist(z, z).argsort(dim=1)[:, :k].tolist() for z in (x, y)]
    return sum(len(set(a) & set(b)) for a, b in zip(*orders, strict=True)) / (k * len(x))


def in_the_same_order(x, y, k):
    """You ask that a neighbour has the same rank in both: ask only whether it is among the k nearest of the map."""
    first, second = (torch.cdist(z, z).fill_diagonal_(torch.inf).argsort(dim=1)[:, :k] for z in (x, y))
    return (first == second).double().mean()


def intersection_over_union(x, y, k):
    """You divide by the size of the union: divide by k, the number of neighbours that could be kept."""
    pairs = zip(_nearest(x, k), _nearest(y, k), strict=True)
    return sum(len(a & b) / len(a | b) for a, b in pairs) / len(x)


def at_least_one(x, y, k):
    """You count the points that keep at least one neighbour: take the share of the k that each point keeps."""
    return sum(bool(a & b) for a, b in zip(_nearest(x, k), _nearest(y, k), strict=True)) / len(x)


def all_or_nothing(x, y, k):
    """You count the points that keep all their neighbours: take the share of the k that each point keeps."""
    return sum(a == b for a, b in zip(_nearest(x, k), _nearest(y, k), strict=True)) / len(x)


def number_kept(x, y, k):
    """You count neighbours: divide by k to get a share."""
    return k * neighbours_kept(x, y, k)


def share_lost(x, y, k):
    """You compute the share that is lost: this is 1 minus the right one."""
    return 1 - neighbours_kept(x, y, k)


def farthest(x, y, k):
    """You compare the k farthest points: ask topk for the smallest distances (largest=False)."""
    far = [set(torch.cdist(z, z).topk(k).indices[n].tolist()) for z in (x, y) for n in range(len(x))]
    return sum(len(a & b) for a, b in zip(far[: len(x)], far[len(x) :], strict=True)) / (k * len(x))


def _folded(seed):
    """A map that keeps two of the three axes of hidden points: nearly right."""
    x = normal(seed, 12, 3)
    return x, x[:, :2] * 5, 4


def known_share(student):
    """points on a circle, cut open and laid out on a line: only the points at the two ends lose a neighbour"""
    angle = torch.arange(8, dtype=torch.float64) * torch.pi / 4 + 0.01 * torch.arange(8) ** 2
    circle = torch.stack([angle.cos(), angle.sin()], dim=1)
    line = torch.stack([angle, torch.zeros(8).double()], dim=1)
    expect(student(circle, line, 2), torch.tensor(14 / 16).double(), "The share kept of a circle cut open")


def point_by_point(student):
    """the definition, point by point, on a hidden projection"""
    for seed in (71, 73):
        x, y, k = _folded(seed)
        kept = 0
        for n in range(len(x)):
            ranks = [sorted((float((z[n] - z[m]).norm()), m) for m in range(len(z)) if m != n)[:k] for z in (x, y)]
            kept += len({m for _, m in ranks[0]} & {m for _, m in ranks[1]})
        expect(student(x, y, k), torch.tensor(kept / (k * len(x))).double(), "The share kept on a hidden projection")


def turned_and_scaled(student):
    """a map that is the data, turned and enlarged, keeps everything"""
    y = normal(75, 9, 2)
    turned = 3 * torch.stack([-y[:, 1], y[:, 0]], dim=1)
    expect(student(y, turned, 3), torch.ones(()).double(), "The share kept on a map that is the data, turned,")


KEPT = Exercise(
    id="01.5",
    title="What the map has kept",
    task="Write neighbours_kept: the mean share of the k nearest neighbours in the data that are so on the map, too.",
    solution=neighbours_kept,
    cases=lambda: [_folded(71), _folded(73)],
    laws=(known_share, point_by_point, turned_and_scaled),
    shape=lambda x, y, k: (),
    hints=(
        "torch.cdist(x, x) gives all distances; infinity on its diagonal keeps a point from being its own neighbour.",
        "topk(k, largest=False).indices are the k nearest of every point. Do the same on the map.",
        "Of two sets of numbers, len(a & b) is how many they share. Divide by k, and average over the points.",
    ),
    wrong=(
        itself_counted,
        in_the_same_order,
        intersection_over_union,
        at_least_one,
        all_or_nothing,
        number_kept,
        share_lost,
        farthest,
    ),
)

EXERCISES = (GRADIENT, KEPT)
