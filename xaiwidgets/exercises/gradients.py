"""Exercises of notebook 05, Gradients. In all of them ``f`` gives scores (N, K) for inputs (N, ...)."""

import torch
from torch.nn.functional import cross_entropy

from .exercise import Exercise
from .laws import expect
from .nets import Formula, convnet, linear, mlp, normal


def _like(f, x, *rest):
    return x.shape


# --- 05.1 gradient --------------------------------------------------------------------------------------------------


def gradient(f, x, c):
    """The gradient of the score of class c with respect to every input.

    f gives scores (N, K) for x (N, ...); c is a class index. Returns a tensor of x's shape.
    """
    x = x.detach().clone().requires_grad_()
    return torch.autograd.grad(f(x)[:, c].sum(), x)[0]


def gradient_of_all_classes(f, x, c):
    """You differentiate the sum of the scores of all classes: choose column c of f(x) first."""
    x = x.detach().clone().requires_grad_()
    return torch.autograd.grad(f(x).sum(), x)[0]


def gradient_of_probability(f, x, c):
    """You differentiate the softmax probability, which also falls when other classes rise. Use the score f(x)."""
    return gradient(lambda inputs: f(inputs).softmax(dim=1), x, c)


def gradient_of_loss(f, x, c):
    """You differentiate the cross-entropy loss, as in training. Here the question is about the score f(x)[:, c]."""
    x = x.detach().clone().requires_grad_()
    loss = cross_entropy(f(x), torch.full((len(x),), c), reduction="sum")
    return torch.autograd.grad(loss, x)[0]


def absolute_gradient(f, x, c):
    """You take the absolute value: the sign says whether the score rises or falls."""
    return gradient(f, x, c).abs()


def gradient_of_mean(f, x, c):
    """Your gradient is divided by the number of inputs: sum the scores over the batch instead of averaging them."""
    return gradient(f, x, c) / len(x)


def finite_differences(student):
    """finite differences of the score, on a hidden dense net and a hidden convolutional net"""
    for f, x, c, name in (
        (mlp(1), normal(2, 3, 6), 2, "dense net"),
        (convnet(3), normal(4, 2, 1, 5, 4), 1, "convolutional net"),
    ):
        expect(student(f, x, c), numeric_gradient(f, x, c), f"The gradient of score {c} of a hidden {name}")


def one_by_one(student):
    """a picture's gradient does not depend on the others in the batch"""
    f, x = mlp(5), normal(6, 4, 6)
    expect(student(f, x, 0)[1:2], student(f, x[1:2], 0), "The gradient of one input, compared with it in a batch,")


def numeric_gradient(f, x, c, step=1e-6):
    """Central finite differences of ``f(x)[:, c]``, one input entry at a time; a tensor of x's shape."""
    slopes = torch.zeros_like(x)
    for entry in range(x[0].numel()):
        shift = torch.zeros_like(x).flatten(1)
        shift[:, entry] = step
        shift = shift.view_as(x)
        slopes.flatten(1)[:, entry] = (f(x + shift) - f(x - shift))[:, c] / (2 * step)
    return slopes


GRADIENT = Exercise(
    id="05.1",
    title="Gradient",
    task="Write gradient: the derivative of the score of class c with respect to every entry of x.",
    solution=gradient,
    cases=lambda: [(mlp(1), normal(2, 3, 6), 2), (convnet(3), normal(4, 2, 1, 5, 4), 1)],
    laws=(finite_differences, one_by_one),
    shape=_like,
    hints=(
        "torch differentiates with respect to tensors that require a gradient: make such a copy of x first.",
        "Only one number can be differentiated: sum the scores of class c over the batch. No input affects another's.",
        "torch.autograd.grad(number, x) returns a tuple with one tensor; it leaves no trace on f or x.",
    ),
    wrong=(
        gradient_of_all_classes,
        gradient_of_probability,
        gradient_of_loss,
        absolute_gradient,
        gradient_of_mean,
    ),
)

# --- 05.2 gradient x input ------------------------------------------------------------------------------------------


def gradient_x_input(f, x, c):
    """What each input adds to the score, if the model were linear: gradient times input.

    f gives scores (N, K) for x (N, ...); c is a class index. Returns a tensor of x's shape.
    """
    return gradient(f, x, c) * x


def gradient_alone(f, x, c):
    """This is the gradient alone: it says how the score would change. Multiply it by x."""
    return gradient(f, x, c)


def squared_gradient_x_input(f, x, c):
    """You square the gradient before you multiply: its sign is lost, and the parts no longer sum to the score."""
    return gradient(f, x, c) ** 2 * x


def absolute_gradient_x_input(f, x, c):
    """You multiply the gradient's absolute value by x: a weight below zero then counts as if it were above."""
    return gradient(f, x, c).abs() * x


def sensitivity(f, x, c):
    """This is the sensitivity, the squared gradient: it sums to the gradient's squared length, not to the score."""
    return gradient(f, x, c) ** 2


def gradient_x_input_summed(f, x, c):
    """You sum over the inputs: keep one number for every entry of x."""
    return gradient_x_input(f, x, c).flatten(1).sum(dim=1)


def linear_model(student):
    """for a linear model f(x) = Wx the result is w_c times x, entry by entry"""
    f, x = linear(7), normal(8, 3, 6)
    expect(student(f, x, 1), f.weight[1] * x, "The result for a hidden linear model")


def sums_to_score(student):
    """for a ReLU net without biases the entries sum to the score"""
    f, x = mlp(9, bias=False), normal(10, 3, 6)
    expect(student(f, x, 3).sum(dim=1), f(x)[:, 3], "The sum over the inputs of a hidden ReLU net without biases")


def gradient_times_input(student):
    """finite differences times the input, on a hidden convolutional net"""
    f, x = convnet(11), normal(12, 2, 1, 5, 4)
    expect(student(f, x, 2), numeric_gradient(f, x, 2) * x, "The result for a hidden convolutional net")


GRADIENT_X_INPUT = Exercise(
    id="05.2",
    title="Gradient x input",
    task="Write gradient_x_input: the gradient of the score of class c times the input, entry by entry.",
    solution=gradient_x_input,
    cases=lambda: [(linear(7), normal(8, 3, 6), 1), (convnet(11), normal(12, 2, 1, 5, 4), 2)],
    laws=(linear_model, sums_to_score, gradient_times_input),
    shape=_like,
    hints=(
        "For a linear model the score is the sum of w_d x_d. What is the part of input d?",
        "The gradient of a linear model is w. Use your gradient from 05.1 in its place.",
        "Both signs count: no square and no absolute value. One line is enough.",
    ),
    wrong=(
        gradient_alone,
        squared_gradient_x_input,
        absolute_gradient_x_input,
        sensitivity,
        gradient_x_input_summed,
    ),
    needs=("05.1",),
)

# --- 05.3 integrated gradients --------------------------------------------------------------------------------------


def integrated_gradients(f, x, baseline, c, steps):
    """The mean gradient on the straight path from baseline to x, times (x - baseline).

    f gives scores (N, K); x and baseline have the same shape (N, ...); c is a class index;
    steps is the number of points on the path. Returns a tensor of x's shape.
    """
    total = torch.zeros_like(x)
    for step in range(steps):
        alpha = (step + 0.5) / steps  # the middle of each piece of the path
        total += gradient(f, baseline + alpha * (x - baseline), c)
    return total / steps * (x - baseline)


def _mean_gradient(f, points, c):
    return torch.stack([gradient(f, point, c) for point in points]).mean(dim=0)


def _path(x, baseline, steps):
    return [baseline + (step + 0.5) / steps * (x - baseline) for step in range(steps)]


def without_difference(f, x, baseline, c, steps):
    """This is the mean gradient. It sums to f(x) - f(baseline) only after multiplying by (x - baseline)."""
    return _mean_gradient(f, _path(x, baseline, steps), c)


def times_input(f, x, baseline, c, steps):
    """You multiply by x: the path has the length x - baseline. The two are the same only for the baseline 0."""
    return without_difference(f, x, baseline, c, steps) * x


def sum_over_steps(f, x, baseline, c, steps):
    """You sum the gradients over the steps: divide by their number, or more steps give a larger result."""
    return integrated_gradients(f, x, baseline, c, steps) * steps


def difference_reversed(f, x, baseline, c, steps):
    """All signs are reversed: the path leads from baseline to x, so the factor is (x - baseline)."""
    return -integrated_gradients(f, x, baseline, c, steps)


def gradient_at_the_end(f, x, baseline, c, steps):
    """You use only the gradient at x: the gradients on the way from the baseline are needed, too."""
    return gradient(f, x, c) * (x - baseline)


def path_from_zero(f, x, baseline, c, steps):
    """Your path is alpha * x, from 0 to x: it has to start at the baseline."""
    return _mean_gradient(f, _path(x, torch.zeros_like(x), steps), c) * (x - baseline)


def one_point_too_many(f, x, baseline, c, steps):
    """You add up steps + 1 gradients (both ends of the path) but divide by steps: the weights must sum to 1."""
    points = [baseline + alpha * (x - baseline) for alpha in torch.linspace(0, 1, steps + 1)]
    return _mean_gradient(f, points, c) * (steps + 1) / steps * (x - baseline)


def exact_for_linear(student):
    """for a linear model the result is w_c (x - baseline), whatever the number of steps"""
    f, x, baseline = linear(13), normal(14, 3, 6), normal(15, 3, 6)
    for steps in (1, 2, 5):
        found = student(f, x, baseline, 2, steps)
        expect(found, f.weight[2] * (x - baseline), f"With steps={steps}, the result for a hidden linear model")


def known_integral(student):
    """for f(x) = x_0² x_1 and baseline 0 the integral is known: 2/3 f(x) for input 0 and 1/3 f(x) for input 1"""
    f, x = Formula(lambda x: x[:, 0] ** 2 * x[:, 1]), normal(16, 4, 2)
    wanted = f(x)[:, 1:2] * torch.tensor([2 / 3, 1 / 3], dtype=torch.float64)
    expect(student(f, x, torch.zeros_like(x), 1, 250), wanted, "The result for f(x) = x_0² x_1", 0.02)


def completeness(student):
    """completeness: the entries sum to f(x) - f(baseline)"""
    f, x, baseline = mlp(17), normal(18, 3, 6), normal(19, 3, 6)
    found = student(f, x, baseline, 0, 250).sum(dim=1)
    expect(found, (f(x) - f(baseline))[:, 0], "With steps=250, the sum for a hidden ReLU net", 0.02)


INTEGRATED_GRADIENTS = Exercise(
    id="05.3",
    title="Integrated gradients",
    task="Write integrated_gradients: the mean gradient on the way from baseline to x, times (x - baseline).",
    solution=integrated_gradients,
    cases=lambda: [
        (linear(13), normal(14, 3, 6), normal(15, 3, 6), 2, 2),
        (mlp(17), normal(18, 3, 6), normal(19, 3, 6), 0, 200),
    ],
    laws=(exact_for_linear, known_integral, completeness),
    shape=_like,
    hints=(
        "A point on the path is baseline + alpha (x - baseline), with alpha between 0 and 1.",
        "Take the gradient at `steps` such points and average. Any rule will do whose weights sum to 1, "
        "as alpha = (k + 0.5) / steps for k = 0, ..., steps - 1.",
        "Multiply the mean by (x - baseline), once, after the loop.",
    ),
    wrong=(
        without_difference,
        times_input,
        sum_over_steps,
        difference_reversed,
        gradient_at_the_end,
        path_from_zero,
        one_point_too_many,
    ),
    needs=("05.1",),
    tolerance=0.02,  # a mistake is the same with any rule for the points on the path
)

# --- 05.4 simple Taylor decomposition -------------------------------------------------------------------------------


def simple_taylor(f, x, root, c):
    """The first-order terms of the Taylor expansion of score c at the root point.

    f gives scores (N, K); x and root have the same shape (N, ...); score c is 0 at root.
    Returns a tensor of x's shape.
    """
    return gradient(f, root, c) * (x - root)


def gradient_at_x(f, x, root, c):
    """You take the gradient at x: the expansion is around the root point, so its gradient is needed."""
    return gradient(f, x, c) * (x - root)


def root_gradient_x_input(f, x, root, c):
    """You multiply by x: the step of the expansion goes from the root point to x, so multiply by (x - root)."""
    return gradient(f, root, c) * x


def root_minus_x(f, x, root, c):
    """All signs are reversed: the step goes from the root point to x, so it is (x - root)."""
    return gradient(f, root, c) * (root - x)


def root_gradient(f, x, root, c):
    """This is the gradient at the root point: multiply it by the step (x - root) to get the parts of the score."""
    return gradient(f, root, c)


def decomposes_linear(student):
    """for a linear model and a root point the parts sum to the score"""
    f, x = linear(20), normal(21, 3, 6)
    w = f.weight[1]
    root = x - (x @ w / (w @ w))[:, None] * w  # the nearest point with w·root = 0
    expect(student(f, x, root, 1).sum(dim=1), f(x)[:, 1], "The sum of the parts for a hidden linear model")


def known_expansion(student):
    """for f(x) = x_0² - 1 with the root point (1, 0) the parts are 2 (x_0 - 1) and 0"""
    f, x = Formula(lambda x: x[:, 0] ** 2 - 1), normal(22, 4, 2)
    root = torch.tensor([[1.0, 0.0]], dtype=torch.float64).repeat(4, 1)
    wanted = (2 * (x - root)) * torch.tensor([1, 0])
    expect(student(f, x, root, 1), wanted, "The result for f(x) = x_0² - 1 and the root point (1, 0)")


def first_order_terms(student):
    """finite differences at the root point, on a hidden ReLU net"""
    f, x, root = mlp(23), normal(24, 3, 6), normal(25, 3, 6)
    expect(student(f, x, root, 3), numeric_gradient(f, root, 3) * (x - root), "The result for a hidden ReLU net")


SIMPLE_TAYLOR = Exercise(
    id="05.4",
    title="Simple Taylor decomposition",
    task="Write simple_taylor: the first-order terms of the score's expansion at the root point.",
    solution=simple_taylor,
    cases=lambda: [(mlp(23), normal(24, 3, 6), normal(25, 3, 6), 3)],
    laws=(decomposes_linear, known_expansion, first_order_terms),
    shape=_like,
    hints=(
        "A Taylor expansion at a point uses the derivatives at that point. Which point is it here?",
        "f(x) is about f(root) + the sum over d of (df/dx_d at the root) times (x_d - root_d), and f(root) = 0.",
        "gradient(f, root, c) has the derivatives. Multiply by the step from the root to x.",
    ),
    wrong=(
        gradient_at_x,
        root_gradient_x_input,
        root_minus_x,
        root_gradient,
    ),
    needs=("05.1",),
)

# --- 05.5 SmoothGrad ------------------------------------------------------------------------------------------------


def smoothgrad(f, x, c, sigma, samples):
    """The mean gradient over noisy copies of x.

    f gives scores (N, K) for x (N, ...); c is a class index; each of the copies gets fresh normal
    noise with the standard deviation sigma. Returns a tensor of x's shape.
    """
    total = torch.zeros_like(x)
    for _ in range(samples):
        total += gradient(f, x + sigma * torch.randn_like(x), c)
    return total / samples


def _noisy_gradients(f, x, c, sigma, samples):
    return torch.stack([gradient(f, x + sigma * torch.randn_like(x), c) for _ in range(samples)])


def mean_of_absolutes(f, x, c, sigma, samples):
    """You average absolute values: gradients that point in opposite directions should cancel."""
    return _noisy_gradients(f, x, c, sigma, samples).abs().mean(dim=0)


def mean_of_squares(f, x, c, sigma, samples):
    """You average squares: SmoothGrad averages the gradients themselves, with their signs."""
    return (_noisy_gradients(f, x, c, sigma, samples) ** 2).mean(dim=0)


def noise_on_the_gradient(f, x, c, sigma, samples):
    """Your result is the plain gradient with noise on it: add the noise to x, before the gradient is taken."""
    noise = torch.stack([sigma * torch.randn_like(x) for _ in range(samples)])
    return (gradient(f, x, c) + noise).mean(dim=0)


def one_noise_for_all(f, x, c, sigma, samples):
    """All samples get the same noise, so nothing averages out: draw new noise inside the loop."""
    return gradient(f, x + sigma * torch.randn_like(x), c)


def sum_of_samples(f, x, c, sigma, samples):
    """You sum over the samples: divide by their number."""
    return smoothgrad(f, x, c, sigma, samples) * samples


CUBE = Formula(lambda x: (x**3).sum(dim=1))
SQUARE = Formula(lambda x: (x**2).sum(dim=1))


def linear_stays(student):
    """for a linear model noise changes nothing: the result is w_c"""
    f, x = linear(26), normal(27, 3, 6)
    expect(student(f, x, 2, 0.7, 5), f.weight[2].expand(3, 6), "The result for a hidden linear model")


def known_mean(student):
    """for f(x) = sum of x_d³ the mean gradient under noise is known: 3 x² + 3 sigma²"""
    x = normal(28, 2, 3)
    expect(student(CUBE, x, 1, 1.0, 600), 3 * x**2 + 3, "With 600 samples, the result for f(x) = sum of x_d³", 0.2)


def signs_stay(student):
    """for f(x) = sum of x_d² the noise averages out and 2 x is left, with its sign"""
    x = normal(29, 2, 3)
    expect(student(SQUARE, x, 1, 1.0, 600), 2 * x, "With 600 samples, the result for f(x) = sum of x_d²", 0.2)


SMOOTHGRAD = Exercise(
    id="05.5",
    title="SmoothGrad",
    task="Write smoothgrad: the mean gradient over copies of x with fresh normal noise.",
    solution=smoothgrad,
    cases=lambda: [
        (CUBE, normal(28, 2, 3), 1, 1.0, 600),
        (SQUARE, normal(29, 2, 3), 1, 1.0, 600),
        (linear(26), normal(27, 3, 6), 2, 0.7, 50),
    ],
    laws=(linear_stays, known_mean, signs_stay),
    shape=_like,
    hints=(
        "sigma * torch.randn_like(x) is normal noise of x's shape. It is added to the picture.",
        "Each sample needs its own noise and its own gradient: a loop over `samples`.",
        "Add up the gradients, signs and all, and divide by `samples` after the loop.",
    ),
    wrong=(
        mean_of_absolutes,
        mean_of_squares,
        noise_on_the_gradient,
        one_noise_for_all,
        sum_of_samples,
    ),
    needs=("05.1",),
    tolerance=0.1,  # the student's noise is not ours
)

EXERCISES = (GRADIENT, GRADIENT_X_INPUT, INTEGRATED_GRADIENTS, SIMPLE_TAYLOR, SMOOTHGRAD)
