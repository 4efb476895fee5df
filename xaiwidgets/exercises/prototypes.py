"""Exercises of notebook 03, Activation maximization. Nets give scores (N, K) for pictures (N, ...)."""

import torch
from torch import nn

from .exercise import Exercise
from .laws import expect
from .nets import convnet, linear, mlp, normal

# --- 03.1 gradient ascent -------------------------------------------------------------------------------------------


def ascend(f, x, classes, rate, steps):
    """Climb: add rate times the gradient of the score of its own class to each input, steps times.

    f gives scores (N, K) for x (N, ...); classes is a tensor (N,), the class that each input shall show.
    Returns a tensor of x's shape.
    """
    for _ in range(steps):
        x = x.detach().clone().requires_grad_()
        score = f(x).gather(1, classes[:, None]).sum()  # one score of each input: they do not mix
        x = x + rate * torch.autograd.grad(score, x)[0]
    return x.detach()


def _climb(f, x, rate, steps, score):
    """As `ascend`, with another score: of scores (N, K), one number."""
    for _ in range(steps):
        x = x.detach().clone().requires_grad_()
        x = x + rate * torch.autograd.grad(score(f(x)), x)[0]
    return x.detach()


def the_slides_sign(f, x, classes, rate, steps):
    """You walk downhill, x - rate * gradient, as the slide has it: the score falls. Ascent adds the gradient."""
    return ascend(f, x, classes, -rate, steps)


def targets_mixed(f, x, classes, rate, steps):
    """Your inputs climb for the classes of the others, too: f(x)[:, classes] is (N, N). One score a row: gather."""
    return _climb(f, x, rate, steps, lambda scores: scores[:, classes].sum())


def first_class_for_all(f, x, classes, rate, steps):
    """Every input climbs for the class of the first: classes has one entry for each input."""
    return ascend(f, x, classes[:1].expand(len(x)), rate, steps)


def gradients_pile_up(f, x, classes, rate, steps):
    """Your gradients pile up from step to step: x.grad adds to what is there. Zero it, or use torch.autograd.grad."""
    x, piled = x.detach().clone(), torch.zeros_like(x)
    for _ in range(steps):
        piled = piled + ascend(f, x, classes, 1, 1) - x
        x = x + rate * piled
    return x


def gradient_taken_once(f, x, classes, rate, steps):
    """You take the gradient once, at the start: it changes on the way, so take it anew in each step."""
    return ascend(f, x, classes, rate * steps, 1)


def a_single_step(f, x, classes, rate, steps):
    """You take one step only: repeat it, steps times in all."""
    return ascend(f, x, classes, rate, 1)


def mean_over_the_batch(f, x, classes, rate, steps):
    """Your steps are shorter the more inputs there are: sum the scores before you differentiate, a mean divides."""
    return ascend(f, x, classes, rate / len(x), steps)


def probability_instead(f, x, classes, rate, steps):
    """You climb the softmax probability. Asked for is the score; a sure net's probability has hardly any slope left."""
    return _climb(f, x, rate, steps, lambda scores: scores.softmax(1).gather(1, classes[:, None]).sum())


def kept_between_zero_and_one(f, x, classes, rate, steps):
    """You clamp x to [0, 1]: pictures want that, but here x may be anything. Leave it free."""
    for _ in range(steps):
        x = ascend(f, x, classes, rate, 1).clamp(0, 1)
    return x


def _ascent_case(seed):
    return mlp(seed), normal(seed + 1, 3, 6), torch.tensor([2, 0, 3]), 0.1, 3


def a_linear_model(student):
    """on a linear model each input moves by steps times rate times the weights of its own class"""
    f, x, classes = linear(51), normal(52, 3, 6), torch.tensor([1, 3, 0])
    expect(student(f, x, classes, 0.3, 4), x + 4 * 0.3 * f.weight[classes], "On a hidden linear model, the result")


def step_by_step(student):
    """on a hidden net of ReLUs, three steps along slopes found by finite differences"""
    f, x, classes, rate, steps = _ascent_case(53)
    wanted, by = x.clone(), 1e-6
    for _ in range(steps):
        slopes = torch.zeros_like(wanted)
        for d in range(6):
            shift = by * torch.eye(6, dtype=x.dtype)[d]
            slopes[:, d] = (f(wanted + shift) - f(wanted - shift)).gather(1, classes[:, None])[:, 0] / (2 * by)
        wanted = wanted + rate * slopes
    expect(student(f, x, classes, rate, steps), wanted, "On a hidden net of ReLUs, the result of three steps")


ASCENT = Exercise(
    id="03.1",
    title="Gradient ascent",
    task="Write ascend: add rate times the gradient of the score of its own class to each input, steps times.",
    solution=ascend,
    cases=lambda: [_ascent_case(55), _ascent_case(57)],
    laws=(a_linear_model, step_by_step),
    shape=lambda f, x, classes, rate, steps: tuple(x.shape),
    hints=(
        "One step: make a copy of x that requires a gradient, compute one number, differentiate it, add.",
        "The number: f(x).gather(1, classes[:, None]).sum(). Each input has its own gradient in it.",
        "In the next step begin again with x.detach().clone().requires_grad_(), and use torch.autograd.grad.",
    ),
    wrong=(
        the_slides_sign,
        targets_mixed,
        first_class_for_all,
        gradients_pile_up,
        gradient_taken_once,
        a_single_step,
        mean_over_the_batch,
        probability_instead,
        kept_between_zero_and_one,
    ),
)

# --- 03.2 the prototype of a linear unit ----------------------------------------------------------------------------


def linear_prototype(w, decay):
    """Where w · x - decay · ‖x‖² is largest, in closed form.

    w is (D,), the weights of a linear unit; decay is a positive number. Returns a tensor (D,).
    """
    return w / (2 * decay)


def two_forgotten(w, decay):
    """The slope of ‖x‖² is 2 x: yours is twice too long."""
    return w / decay


def no_decay(w, decay):
    """These are the weights: the prototype points their way, but decay says how long it is."""
    return w.clone()


def multiplied_by_decay(w, decay):
    """You multiply by decay: a stronger penalty has to make the prototype shorter."""
    return 2 * decay * w


def downhill(w, decay):
    """Your prototype points away from w: that makes the unit's value as low as it can be."""
    return -w / (2 * decay)


def unit_length(w, decay):
    """You give w the length 1: the penalty is soft, the length follows from decay and from the length of w."""
    return w / w.norm()


def slope_is_zero(student):
    """on hidden units the slope of w · x - decay · ‖x‖² is zero there"""
    for seed, decay in ((61, 0.2), (63, 3.0)):
        w = normal(seed, 5)
        x = student(w, decay)
        expect(w - 2 * decay * x, torch.zeros_like(w), "The slope at your result")


def none_is_better(student):
    """none of 200 hidden points near it is better"""
    w, decay = normal(65, 4), 0.7
    x = student(w, decay)
    around = x + 0.3 * normal(66, 200, 4)
    gain = (around @ w - decay * around.square().sum(1)) - (x @ w - decay * x.square().sum())
    zero = torch.zeros((), dtype=torch.float64)
    expect(gain.max().clamp(min=0), zero, "The gain of a step to the best of 200 points near your result")


LINEAR = Exercise(
    id="03.2",
    title="The prototype of a linear unit",
    task="Write linear_prototype: the x where w · x - decay · ‖x‖² is largest, without any loop.",
    solution=linear_prototype,
    cases=lambda: [(normal(67, 5), 0.4), (normal(68, 3), 2.5)],
    laws=(slope_is_zero, none_is_better),
    shape=lambda w, decay: tuple(w.shape),
    hints=(
        "At the top of a hill the slope is zero. What is the slope of w · x, what of ‖x‖² = x · x?",
        "w - decay · 2 x = 0. Solve for x.",
    ),
    wrong=(two_forgotten, no_decay, multiplied_by_decay, downhill, unit_length),
)

# --- 03.3 with a Gaussian expert ------------------------------------------------------------------------------------


def expert_prototype(w, mean, covariance, weight):
    """Where w · x + weight · log p(x) is largest, with the Gaussian p of this mean and covariance.

    log p(x) = -1/2 (x - mean) · covariance⁻¹ (x - mean) + a constant. w and mean are (D,), covariance (D, D);
    weight is a positive number. Returns a tensor (D,).
    """
    return mean + covariance @ w / weight


def without_the_mean(w, mean, covariance, weight):
    """Your result starts from zero: the expert likes its mean best, so start there."""
    return covariance @ w / weight


def precision_instead(w, mean, covariance, weight):
    """You multiply by the inverse of the covariance: that moves most where data never vary. Solve again."""
    return mean + torch.linalg.solve(covariance, w) / weight


def only_along_w(w, mean, covariance, weight):
    """You step along w as if all pixels were independent: the covariance bends the step to where the data vary."""
    return mean + w / weight


def variances_only(w, mean, covariance, weight):
    """You use the variances only: pixels vary together, and the whole covariance says how."""
    return mean + covariance.diagonal() * w / weight


def half_the_step(w, mean, covariance, weight):
    """You divide by 2: the one half in log p has met the 2 of the square's slope already."""
    return mean + covariance @ w / (2 * weight)


def times_the_weight(w, mean, covariance, weight):
    """You multiply by weight: the more the expert counts, the nearer to its mean."""
    return mean + covariance @ w * weight


def _gaussian_case(seed, weight):
    root = normal(seed, 4, 4)
    return normal(seed + 1, 4), normal(seed + 2, 4), root @ root.T + 0.5 * torch.eye(4, dtype=torch.float64), weight


def _goal(w, mean, covariance, weight, x):
    """w · x + weight · log p(x) without the constant, for x (N, D)."""
    off = x - mean
    return x @ w - weight / 2 * (off * torch.linalg.solve(covariance, off.T).T).sum(1)


def no_point_is_better(student):
    """on hidden Gaussians, none of 200 points near it is better"""
    for seed, weight in ((71, 0.5), (74, 2.0)):
        case = _gaussian_case(seed, weight)
        x = student(*case)
        gain = _goal(*case, x + 0.3 * normal(seed + 9, 200, 4)) - _goal(*case, x[None])
        zero = torch.zeros((), dtype=torch.float64)
        expect(gain.max().clamp(min=0), zero, "The gain of a step to the best of 200 points near your result")


def a_slow_climb_ends_there(student):
    """gradient ascent from the mean ends there"""
    w, mean, covariance, weight = _gaussian_case(77, 1.5)
    x = mean.clone()
    for _ in range(400):  # steps scaled by the covariance: the same top, reached sooner
        x = x + 0.1 * covariance @ (w - weight * torch.linalg.solve(covariance, x - mean))
    expect(student(w, mean, covariance, weight), x, "The end of a slow climb, compared with your result,")


EXPERT = Exercise(
    id="03.3",
    title="The prototype with a Gaussian expert",
    task="Write expert_prototype: the x where w · x + weight · log p(x) is largest, p a Gaussian.",
    solution=expert_prototype,
    cases=lambda: [_gaussian_case(81, 0.4), _gaussian_case(85, 3.0)],
    laws=(no_point_is_better, a_slow_climb_ends_there),
    shape=lambda w, mean, covariance, weight: tuple(w.shape),
    hints=(
        "Again the slope is zero at the top. The slope of log p is -covariance⁻¹ (x - mean).",
        "w = weight · covariance⁻¹ (x - mean). Multiply both sides by the covariance.",
    ),
    wrong=(
        without_the_mean,
        precision_instead,
        only_along_w,
        variances_only,
        half_the_step,
        times_the_weight,
    ),
)

# --- 03.4 total variation -------------------------------------------------------------------------------------------


def total_variation(x):
    """The sum of the absolute differences of all pixels that touch, side by side or one above the other.

    x is (N, C, H, W); channels never touch. Returns a tensor (N,).
    """
    across = (x[..., 1:] - x[..., :-1]).abs().sum(dim=(1, 2, 3))
    down = (x[..., 1:, :] - x[..., :-1, :]).abs().sum(dim=(1, 2, 3))
    return across + down


def squared_differences(x):
    """You square the differences: then one edge of height 1 costs more than ten small steps. Take absolute values."""
    return (x[..., 1:] - x[..., :-1]).square().sum((1, 2, 3)) + x.diff(dim=2).square().sum((1, 2, 3))


def differences_with_sign(x):
    """You keep the sign of the differences: what goes up and down again cancels out. Take absolute values."""
    return x.diff(dim=3).sum((1, 2, 3)) + x.diff(dim=2).sum((1, 2, 3))


def around_the_edge(x):
    """Your pixels at the right edge touch those at the left (torch.roll does that): the picture ends there."""
    return sum((x - x.roll(1, dims=dim)).abs().sum((1, 2, 3)) for dim in (2, 3))


def rows_only(x):
    """You compare along the rows only: the pixels below count, too."""
    return x.diff(dim=3).abs().sum((1, 2, 3))


def channels_too(x):
    """You compare the channels of a pixel as well: red and green need not agree. Differences go over H and W only."""
    return total_variation(x) + x.diff(dim=1).abs().sum((1, 2, 3))


def mean_difference(x):
    """You average: the total variation is the sum over all pairs."""
    return total_variation(x) / x[0].numel()


def pair_by_pair(student):
    """on hidden pictures, pair by pair in plain Python"""
    x = normal(91, 2, 2, 3, 4)
    wanted = torch.zeros(2, dtype=torch.float64)
    for n, c, i, j in ((n, c, i, j) for n in range(2) for c in range(2) for i in range(3) for j in range(4)):
        wanted[n] += abs(x[n, c, i, j] - x[n, c, i, j + 1]) if j < 3 else 0
        wanted[n] += abs(x[n, c, i, j] - x[n, c, i + 1, j]) if i < 2 else 0
    expect(student(x), wanted, "The total variation of a hidden picture")


def a_block_pays_for_its_edge(student):
    """a block of ones pays the length of its edge, and nothing where it meets the picture's border"""
    x = torch.zeros(2, 1, 5, 6, dtype=torch.float64)
    x[0, 0, 1:3, 2:5], x[1, 0, :2, :3] = 1, 1
    wanted = torch.tensor([10.0, 5.0], dtype=torch.float64)
    expect(student(x), wanted, "The total variation of a block of 2 x 3 ones, inside and in the corner,")


VARIATION = Exercise(
    id="03.4",
    title="Total variation",
    task="Write total_variation: the sum of the absolute differences of all pixels that touch.",
    solution=total_variation,
    cases=lambda: [(normal(93, 2, 3, 4, 5),), (normal(95, 3, 2, 6, 3),)],
    laws=(pair_by_pair, a_block_pays_for_its_edge),
    shape=lambda x: (len(x),),
    hints=(
        "x[..., 1:] - x[..., :-1] are the differences of pixels side by side. What about those one above the other?",
        "Absolute values, and the sum over dim=(1, 2, 3): one number a picture.",
    ),
    wrong=(
        squared_differences,
        differences_with_sign,
        around_the_edge,
        rows_only,
        channels_too,
        mean_difference,
    ),
)

# --- 03.5 a step in code space --------------------------------------------------------------------------------------


class Decoder(nn.Module):
    """A hidden decoder, codes ``(N, 4) -> (N, 1, 5, 6)``, pictures between 0 and 1."""

    def __init__(self, seed):
        super().__init__()
        self.first, self.last = linear(seed, 4, 8), linear(seed + 1, 8, 30)

    def forward(self, code):
        """Pictures of ``code (N, 4)``."""
        return self.last(self.first(code).tanh()).sigmoid().view(-1, 1, 5, 6)


def code_step(decoder, f, code, c, rate):
    """One step of ascent in code space: add rate times the gradient of score c, by the code, to the code.

    decoder makes pictures of code (N, D); f gives scores (N, K) for pictures; c is a class index.
    Returns the new code, (N, D).
    """
    code = code.detach().clone().requires_grad_()
    score = f(decoder(code))[:, c].sum()
    return (code + rate * torch.autograd.grad(score, code)[0]).detach()


def _code_slope(function, code):
    """The gradient of function(code), one number, by the code."""
    code = code.detach().clone().requires_grad_()
    return torch.autograd.grad(function(code), code)[0]


def the_picture_climbs(decoder, f, code, c, rate):
    """You move the picture, not the code: it then leaves what the decoder can draw. Differentiate by the code."""
    picture = decoder(code).detach()
    return picture + rate * _code_slope(lambda x: f(x)[:, c].sum(), picture)


def code_kept_between_zero_and_one(decoder, f, code, c, rate):
    """You clamp the code to [0, 1], as if it were a picture: typical codes lie around zero, on both sides."""
    return code_step(decoder, f, code, c, rate).clamp(0, 1)


def descent_in_code_space(decoder, f, code, c, rate):
    """You walk downhill: add the gradient to the code, do not subtract it."""
    return code_step(decoder, f, code, c, -rate)


def brighter_pictures(decoder, f, code, c, rate):
    """You differentiate the decoder's picture and not the score: f has to look at the picture first."""
    return code + rate * _code_slope(lambda z: decoder(z).sum(), code)


def step_alone(decoder, f, code, c, rate):
    """You return the step: add it to the code that it starts from."""
    return code_step(decoder, f, code, c, rate) - code


def scores_of_all_classes(decoder, f, code, c, rate):
    """You climb for all classes at once: take column c of the scores."""
    return code + rate * _code_slope(lambda z: f(decoder(z)).sum(), code)


def mean_over_codes(decoder, f, code, c, rate):
    """Your steps are shorter the more codes there are: sum the scores before you differentiate, a mean divides."""
    return code_step(decoder, f, code, c, rate / len(code))


def _code_case(seed):
    return Decoder(seed), convnet(seed + 2), normal(seed + 3, 3, 4), 1, 2.0


def chain_rule(student):
    """the chain rule, with the decoder's slopes found by finite differences"""
    decoder, f, code, c, rate = _code_case(101)
    picture = decoder(code).detach()
    slope, by = _code_slope(lambda x: f(x)[:, c].sum(), picture), 1e-6
    step = torch.zeros_like(code)
    for d in range(4):
        shift = by * torch.eye(4, dtype=code.dtype)[d]
        change = (decoder(code + shift) - decoder(code - shift)) / (2 * by)
        step[:, d] = (slope * change).sum(dim=(1, 2, 3))
    expect(student(decoder, f, code, c, rate), code + rate * step, "On a hidden decoder and net, the new code")


def codes_apart(student):
    """the step of one code does not depend on the others in the batch"""
    decoder, f, code, c, rate = _code_case(105)
    alone = student(decoder, f, code[2:], c, rate)
    expect(student(decoder, f, code, c, rate)[2:], alone, "The new code of one of three, compared with it alone,")


CODE = Exercise(
    id="03.5",
    title="Ascent in code space",
    task="Write code_step: add rate times the gradient of score c, by the code, to the code.",
    solution=code_step,
    cases=lambda: [_code_case(111), _code_case(115)],
    laws=(chain_rule, codes_apart),
    shape=lambda decoder, f, code, c, rate: tuple(code.shape),
    hints=(
        "The same as a step of 03.1, but what remembers what is done with it is the code, not the picture.",
        "score = f(decoder(code))[:, c].sum(). Autograd goes back through the net and the decoder: the chain rule.",
    ),
    wrong=(
        the_picture_climbs,
        code_kept_between_zero_and_one,
        descent_in_code_space,
        brighter_pictures,
        step_alone,
        scores_of_all_classes,
        mean_over_codes,
    ),
)

EXERCISES = (ASCENT, LINEAR, EXPERT, VARIATION, CODE)
