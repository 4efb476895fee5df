"""Exercises of notebook 08, Layer-wise relevance propagation: rules for one layer; ``R`` is its outputs' relevance."""

from itertools import product

import torch

from .exercise import Exercise
from .laws import expect
from .nets import linear, normal


def _like(x, *rest):
    return x.shape


# --- 08.1 LRP-epsilon -----------------------------------------------------------------------------------------------


def lrp_epsilon(x, W, b, R, epsilon):
    """LRP-epsilon for a dense layer: passes the relevance R of its outputs on to its inputs.

    The layer is z = x Wᵀ + b with x (N, J), W (K, J), b (K,); R is (N, K). epsilon >= 0 makes every z
    larger in size by epsilon (a z of 0 counts as positive). Returns a tensor of x's shape.
    """
    z = x @ W.T + b
    z = z + epsilon * torch.where(z >= 0, 1.0, -1.0)
    s = R / z
    return x * (s @ W)


def stabiliser_without_sign(x, W, b, R, epsilon):
    """You add epsilon whatever the sign of z: a negative z comes nearer to zero by it. Add epsilon · sign(z)."""
    return x * ((R / (x @ W.T + b + epsilon)) @ W)


def sign_of_zero(x, W, b, R, epsilon):
    """torch.sign(0) is 0: where z is exactly 0 you divide by zero. Let 0 count as positive: torch.where(z >= 0, …)."""
    z = x @ W.T + b
    return x * ((R / (z + epsilon * z.sign())) @ W)


def stabiliser_forgotten(x, W, b, R, epsilon):
    """You divide by z alone: epsilon is missing, which keeps a z near zero from blowing the relevance up."""
    return x * ((R / (x @ W.T + b)) @ W)


def bias_forgotten(x, W, b, R, epsilon):
    """Your z lacks the bias: it is part of what the layer computes, and takes its share of the relevance."""
    return lrp_epsilon(x, W, torch.zeros_like(b), R, epsilon)


def bias_given_to_inputs(x, W, b, R, epsilon):
    """You hand the bias's share to the inputs. In this rule it stands in the denominator only: it keeps its share."""
    z = x @ W.T + b
    s = R / (z + epsilon * torch.where(z >= 0, 1.0, -1.0))
    return x * (s @ W) + (s @ b)[:, None] / x.shape[1]


def weights_transposed(x, W, b, R, epsilon):
    """You use the weights transposed: row k of W holds the weights of output k. Forward is x Wᵀ, backward is s W."""
    return lrp_epsilon(x, W.T, b, R, epsilon)


def relevance_clamped(x, W, b, R, epsilon):
    """You cut off negative relevance. It is evidence against the class, and without it nothing is conserved."""
    return lrp_epsilon(x, W, b, R.clamp(min=0), epsilon)


def input_forgotten(x, W, b, R, epsilon):
    """The fourth step is missing: multiply by the layer's input x, or an input of 0 gets relevance, too."""
    z = x @ W.T + b
    return (R / (z + epsilon * torch.where(z >= 0, 1.0, -1.0))) @ W


def undivided(x, W, b, R, epsilon):
    """The second step is missing: divide the relevance R by z before you send it back through the weights."""
    return x * (R @ W)


def _dense(seed, epsilon):
    """A hidden square layer, so that weights used the wrong way round give numbers, and an input of zeros in row 2."""
    x = normal(seed, 3, 6)
    x[2] = 0
    b = normal(seed + 1, 6)
    b[:3] = 0
    return x, linear(seed, 6, 6).weight, b, normal(seed + 2, 3, 6), epsilon


def output_by_output(student):
    """each input gets x_j w_kj of every output k, divided by z_k (larger by epsilon), times R_k"""
    x, W, b, R, epsilon = _dense(30, 0.4)
    wanted = torch.zeros_like(x)
    for k in range(len(W)):
        part = x * W[k]
        z = part.sum(dim=1) + b[k]
        z = torch.where(z < 0, z - epsilon, z + epsilon)
        wanted += part / z[:, None] * R[:, k, None]
    expect(student(x, W, b, R, epsilon), wanted, "With epsilon=0.4, the relevance in a hidden layer")


def conserves_without_bias(student):
    """conservation: without a bias, and with epsilon = 0, the relevance of the inputs sums to that of the outputs"""
    x, W, R = normal(33, 3, 6), linear(33, 6, 6).weight, normal(34, 3, 6)
    found = student(x, W, torch.zeros(6, dtype=x.dtype), R, 0.0).sum(dim=1)
    expect(found, R.sum(dim=1), "Without bias and epsilon, the sum over the inputs of a hidden layer")


def bias_keeps_its_share(student):
    """with a bias, exactly the biases' shares b_k / z_k of R_k are missing from the sum"""
    x, W, b, R = normal(35, 3, 6), linear(35, 6, 6).weight, normal(36, 6), normal(37, 3, 6)
    wanted = (R * (1 - b / (x @ W.T + b))).sum(dim=1)
    expect(student(x, W, b, R, 0.0).sum(dim=1), wanted, "With a bias, the sum over the inputs of a hidden layer")


LRP_EPSILON = Exercise(
    id="08.1",
    title="LRP-epsilon",
    task="Write lrp_epsilon: forward, divide, backward, multiply, for one dense layer.",
    solution=lrp_epsilon,
    cases=lambda: [_dense(30, 0.4), _dense(40, 0.1)],
    laws=(output_by_output, conserves_without_bias, bias_keeps_its_share),
    shape=_like,
    hints=(
        "Four lines: z from x (forward), s = R / z (divide), s through the weights backwards, and times x (multiply).",
        "Forward is x @ W.T + b. Backward is the same weights the other way: s @ W, without b.",
        "Before dividing: z + epsilon where z >= 0, z - epsilon elsewhere. torch.where does this.",
    ),
    wrong=(
        stabiliser_without_sign,
        sign_of_zero,
        stabiliser_forgotten,
        bias_forgotten,
        bias_given_to_inputs,
        weights_transposed,
        relevance_clamped,
        input_forgotten,
        undivided,
    ),
)

# --- 08.2 z+ for a convolution --------------------------------------------------------------------------------------


def lrp_zplus(x, w, R):
    """The z+ rule for a convolution: passes the relevance R of its outputs on to its inputs.

    The layer is z = torch.conv2d(x, w), without a bias, with x (N, C, H, W) >= 0 and w (K, C, h, w); R has the
    shape of z. Only positive weights count; where no input contributes, nothing is passed on.
    Returns a tensor of x's shape.
    """
    w = w.clamp(min=0)
    z = torch.conv2d(x, w)
    s = R / (z + 1e-9)
    return x * torch.conv_transpose2d(s, w)


def negative_weights_kept(x, w, R):
    """You use all weights: this is LRP-0. z+ sets the negative weights to zero first, w.clamp(min=0)."""
    s = R / torch.conv2d(x, w)
    return x * torch.conv_transpose2d(s.nan_to_num(0, 0, 0), w)


def outputs_clamped(x, w, R):
    """You cut off the negative outputs z. It is the weights that have to be positive, before they are summed up."""
    s = R / (torch.conv2d(x, w).clamp(min=0) + 1e-9)
    return x * torch.conv_transpose2d(s, w)


def backward_with_all_weights(x, w, R):
    """Your way back uses all weights: the same positive weights have to go forward and backward."""
    s = R / (torch.conv2d(x, w.clamp(min=0)) + 1e-9)
    return x * torch.conv_transpose2d(s, w)


def forward_with_all_weights(x, w, R):
    """Your z uses all weights: the same positive weights have to go forward and backward."""
    s = R / torch.conv2d(x, w)
    return x * torch.conv_transpose2d(s.nan_to_num(0, 0, 0), w.clamp(min=0))


def absolute_weights(x, w, R):
    """You take the absolute value of the weights: an input that lowers the output then gets relevance for it."""
    return lrp_zplus(x, w.abs(), R)


def result_clamped(x, w, R):
    """You cut off the negative relevance at the end. Then the sum is too large: let the weights be positive instead."""
    return negative_weights_kept(x, w, R).clamp(min=0)


def activations_forgotten(x, w, R):
    """The fourth step is missing: multiply by x, or black pixels get relevance, too."""
    w = w.clamp(min=0)
    return torch.conv_transpose2d(R / (torch.conv2d(x, w) + 1e-9), w)


def zero_by_zero(x, w, R):
    """Where all inputs of an output are zero you divide by zero: add a small number to z."""
    w = w.clamp(min=0)
    return x * torch.conv_transpose2d(R / torch.conv2d(x, w), w)


def _convolution(seed):
    """Inputs after a ReLU, with a corner of zeros as large as a window; an output nothing adds to has no relevance."""
    x, w = normal(seed, 2, 2, 6, 6).clamp(min=0), normal(seed + 1, 3, 2, 3, 3)
    x[:, :, :3, :3] = 0
    R = normal(seed + 2, 2, 3, 4, 4).abs()
    return x, w, R * (torch.conv2d(x, w.clamp(min=0)) > 0)


def window_by_window(student):
    """each input gets its positive contribution x w⁺ to an output, as a share of all of them, times R of the output"""
    x, w, R = _convolution(50)
    wanted = torch.zeros_like(x)
    for k, row, column in product(range(3), range(4), range(4)):
        window = (..., slice(row, row + 3), slice(column, column + 3))
        part = x[window] * w[k].clamp(min=0)
        total = part.sum(dim=(1, 2, 3), keepdim=True).clamp(min=1e-9)
        wanted[window] += part / total * R[:, k, row, column, None, None, None]
    expect(student(x, w, R), wanted, "The relevance in a hidden convolution")


def conserves(student):
    """conservation: the relevance of the inputs sums to that of the outputs, in each picture"""
    x, w, R = _convolution(53)
    expect(student(x, w, R).sum(dim=(1, 2, 3)), R.sum(dim=(1, 2, 3)), "The sum over the inputs of a hidden convolution")


def stays_positive(student):
    """positivity: positive relevance stays positive"""
    x, w, R = _convolution(56)
    found = student(x, w, R)
    expect(found, found.clamp(min=0), "The relevance in a hidden convolution, R >= 0,")


LRP_ZPLUS = Exercise(
    id="08.2",
    title="The z+ rule for a convolution",
    task="Write lrp_zplus: the four steps with the positive weights only, for a convolution.",
    solution=lrp_zplus,
    cases=lambda: [_convolution(50), _convolution(53)],
    laws=(window_by_window, conserves, stays_positive),
    shape=_like,
    hints=(
        "The four steps are those of 08.1. First make new weights: the positive ones, zero elsewhere.",
        "Forward is torch.conv2d(x, w); the way back through the same weights is torch.conv_transpose2d(s, w).",
        "z is never negative here, so a small number added to it, such as 1e-9, keeps 0 / 0 away.",
    ),
    wrong=(
        negative_weights_kept,
        outputs_clamped,
        backward_with_all_weights,
        forward_with_all_weights,
        absolute_weights,
        result_clamped,
        activations_forgotten,
        zero_by_zero,
    ),
)

# --- 08.3 zB for the pixel layer ------------------------------------------------------------------------------------


def lrp_zb(x, W, R, low, high):
    """The zB rule for a dense layer on pixels: passes the relevance R of its outputs on to the pixels.

    The layer is z = x Wᵀ with x (N, J), every pixel between the numbers low and high, W (K, J); R is (N, K).
    Returns a tensor of x's shape.
    """
    positive, negative = W.clamp(min=0), W.clamp(max=0)
    z = x @ W.T - low * positive.sum(dim=1) - high * negative.sum(dim=1)
    s = R / (z + 1e-9)
    return x * (s @ W) - low * (s @ positive) - high * (s @ negative)


def bounds_swapped(x, W, R, low, high):
    """low and high have changed places: low goes with the positive weights, high with the negative ones."""
    return lrp_zb(x, W, R, high, low)


def bounds_forgotten(x, W, R, low, high):
    """This is LRP-0, x w / z: the bounds are missing, and negative relevance is back."""
    return x * ((R / (x @ W.T)) @ W)


def low_for_all_weights(x, W, R, low, high):
    """You subtract low for all weights. For a negative weight the least contribution is at high: high · w⁻."""
    return lrp_zb(x - low, W, R, 0.0, 0.0)


def bounds_in_the_denominator_only(x, W, R, low, high):
    """Your numerator lacks the bounds: x w - low w⁺ - high w⁻ stands above and, summed up, below the line."""
    positive, negative = W.clamp(min=0), W.clamp(max=0)
    z = x @ W.T - low * positive.sum(dim=1) - high * negative.sum(dim=1)
    return x * ((R / (z + 1e-9)) @ W)


def positive_weights_only(x, W, R, low, high):
    """This is z+: it is made for inputs that are never negative, as after a ReLU. Pixels have bounds of their own."""
    return lrp_zb(x, W.clamp(min=0), R, 0.0, 0.0)


def bounds_added(x, W, R, low, high):
    """You add the bounds' terms. Subtract them: x w - low w⁺ - high w⁻ is how far x w is above its least value."""
    return lrp_zb(x, W, R, -low, -high)


def _pixels(seed, low, high):
    x = low + (high - low) * torch.rand((3, 6), generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return x, linear(seed, 6, 5).weight, normal(seed + 1, 3, 5).abs(), low, high


def pixel_by_pixel(student):
    """each pixel gets x_j w_kj less its least possible value in the box, as a share of all of them, times R_k"""
    for low, high in ((-1.0, 1.0), (-0.5, 2.0)):
        x, W, R, *_ = _pixels(60, low, high)
        wanted = torch.zeros_like(x)
        for k in range(len(W)):
            part = x * W[k] - torch.minimum(low * W[k], high * W[k])
            wanted += part / part.sum(dim=1, keepdim=True) * R[:, k, None]
        expect(student(x, W, R, low, high), wanted, f"With pixels from {low:g} to {high:g}, the relevance")


def pixels_conserve(student):
    """conservation: the relevance of the pixels sums to that of the outputs"""
    x, W, R, low, high = _pixels(62, -1.0, 2.0)
    expect(student(x, W, R, low, high).sum(dim=1), R.sum(dim=1), "The sum over the pixels of a hidden layer")


def pixels_stay_positive(student):
    """positivity: positive relevance stays positive, on every pixel"""
    case = _pixels(64, -1.0, 1.0)
    found = student(*case)
    expect(found, found.clamp(min=0), "The relevance of the pixels of a hidden layer, R >= 0,")


LRP_ZB = Exercise(
    id="08.3",
    title="The zB rule for pixels",
    task="Write lrp_zb: the rule for the first layer, whose inputs are pixels between low and high.",
    solution=lrp_zb,
    cases=lambda: [_pixels(60, -1.0, 1.0), _pixels(61, -0.5, 2.0)],
    laws=(pixel_by_pixel, pixels_conserve, pixels_stay_positive),
    shape=_like,
    hints=(
        "Pixel j adds x_j w_kj to output k. What is the least it could add, with x_j anywhere between low and high?",
        "The least is low · w for a positive weight and high · w for a negative one: low · w⁺ + high · w⁻.",
        "Three forward passes give z: x with W, minus low with w⁺, minus high with w⁻. Three backward passes likewise.",
    ),
    wrong=(
        bounds_swapped,
        bounds_forgotten,
        low_for_all_weights,
        bounds_in_the_denominator_only,
        positive_weights_only,
        bounds_added,
    ),
)

EXERCISES = (LRP_EPSILON, LRP_ZPLUS, LRP_ZB)
