"""Exercises of notebook 01, Embeddings: p among the data and q on the map. The descent is in :mod:`.tsne_map`."""

import torch

from .exercise import Exercise
from .laws import expect
from .nets import normal

# --- 01.1 the sigma of one point ------------------------------------------------------------------------------------


def sigma_of(d2, perplexity):
    """The sigma at which the neighbours of one point have the given perplexity.

    d2 (n,) are the squared distances of the point to the n others. p_j = exp(-d2_j / 2 sigma²), divided by the sum
    over all j; the perplexity of p is 2 to the power of its entropy -sum p_j log2 p_j. Returns one number.
    """
    low, high = 0.0, 1e3 * float(d2.max()) ** 0.5
    for _ in range(60):
        sigma = (low + high) / 2
        p = torch.softmax(-d2 / (2 * sigma**2), dim=0)  # softmax subtracts the maximum first: never 0 / 0
        reached = 2 ** -(p * torch.log2(p.clamp(min=1e-300))).sum()
        low, high = (sigma, high) if reached < perplexity else (low, sigma)
    return sigma


def _reached(exponents):
    """The perplexity of the shares exp(exponents), divided by their sum."""
    p = torch.softmax(exponents, dim=0)
    return 2 ** -(p * p.clamp(min=1e-300).log2()).sum()


def _bisect(reached, perplexity, high):
    low = 0.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if reached(middle) < perplexity else (low, middle)
    return middle


def entropy_in_nats(d2, perplexity):
    """You mix the bases: 2 ** H needs the entropy in bits, with log2. (With the natural logarithm it is exp(H).)"""
    return sigma_of(d2, 2 ** (torch.log2(torch.tensor(perplexity)) / torch.log(torch.tensor(2.0))).item())


def variance_instead(d2, perplexity):
    """You return the variance, sigma squared: take its square root."""
    return sigma_of(d2, perplexity) ** 2


def precision_instead(d2, perplexity):
    """You return 1 / (2 sigma²), by which the squared distances are multiplied. Turn it into sigma."""
    return 1 / (2 * sigma_of(d2, perplexity) ** 2)


def without_the_two(d2, perplexity):
    """You divide by sigma² only: the Gaussian has exp(-d2 / (2 sigma²))."""
    return sigma_of(d2, perplexity) * 2**0.5


def roots_of_the_distances(d2, perplexity):
    """You use the distances where their squares belong: d2 is squared already, take no root."""
    return _bisect(lambda sigma: _reached(-d2.sqrt() / (2 * sigma**2)), perplexity, 1e3 * float(d2.max()))


def squared_twice(d2, perplexity):
    """You square the distances once more: d2 holds squares already."""
    return sigma_of(d2**2, perplexity)


def not_divided_by_the_sum(d2, perplexity):
    """You take the entropy of numbers that do not sum to 1: divide exp(-d2 / 2 sigma²) by its sum first."""

    def reached(sigma):
        p = torch.exp(-d2 / (2 * sigma**2)).clamp(min=1e-300)
        return 2 ** -(p * p.log2()).sum()

    return _bisect(reached, perplexity, 1e3 * float(d2.max()) ** 0.5)


def bracket_of_fixed_size(d2, perplexity):
    """You search between 0 and 10, whatever the units of the data: make the upper end grow with the distances."""
    return _bisect(lambda sigma: _reached(-d2 / (2 * sigma**2)), perplexity, 10.0)


def zero_by_zero_far_away(d2, perplexity):
    """Right near the crowd, wrong for a point far away: there exp gives 0 for all, and 0 / 0. Subtract d2.min()."""

    def reached(sigma):
        e = torch.exp(-d2 / (2 * sigma**2))
        p = e / e.sum()
        return 2 ** -(p * p.clamp(min=1e-300).log2()).sum()

    return _bisect(reached, perplexity, 1e3 * float(d2.max()) ** 0.5)


def _one_point(seed, away=0.0, unit=1.0):
    """Squared distances of a point to 30 others; ``away``: how far it stands from their middle."""
    others = normal(seed, 30, 4)
    others[:, 0] += away
    return (unit * others).square().sum(dim=1)


def perplexity_is_reached(student):
    """with your sigma, the neighbours of hidden points have the perplexity that was asked for"""
    for seed, perplexity in ((31, 3.0), (33, 8.0), (35, 20.0)):
        d2 = _one_point(seed)
        found = _reached(-d2 / (2 * student(d2, perplexity) ** 2))
        expect(found, torch.tensor(perplexity).double(), "The perplexity with your sigma", tolerance=1e-3)


def unit_of_the_data(student):
    """distances 1000 times as large have a sigma 1000 times as large"""
    small, large = student(_one_point(37), 6.0), student(_one_point(37, unit=1000.0), 6.0)
    expect(large, 1000 * small, "With all distances 1000 times as large, sigma", tolerance=1e-3)


def far_from_the_others(student):
    """a point far from all others reaches its perplexity, too"""
    d2 = _one_point(39, away=1e4)
    found = _reached(-d2 / (2 * student(d2, 5.0) ** 2))
    expect(found, torch.tensor(5.0).double(), "The perplexity of a point far from all others", tolerance=1e-3)


SIGMA = Exercise(
    id="01.1",
    title="The sigma of one point",
    task="Write sigma_of: look by bisection for the sigma at which the point's neighbours have the given perplexity.",
    solution=sigma_of,
    cases=lambda: [
        (_one_point(31), 3.0),
        (_one_point(37, unit=1000.0), 6.0),
        (_one_point(39, away=1e4), 5.0),
    ],
    laws=(perplexity_is_reached, unit_of_the_data, far_from_the_others),
    shape=lambda d2, perplexity: (),
    hints=(
        "A larger sigma gives more neighbours a share: the perplexity rises with sigma. Write it as a function first.",
        "Keep two ends, low and high. Perplexity too small in the middle? Then low = middle, else high = middle.",
        "torch.softmax(-d2 / (2 * sigma**2), dim=0) is p, also where exp alone would give 0 for every neighbour.",
    ),
    wrong=(
        entropy_in_nats,
        variance_instead,
        precision_instead,
        without_the_two,
        roots_of_the_distances,
        squared_twice,
        not_divided_by_the_sum,
        bracket_of_fixed_size,
        zero_by_zero_far_away,
    ),
    tolerance=1e-3,
)

# --- 01.2 joint affinities ------------------------------------------------------------------------------------------


def joint_affinities(d2, sigma):
    """The affinities p_ij of all pairs of points: how likely is it to pick this pair?

    d2 (N, N) are squared distances, sigma (N,) belongs to each point i. p_j|i = exp(-d2_ij / 2 sigma_i²), divided by
    its sum over all j other than i; p_ij = (p_j|i + p_i|j) / 2N. Returns (N, N), zero on the diagonal.
    """
    e = torch.exp(-d2 / (2 * sigma[:, None] ** 2)).fill_diagonal_(0)
    conditional = e / e.sum(dim=1, keepdim=True)
    return (conditional + conditional.T) / (2 * len(d2))


def _bells(d2, sigma):
    return torch.exp(-d2 / (2 * sigma[:, None] ** 2)).fill_diagonal_(0)


def _joint(e):
    conditional = e / e.sum(dim=1, keepdim=True)
    return (conditional + conditional.T) / (2 * len(e))


def sigma_of_the_other_point(d2, sigma):
    """Rows and columns are mixed up: row i has its own sigma, sigma[:, None], and is divided by its own sum, dim=1."""
    return _joint(torch.exp(-d2 / (2 * sigma**2)).fill_diagonal_(0))


def itself_as_neighbour(d2, sigma):
    """You count each point as its own nearest neighbour: set the diagonal to 0 before you divide by the sum."""
    return _joint(torch.exp(-d2 / (2 * sigma[:, None] ** 2)))


def one_direction_only(d2, sigma):
    """Your result is not symmetric: p_j|i and p_i|j differ. Add the transposed matrix, and divide by 2N."""
    e = _bells(d2, sigma)
    return e / e.sum(dim=1, keepdim=True) / len(d2)


def sums_to_two(d2, sigma):
    """Your matrix sums to 2: p_j|i and p_i|j are two numbers, divide their sum by 2N."""
    return 2 * joint_affinities(d2, sigma)


def each_row_a_distribution(d2, sigma):
    """Your matrix sums to N: p_ij is one distribution over all pairs, divide by 2N and not by 2."""
    return len(d2) * joint_affinities(d2, sigma)


def one_sigma_for_all(d2, sigma):
    """You use one sigma for all points, as the slide does: each point has its own."""
    return _joint(_bells(d2, sigma.mean().expand(len(d2))))


def all_pairs_at_once(d2, sigma):
    """You divide once, by the sum over all pairs: a point far away then has no share. First divide each row."""
    e = _bells(d2, sigma)
    return (e + e.T) / (2 * e.sum())


def product_of_both(d2, sigma):
    """You multiply p_j|i by p_i|j: add them."""
    e = _bells(d2, sigma)
    conditional = e / e.sum(dim=1, keepdim=True)
    return conditional * conditional.T / (conditional * conditional.T).sum()


def _six_points(seed):
    """Squared distances of six points, one of them far from the others, and a sigma for each."""
    points = normal(seed, 6, 3)
    points[5, 0] += 6
    return torch.cdist(points, points).square(), torch.tensor([0.6, 0.9, 1.4, 1.1, 0.7, 2.5], dtype=torch.float64)


def pair_by_pair(student):
    """the formula, pair by pair, on hidden points"""
    d2, sigma = _six_points(41)
    shares = torch.zeros(6, 6, dtype=torch.float64)
    for i in range(6):
        near = [torch.exp(-d2[i, j] / (2 * sigma[i] ** 2)) if j != i else 0 for j in range(6)]
        shares[i] = torch.tensor([float(each / sum(near)) for each in near])
    wanted = torch.tensor([[float(shares[i, j] + shares[j, i]) / 12 for j in range(6)] for i in range(6)]).double()
    expect(6 * student(d2, sigma), 6 * wanted, "6 times the affinity of a hidden pair")


def one_distribution(student):
    """all affinities together sum to 1"""
    expect(student(*_six_points(43)).sum(), torch.ones(()).double(), "The sum over all pairs")


def no_point_is_lost(student):
    """every point has at least a share of 1/2N, also the one far from the others"""
    rows = 12 * student(*_six_points(45)).sum(dim=1)
    expect(rows, rows.clamp(min=1), "2N times the sum of a row, for a point far away as for the others,")


JOINT = Exercise(
    id="01.2",
    title="Joint affinities",
    task="Write joint_affinities: a Gaussian around each point, shared out among its neighbours, then made symmetric.",
    solution=joint_affinities,
    cases=lambda: [_six_points(41), _six_points(47)],
    laws=(pair_by_pair, one_distribution, no_point_is_lost),
    shape=lambda d2, sigma: tuple(d2.shape),
    hints=(
        "Three steps: a bell around each point, each row divided by its sum, both directions added.",
        "sigma[:, None] is a column, so that row i gets sigma_i. No point is its own neighbour: .fill_diagonal_(0).",
        "With rows that sum to 1, (conditional + conditional.T) sums to 2N over all pairs.",
    ),
    wrong=(
        sigma_of_the_other_point,
        itself_as_neighbour,
        one_direction_only,
        sums_to_two,
        each_row_a_distribution,
        one_sigma_for_all,
        all_pairs_at_once,
        product_of_both,
    ),
)

# --- 01.3 similarities on the map -----------------------------------------------------------------------------------


def similarities(y):
    """The similarities q_ij of all pairs of points on the map, by the Cauchy distribution.

    y is (N, 2). q_ij = (1 + ‖y_i - y_j‖²)⁻¹, divided by the sum of this over all pairs k other than l.
    Returns (N, N), zero on the diagonal.
    """
    d2 = (y[:, None] - y).square().sum(dim=2)
    near = (1 / (1 + d2)).fill_diagonal_(0)
    return near / near.sum()


def _squares(y):
    return (y[:, None] - y).square().sum(dim=2)


def _over_all_pairs(near):
    near = near.clone().fill_diagonal_(0)
    return near / near.sum()


def the_slides_sign(y):
    """You write 1 - ‖y_i - y_j‖², as the slide does: beyond a distance of 1 that is negative. The sign is plus."""
    return _over_all_pairs(1 / (1 - _squares(y)))


def gaussian_on_the_map(y):
    """You use a Gaussian on the map: that is SNE. The t of t-SNE is the heavy tail, (1 + ‖y_i - y_j‖²)⁻¹."""
    return _over_all_pairs(torch.exp(-_squares(y)))


def gaussian_with_a_half(y):
    """You use exp(-d² / 2) on the map, a Gaussian as among the data. t-SNE has (1 + ‖y_i - y_j‖²)⁻¹ there."""
    return _over_all_pairs(torch.exp(-_squares(y) / 2))


def each_row_by_itself(y):
    """You divide each row by its own sum: q is one distribution over all pairs, divide by the sum of everything."""
    near = (1 / (1 + _squares(y))).fill_diagonal_(0)
    return near / near.sum(dim=1, keepdim=True)


def diagonal_counted(y):
    """Your diagonal is not zero: a point is at distance 0 from itself, which gives 1. Leave k = l out."""
    near = 1 / (1 + _squares(y))
    return near / near.sum()


def diagonal_cleared_too_late(y):
    """You set the diagonal to 0 after you divide: its N ones are in the sum. Do it before."""
    return diagonal_counted(y).fill_diagonal_(0)


def not_squared(y):
    """You use the distance: the Cauchy distribution has its square."""
    return _over_all_pairs(1 / (1 + torch.cdist(y, y)))


def not_inverted(y):
    """You forgot the power of -1: your similarity grows with the distance."""
    return _over_all_pairs(1 + _squares(y))


def no_division(y):
    """Your similarities do not sum to 1: divide by the sum over all pairs."""
    return (1 / (1 + _squares(y))).fill_diagonal_(0)


def q_pair_by_pair(student):
    """the formula, pair by pair, on hidden maps"""
    for seed in (51, 53):
        y = 2 * normal(seed, 5, 2)
        near = [
            [
                0 if i == j else 1 / (1 + sum((a - b) ** 2 for a, b in zip(u, v, strict=True)))
                for j, v in enumerate(y.tolist())
            ]
            for i, u in enumerate(y.tolist())
        ]
        wanted = torch.tensor(near, dtype=torch.float64) / sum(map(sum, near))
        expect(5 * student(y), 5 * wanted, "5 times the similarity of a pair on a hidden map")


def heavy_tail(student):
    """pairs 1, 2 and 3 apart on a line have the right ratios: 1/2, 1/5 and 1/10"""
    found = student(torch.tensor([[0.0, 0], [1, 0], [3, 0]], dtype=torch.float64))
    ratios = torch.stack([found[0, 1], found[1, 2], found[0, 2]]) / found[0, 1]
    expect(ratios, torch.tensor([1, 0.4, 0.2], dtype=torch.float64), "q divided by that of the pair 1 apart")


def no_pair_is_negative(student):
    """q is a distribution over pairs: nothing is negative, the diagonal is zero, all sum to 1"""
    y = normal(55, 6, 2)
    q = student(y)
    expect(q.clamp(min=0) - q, torch.zeros_like(q), "By how much a q is below zero")
    expect(q.diagonal(), torch.zeros(6).double(), "The diagonal")
    expect(q.sum(), torch.ones(()).double(), "The sum over all pairs")


SIMILARITIES = Exercise(
    id="01.3",
    title="Similarities on the map",
    task="Write similarities: (1 + d²)⁻¹ for each pair, divided by its sum over all pairs k other than l.",
    solution=similarities,
    cases=lambda: [(2 * normal(51, 5, 2),), (normal(55, 6, 2),)],
    laws=(q_pair_by_pair, heavy_tail, no_pair_is_negative),
    shape=lambda y: (len(y), len(y)),
    hints=(
        "All differences at once: y[:, None] - y has the shape (N, N, 2).",
        "A pair of the same point is no pair: put 0 on the diagonal before you divide (fill_diagonal_).",
        "One number divides everything, the sum of the whole matrix; not one for each row.",
    ),
    wrong=(
        the_slides_sign,
        gaussian_on_the_map,
        gaussian_with_a_half,
        each_row_by_itself,
        diagonal_counted,
        diagonal_cleared_too_late,
        not_squared,
        not_inverted,
        no_division,
    ),
)

EXERCISES = (SIGMA, JOINT, SIMILARITIES)
