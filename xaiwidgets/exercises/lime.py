"""Exercises of notebook 06, LIME. ``masks`` are (S, n): 1 where a segment is there, 0 where it is hidden."""

import torch

from .exercise import Exercise
from .laws import expect
from .nets import linear, mlp, normal

# --- 06.1 hide segments ---------------------------------------------------------------------------------------------


def hide(x, segments, masks, fill):
    """The picture with some of its segments hidden, once for each row of masks.

    x is a picture (C, H, W), segments its labels (H, W) from 0 to n - 1, masks (S, n) of ones (there)
    and zeros (hidden), fill a number. Returns a tensor (S, C, H, W).
    """
    there = masks[:, segments][:, None]  # (S, 1, H, W)
    return there * x + (1 - there) * fill


def hidden_ones_kept(x, segments, masks, fill):
    """You hide the segments that should stay: 1 in masks means there, 0 hidden."""
    return hide(x, segments, 1 - masks, fill)


def always_black(x, segments, masks, fill):
    """You multiply by the mask, which hides with zeros: put fill where the mask is zero."""
    return hide(x, segments, masks, 0)


def fill_added_everywhere(x, segments, masks, fill):
    """You add fill everywhere: only where a segment is hidden, (1 - there) * fill."""
    return hide(x, segments, masks, 0) + fill


def labels_off_by_one(x, segments, masks, fill):
    """Your labels are off by one: segment 0 belongs to column 0 of masks."""
    return hide(x, segments, masks.roll(1, 1), fill)


def first_channel_only(x, segments, masks, fill):
    """You hide the segments in the first channel only: all channels of a pixel go together."""
    changed = x.expand(len(masks), *x.shape).clone()
    changed[:, 0] = hide(x[:1], segments, masks, fill)[:, 0]
    return changed


def _parts():
    """A picture of 3 x 4 pixels in two channels, in three segments, and four masks."""
    segments = torch.tensor([[0, 0, 1, 1], [0, 2, 2, 1], [2, 2, 2, 1]])
    masks = torch.tensor([[1.0, 1, 1], [0, 1, 1], [1, 0, 0], [0, 0, 0]]).double()
    return normal(61, 2, 3, 4), segments, masks


def each_pixel_is_there_or_filled(student):
    """each pixel keeps its value where its segment is there, and is filled where it is not"""
    x, segments, masks = _parts()
    wanted = torch.full((4, 2, 3, 4), 0.7, dtype=torch.float64)
    for s, mask in enumerate(masks.bool().tolist()):
        for label, there in enumerate(mask):
            if there:
                wanted[s][:, segments == label] = x[:, segments == label]
    expect(student(x, segments, masks, 0.7), wanted, "In the hidden pictures, (sample, channel, row, column)")


HIDE = Exercise(
    id="06.1",
    title="Hide segments",
    task="Write hide: for each row of masks the picture, with fill where the segment's entry is 0.",
    solution=hide,
    cases=lambda: [(*_parts(), 0.7), (normal(62, 1, 3, 4), *_parts()[1:], -0.4)],
    laws=(each_pixel_is_there_or_filled,),
    shape=lambda x, segments, masks, fill: (len(masks), *x.shape),
    hints=(
        "First make a picture of each mask: which pixels are there? Labels can be used as an index.",
        "masks[:, segments] looks the entry of every pixel up: its shape is (S, H, W).",
        "It needs an axis for the channels, [:, None]. Then: there * x + (1 - there) * fill.",
    ),
    wrong=(hidden_ones_kept, always_black, fill_added_everywhere, labels_off_by_one, first_channel_only),
)

# --- 06.2 the kernel ------------------------------------------------------------------------------------------------


def sample_weights(masks, width):
    """What each sample counts: the kernel of its distance from the whole picture.

    masks is (S, n) of ones and zeros. d = 1 - cos(mask, ones) = 1 - sqrt(share of ones), and the
    weight is sqrt(exp(-d² / width²)). Returns a tensor (S,).
    """
    d = 1 - masks.mean(dim=1).sqrt()
    return (-(d**2) / width**2).exp().sqrt()


def share_without_root(masks, width):
    """Your distance is 1 - share: the cosine of a mask with ones is the square root of the share of ones."""
    return (-((1 - masks.mean(dim=1)) ** 2) / width**2).exp().sqrt()


def kernel_without_root(masks, width):
    """You leave out the last square root: the weight is sqrt(exp(...)), which is exp(-d² / (2 width²))."""
    return sample_weights(masks, width) ** 2


def distance_not_squared(masks, width):
    """You do not square the distance in the exponent."""
    return (-(1 - masks.mean(dim=1).sqrt()) / width**2).exp().sqrt()


def width_not_squared(masks, width):
    """You do not square the width in the exponent: distances are measured in widths."""
    return (-((1 - masks.mean(dim=1).sqrt()) ** 2) / width).exp().sqrt()


def the_distance_itself(masks, width):
    """You return the distance: far samples would count most. Put it into the kernel."""
    return 1 - masks.mean(dim=1).sqrt()


def similarity_as_distance(masks, width):
    """You use the cosine where the distance belongs, 1 - cosine: the whole picture is at distance 0 and counts 1."""
    return (-masks.mean(dim=1) / width**2).exp().sqrt()


def made_to_sum_to_one(masks, width):
    """You divide by the sum of the weights: leave them as they are, the whole picture counts 1."""
    return sample_weights(masks, width) / sample_weights(masks, width).sum()


def _some_masks():
    return (normal(63, 12, 8) > torch.linspace(-1, 1, 12)[:, None]).double()


def the_whole_picture_counts_one(student):
    """the picture with nothing hidden counts 1"""
    masks = torch.cat([torch.ones(1, 8, dtype=torch.float64), _some_masks()])
    expect(student(masks, 0.25)[:1], masks.new_ones(1), "The weight of the whole picture")


def weights_by_hand(student):
    """with a quarter of the segments left, d = 1/2, and the weight is exp(-1 / (8 width²))"""
    masks = torch.zeros(2, 8, dtype=torch.float64)
    masks[:, :2] = 1
    for width in (0.25, 0.5, 2.0):
        wanted = torch.full((2,), -1 / (8 * width**2), dtype=torch.float64).exp()
        expect(student(masks, width), wanted, f"With a quarter left and width {width}, the weight", 1e-6)


SAMPLE_WEIGHTS = Exercise(
    id="06.2",
    title="What a sample counts",
    task="Write sample_weights: sqrt(exp(-d² / width²)), with the distance d = 1 - sqrt(share of ones).",
    solution=sample_weights,
    cases=lambda: [(_some_masks(), 0.25), (_some_masks(), 1.5)],
    laws=(the_whole_picture_counts_one, weights_by_hand),
    shape=lambda masks, width: (len(masks),),
    hints=(
        "Two steps, one line each: the distance, and the kernel of the distance.",
        "The share of ones of a row is its mean. Its square root is the cosine of the row with a row of ones.",
        "d = 1 - masks.mean(dim=1).sqrt(); then (-(d**2) / width**2).exp().sqrt().",
    ),
    wrong=(
        share_without_root,
        kernel_without_root,
        distance_not_squared,
        width_not_squared,
        the_distance_itself,
        similarity_as_distance,
        made_to_sum_to_one,
    ),
)

# --- 06.3 the fit ---------------------------------------------------------------------------------------------------


def fit(masks, scores, weights, penalty):
    """The weights of the surrogate: weighted ridge regression with a free intercept.

    masks is (S, n), scores (S,), weights (S,) says what each sample counts. Minimises
    sum(weights * (scores - b - masks @ beta)**2) + penalty * sum(beta**2). Returns beta, a tensor (n,).
    """
    share = weights / weights.sum()
    Z, y = masks - share @ masks, scores - share @ scores  # less their weighted means: the intercept is gone
    products = (Z.T * weights) @ Z + penalty * torch.eye(masks.shape[1], dtype=masks.dtype)
    return torch.linalg.solve(products, (Z.T * weights) @ y)


def without_intercept(masks, scores, weights, penalty):
    """You fit no intercept: the plane is forced through zero. Subtract the weighted means first, or add a column."""
    products = (masks.T * weights) @ masks + penalty * torch.eye(masks.shape[1], dtype=masks.dtype)
    return torch.linalg.solve(products, (masks.T * weights) @ scores)


def intercept_penalised(masks, scores, weights, penalty):
    """You penalise the intercept, too: the entry of its column in the penalty has to be zero."""
    Z = torch.cat([masks, masks.new_ones(len(masks), 1)], dim=1)
    return without_intercept(Z, scores, weights, penalty)[:-1]


def all_count_the_same(masks, scores, weights, penalty):
    """You do not use weights: near samples should count more than far ones."""
    return fit(masks, scores, torch.ones_like(weights), penalty)


def weights_twice(masks, scores, weights, penalty):
    """Your samples count weights²: multiply one of the two factors by weights, or both by their root."""
    return fit(masks, scores, weights**2, penalty)


def no_penalty(masks, scores, weights, penalty):
    """You leave the penalty out: add penalty to the diagonal of the matrix."""
    return fit(masks, scores, weights, 1e-12)


def penalty_on_every_entry(masks, scores, weights, penalty):
    """You add the penalty to every entry of the matrix: only to its diagonal, penalty * torch.eye(n)."""
    share = weights / weights.sum()
    Z, y = masks - share @ masks, scores - share @ scores
    return torch.linalg.solve((Z.T * weights) @ Z + penalty, (Z.T * weights) @ y)


def plain_means(masks, scores, weights, penalty):
    """You subtract plain means: the intercept of a weighted fit needs the weighted ones."""
    Z, y = masks - masks.mean(dim=0), scores - scores.mean()
    products = (Z.T * weights) @ Z + penalty * torch.eye(masks.shape[1], dtype=masks.dtype)
    return torch.linalg.solve(products, (Z.T * weights) @ y)


def penalty_times_samples(masks, scores, weights, penalty):
    """Your penalty grows with the number of samples: you averaged the errors. The task adds them up."""
    return fit(masks, scores, weights, penalty * len(masks))


def _samples(seed):
    """Masks (30, 5), scores that are not quite linear in them, and what each counts."""
    masks = (normal(seed, 30, 5) > 0).double()
    scores = masks @ normal(seed + 1, 5) + 2 + 0.5 * masks[:, 0] * masks[:, 1]
    return masks, scores, normal(seed + 2, 30).abs() + 0.05


def exact_where_the_model_is_linear(student):
    """with no penalty to speak of, a linear model gets its own weights back, whatever its constant"""
    masks, _, weights = _samples(71)
    wanted = normal(75, 5)
    for constant in (0.0, 3.0):
        found = student(masks, masks @ wanted + constant, weights, 1e-9)
        expect(found, wanted, f"For a linear model with the constant {constant:g}, the weights")


def optimum(student):
    """at the result, the loss is flat: no small change of a weight makes it smaller"""
    for seed, penalty in ((71, 1.0), (81, 5.0)):
        masks, scores, weights = _samples(seed)
        expect(student(masks, scores, weights, penalty), fit(masks, scores, weights, penalty), "The weights", 1e-6)


FIT = Exercise(
    id="06.3",
    title="The weighted ridge fit",
    task="Write fit: the weights of a linear surrogate, by weighted ridge regression whose intercept is free.",
    solution=fit,
    cases=lambda: [(*_samples(71), 2.0), (*_samples(81), 0.5)],
    laws=(exact_where_the_model_is_linear, optimum),
    shape=lambda masks, scores, weights, penalty: (masks.shape[1],),
    hints=(
        "Get rid of the intercept first: subtract from masks and scores their means, weighted like the samples.",
        "Then it is ridge regression: (Z' W Z + penalty I) beta = Z' W y, with W the weights on a diagonal.",
        "(Z.T * weights) is Z' W. torch.linalg.solve(A, b) solves A beta = b; torch.eye(n) is I.",
    ),
    wrong=(
        without_intercept,
        intercept_penalised,
        all_count_the_same,
        weights_twice,
        no_penalty,
        penalty_on_every_entry,
        plain_means,
        penalty_times_samples,
    ),
)

# --- 06.4 fidelity --------------------------------------------------------------------------------------------------


def fidelity(scores, predicted, weights):
    """The weighted R²: how much of the scores' variation the surrogate predicts.

    1 - sum(weights * (scores - predicted)**2) / sum(weights * (scores - m)**2), where m is the weighted
    mean of the scores. scores, predicted and weights are (S,). Returns one number.
    """
    m = (weights * scores).sum() / weights.sum()
    return 1 - (weights * (scores - predicted) ** 2).sum() / (weights * (scores - m) ** 2).sum()


def fidelity_without_weights(scores, predicted, weights):
    """You do not use weights: what the surrogate says far away should count less."""
    return fidelity(scores, predicted, torch.ones_like(weights))


def share_left(scores, predicted, weights):
    """You return the share that is not predicted: subtract it from 1."""
    return 1 - fidelity(scores, predicted, weights)


def plain_mean(scores, predicted, weights):
    """Your mean of the scores is not weighted, the errors are: use sum(weights * scores) / sum(weights)."""
    return 1 - (weights * (scores - predicted) ** 2).sum() / (weights * (scores - scores.mean()) ** 2).sum()


def no_mean(scores, predicted, weights):
    """You divide by the squares of the scores: subtract their weighted mean first, or any constant is a success."""
    return 1 - (weights * (scores - predicted) ** 2).sum() / (weights * scores**2).sum()


def correlation_squared(scores, predicted, weights):
    """You return a squared correlation: it is blind to a wrong scale and a wrong constant, R² is not."""
    share = weights / weights.sum()
    a, b = scores - share @ scores, predicted - share @ predicted
    return (share @ (a * b)) ** 2 / ((share @ a**2) * (share @ b**2))


def mean_error(scores, predicted, weights):
    """You return the mean squared error: compare it with the variance of the scores, 1 - error / variance."""
    return (weights * (scores - predicted) ** 2).sum() / weights.sum()


def cut_at_zero(scores, predicted, weights):
    """You cut negative values at zero: a surrogate that is worse than a constant should show it."""
    return fidelity(scores, predicted, weights).clamp(min=0)


def _predictions(seed, error=0.4):
    scores, weights = normal(seed, 20) + 2, normal(seed + 1, 20).abs() + 0.05
    return scores, scores + error * normal(seed + 2, 20) + error / 2, weights


def perfect_is_one_constant_is_zero(student):
    """a perfect surrogate has 1, the weighted mean of the scores has 0, and a worse one less"""
    scores, _, weights = _predictions(85)
    m = ((weights * scores).sum() / weights.sum()).expand(20)
    spread = (weights * (scores - m) ** 2).sum() / weights.sum()
    for name, predicted, wanted in (
        ("a perfect surrogate", scores, 1.0),
        ("the weighted mean", m, 0.0),
        ("a constant two deviations off", m + 2 * spread.sqrt(), -4.0),
    ):
        expect(student(scores, predicted, weights), torch.tensor(wanted).double(), f"The fidelity of {name}")


def weighted_like_the_fit(student):
    """a sample that counts nothing changes nothing"""
    scores, predicted, weights = _predictions(88)
    more = [torch.cat([values, torch.tensor([extra]).double()]) for values, extra in ((scores, 50), (predicted, -9))]
    wanted = fidelity(scores, predicted, weights)
    found = student(*more, torch.cat([weights, torch.zeros(1).double()]))
    expect(found, wanted, "The fidelity with one more sample of weight 0")


FIDELITY = Exercise(
    id="06.4",
    title="Fidelity",
    task="Write fidelity: the weighted R² of a surrogate's predictions.",
    solution=fidelity,
    cases=lambda: [_predictions(85), _predictions(88, 2.0)],
    laws=(perfect_is_one_constant_is_zero, weighted_like_the_fit),
    shape=lambda scores, predicted, weights: (),
    hints=(
        "Compare two errors: the surrogate's, and that of the best constant.",
        "The best constant for weighted errors is the weighted mean, sum(weights * scores) / sum(weights).",
        "1 - (weights * (scores - predicted) ** 2).sum() / (weights * (scores - m) ** 2).sum()",
    ),
    wrong=(
        fidelity_without_weights,
        share_left,
        plain_mean,
        no_mean,
        correlation_squared,
        mean_error,
        cut_at_zero,
    ),
)

# --- 06.5 noise on every input --------------------------------------------------------------------------------------


def noise_slopes(f, x, c, noise, epsilon):
    """The slopes of a linear fit to the score of class c at x + epsilon * noise.

    f gives scores (N, K); x is one input (D,), c a class index, noise (S, D) with S > D. Fits
    score = b + (epsilon * noise) @ w by least squares. Returns w, a tensor (D,).
    """
    scores = f(x + epsilon * noise)[:, c]
    columns = torch.cat([epsilon * noise, torch.ones_like(noise[:, :1])], dim=1)
    return torch.linalg.lstsq(columns, scores[:, None]).solution[:-1, 0]


def slopes_of_unit_noise(f, x, c, noise, epsilon):
    """You fit to noise instead of epsilon * noise: your weights are slopes times epsilon and vanish with it."""
    return noise_slopes(f, x, c, noise, epsilon) * epsilon


def no_epsilon_in_the_input(f, x, c, noise, epsilon):
    """You ask the model at x + noise: the amplitude epsilon is missing there."""
    return noise_slopes(f, x, c, noise, 1.0) / epsilon


def no_epsilon_at_all(f, x, c, noise, epsilon):
    """You never use epsilon: ask at x + epsilon * noise, and fit to epsilon * noise."""
    return noise_slopes(f, x, c, noise, 1.0)


def through_zero(f, x, c, noise, epsilon):
    """Your fit has no constant: a score of 17 at x itself has to go somewhere. Add a column of ones."""
    scores = f(x + epsilon * noise)[:, c]
    return torch.linalg.lstsq(epsilon * noise, scores[:, None]).solution[:, 0]


def mean_product(f, x, c, noise, epsilon):
    """You average score times noise: a fit only if the columns of noise are orthogonal. Solve least squares."""
    scores = f(x + epsilon * noise)[:, c]
    return (noise * (scores - scores.mean())[:, None]).mean(dim=0) / epsilon


def noise_alone(f, x, c, noise, epsilon):
    """You ask the model about the noise alone: add it to x, the neighbourhood is that of x."""
    return noise_slopes(f, torch.zeros_like(x), c, noise, epsilon)


def all_classes(f, x, c, noise, epsilon):
    """You add up the scores of all classes: choose column c."""
    return noise_slopes(lambda z: f(z).sum(dim=1, keepdim=True), x, 0, noise, epsilon)


def slopes_of_a_linear_model(student):
    """a linear model has its own weights as slopes, for every epsilon"""
    model = linear(91)
    for epsilon in (0.01, 2.0):
        found = student(model, normal(92, 6), 2, normal(93, 40, 6), epsilon)
        expect(found, model.weight[2], f"The slopes of a linear model, with epsilon {epsilon:g},")


def gradient_for_a_small_epsilon(student):
    """as epsilon becomes small, the slopes of a hidden net become its gradient"""
    for seed in (95, 97):
        model, x = mlp(seed), normal(seed + 1, 6)
        z = x.clone().requires_grad_()
        (wanted,) = torch.autograd.grad(model(z[None])[0, 1], z)
        found = student(model, x, 1, normal(seed + 2, 40, 6), 1e-6)
        expect(found, wanted, "The slopes of a hidden net with epsilon 0.000001", 1e-3)


NOISE_SLOPES = Exercise(
    id="06.5",
    title="Noise on every pixel",
    task="Write noise_slopes: perturb x by epsilon * noise, and fit the scores by least squares with a constant.",
    solution=noise_slopes,
    cases=lambda: [
        (mlp(95), normal(96, 6), 1, normal(97, 40, 6), 0.1),
        (linear(91), normal(92, 6), 2, normal(93, 40, 6), 0.5),
    ],
    laws=(slopes_of_a_linear_model, gradient_for_a_small_epsilon),
    shape=lambda f, x, c, noise, epsilon: x.shape,
    hints=(
        "Ask the model at all the noisy inputs at once: f(x + epsilon * noise) gives (S, K).",
        "The regressors are epsilon * noise, and a column of ones for the constant.",
        "torch.linalg.lstsq(columns, scores[:, None]).solution has D + 1 rows; the last belongs to the constant.",
    ),
    wrong=(
        slopes_of_unit_noise,
        no_epsilon_in_the_input,
        no_epsilon_at_all,
        through_zero,
        mean_product,
        noise_alone,
        all_classes,
    ),
)

EXERCISES = (HIDE, SAMPLE_WEIGHTS, FIT, FIDELITY, NOISE_SLOPES)
