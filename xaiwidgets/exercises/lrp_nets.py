"""Exercises of notebook 08, Layer-wise relevance propagation: whole nets, and sums over objects."""

import torch

from .exercise import Exercise
from .laws import expect
from .nets import mlp, normal

# --- 08.4 relevance of objects --------------------------------------------------------------------------------------


def relevance_shares(R, masks):
    """Which share of a picture's relevance lies on each object?

    R (C, H, W) is the relevance of one picture, with both signs; masks (M, H, W) is true where object m is.
    Returns M numbers, each a share of the picture's whole relevance.
    """
    pixels = R.sum(dim=0)
    return (pixels * masks).sum(dim=(1, 2)) / pixels.sum()


def mean_relevance(R, masks):
    """You take the mean over the object's pixels: relevance adds up, so a share is a sum. (The mean is a density.)"""
    return relevance_shares(R, masks) / masks.sum(dim=(1, 2))


def shares_of_the_objects(R, masks):
    """You divide by the relevance of the objects alone: the background's relevance belongs to the whole, too."""
    shares = relevance_shares(R, masks)
    return shares / shares.sum()


def absolute_relevance(R, masks):
    """You take absolute values: evidence against the class counts as evidence for it, and the shares lose their sum."""
    return relevance_shares(R.sum(dim=0, keepdim=True).abs(), masks)


def absolute_channels(R, masks):
    """You take absolute values before you sum over the colours: their signs have to cancel first, and may stay."""
    return relevance_shares(R.abs(), masks)


def positive_relevance(R, masks):
    """You cut off the negative relevance. Then it is no longer the score that you divide into shares."""
    return relevance_shares(R.sum(dim=0, keepdim=True).clamp(min=0), masks)


def undivided_relevance(R, masks):
    """You return sums: divide them by the relevance of the whole picture."""
    return relevance_shares(R, masks) * R.sum()


def one_colour(R, masks):
    """You look at one colour only: a pixel's relevance is the sum over its channels."""
    return relevance_shares(R[:1], masks)


def _picture(seed):
    masks = torch.zeros(3, 8, 8, dtype=torch.bool)
    masks[0, 1:4, 1:5] = masks[1, 5:7, 2:4] = masks[2, 2:6, 6:8] = True
    return normal(seed, 3, 8, 8) + 0.3, masks


def known_shares(student):
    """for a picture with relevance 3 and -1 on two objects and 2 elsewhere, the shares are 3/4 and -1/4"""
    R = torch.zeros(2, 4, 4, dtype=torch.float64)
    R[0, 0, 0], R[1, 0, 0], R[0, 0, 1] = 3.5, -1.5, 1.0
    R[0, 2, 2], R[1, 3, 3] = -1.0, 2.0
    masks = torch.zeros(2, 4, 4, dtype=torch.bool)
    masks[0, 0, :2] = masks[1, 2, 2:] = True
    expect(student(R, masks), torch.tensor([0.75, -0.25]).double(), "The share in a picture with known relevance")


def shares_sum_to_one(student):
    """with the background as a further object the shares sum to 1"""
    R, masks = _picture(70)
    masks = torch.cat([masks, ~masks.any(dim=0, keepdim=True)])
    expect(student(R, masks).sum(), torch.ones(()), "The sum of all shares, background included,")


def pixel_shares(student):
    """an object of one pixel gets the share of that pixel, whatever the other objects are"""
    R, masks = _picture(71)
    masks[0] = False
    masks[0, 0, 7] = True
    wanted = R[:, 0, 7].sum() / R.sum()
    expect(student(R, masks)[0], wanted, "The share of an object of one pixel")


RELEVANCE_SHARES = Exercise(
    id="08.4",
    title="Relevance of objects",
    task="Write relevance_shares: how much of the picture's relevance lies on each object.",
    solution=relevance_shares,
    cases=lambda: [_picture(70), _picture(72)],
    laws=(known_shares, shares_sum_to_one, pixel_shares),
    shape=lambda R, masks: (len(masks),),
    hints=(
        "Relevance is conserved, so it may be added up over any group of pixels: here over colours and over a mask.",
        "R.sum(dim=0) is one number for each pixel. Times a mask, it is zero outside of the object.",
        "Divide by R.sum(), the relevance of the whole picture, objects or not. Keep all signs.",
    ),
    wrong=(
        mean_relevance,
        shares_of_the_objects,
        absolute_relevance,
        absolute_channels,
        positive_relevance,
        undivided_relevance,
        one_colour,
    ),
)

# --- 08.5 find the bugs ---------------------------------------------------------------------------------------------


def lrp_net(layers, x, c):
    """LRP-0 through a net of dense layers with ReLUs between them, from the score of class c to the input.

    layers is a list of pairs (W, b), from the first layer to the last: z = a Wᵀ + b, then a = max(0, z), but
    for the last layer, whose z are the scores. x is (N, J). Returns a tensor of x's shape.
    """
    inputs = [x]
    for W, b in layers[:-1]:
        inputs.append((inputs[-1] @ W.T + b).clamp(min=0))
    W, b = layers[-1]
    scores = inputs[-1] @ W.T + b
    R = torch.zeros_like(scores)
    R[:, c] = scores[:, c]
    for (W, b), a in zip(reversed(layers), reversed(inputs), strict=True):
        z = a @ W.T + b
        s = R / (z + 1e-9 * torch.where(z >= 0, 1.0, -1.0))
        R = a * (s @ W)
    return R


def _through(layers, x, start, *, bias=True, cut=False):
    """LRP-0 from `start(scores)`, with the slips that are asked for."""
    inputs = [x]
    for W, b in layers:
        inputs.append((inputs[-1] @ W.T + b).clamp(min=0))
    W, b = layers[-1]
    R = start(inputs[-2] @ W.T + b)
    for (W, b), a in zip(reversed(layers), reversed(inputs[:-1]), strict=True):
        z = a @ W.T + bias * b
        R = a * ((R / (z + 1e-9 * torch.where(z >= 0, 1.0, -1.0))) @ W)
        R = R.clamp(min=0) if cut else R
    return R


def _only(c):
    """Scores -> the score of class c, zero for the other classes."""
    return lambda scores: scores * (torch.arange(scores.shape[1]) == c)


def both_bugs(layers, x, c):
    """Both mistakes are still there. Look at what R is before the loop, and at what is done to R at the loop's end."""
    return _through(layers, x, lambda scores: scores, cut=True)


def all_scores_explained(layers, x, c):
    """You start from the scores of all classes: what is asked for is the relevance for class c. Zero for the others."""
    return _through(layers, x, lambda scores: scores)


def negative_relevance_cut(layers, x, c):
    """You cut off negative relevance in each layer. The ReLU acts on the way forward; relevance has both signs."""
    return _through(layers, x, _only(c), cut=True)


def probability_explained(layers, x, c):
    """You start from the softmax probability: relevance is shared out of the score, the net's last z."""
    return _through(layers, x, lambda scores: _only(c)(scores.softmax(dim=1)))


def one_explained(layers, x, c):
    """You start from 1: start from the score of class c, so that the relevance sums to it."""
    return _through(layers, x, lambda scores: _only(c)(torch.ones_like(scores)))


def biases_left_out(layers, x, c):
    """On your way back z lacks the bias: it is the same z as on the way forward. (A net's parts then sum too high.)"""
    return _through(layers, x, _only(c), bias=False)


def negative_score_lost(layers, x, c):
    """You apply a ReLU to the scores: a class with a negative score has negative relevance to share out."""
    return _through(layers, x, lambda scores: _only(c)(scores.clamp(min=0)))


def _layers(net):
    dense = [layer for layer in net if hasattr(layer, "weight")]
    return [(layer.weight, torch.zeros(len(layer.weight)) if layer.bias is None else layer.bias) for layer in dense]


def _net_case(seed, c):
    return _layers(mlp(seed)), normal(seed + 1, 4, 6), c


def gradient_times_input(student):
    """LRP-0 equals gradient x input in a net of ReLUs, biases or not"""
    for seed, c in ((80, 1), (82, 2)):
        net, x = mlp(seed), normal(seed + 1, 4, 6).requires_grad_()
        (slope,) = torch.autograd.grad(net(x)[:, c].sum(), x)
        x = x.detach()
        expect(student(_layers(net), x, c), slope * x, f"The relevance for class {c} in a hidden net")


def sums_to_the_score(student):
    """conservation: without biases the relevance sums to the score of class c"""
    net, x = mlp(84, bias=False), normal(85, 4, 6)
    for c in range(4):
        expect(student(_layers(net), x, c).sum(dim=1), net(x)[:, c], f"Without biases, the sum for class {c}")


LRP_NET = Exercise(
    id="08.5",
    title="Find the bugs",
    task="Write lrp_net: the code above, with its two mistakes repaired.",
    solution=lrp_net,
    cases=lambda: [_net_case(80, 1), _net_case(82, 2)],
    laws=(gradient_times_input, sums_to_the_score),
    shape=lambda layers, x, c: x.shape,
    hints=(
        "Test it with what you know: without biases the relevance has to sum to the score of class c. Does it?",
        "One mistake is in how R begins: it should hold the score of class c, and zero for the other classes.",
        "The other is the last line of the loop: relevance may be negative, there is no ReLU on the way back.",
    ),
    wrong=(
        both_bugs,
        all_scores_explained,
        negative_relevance_cut,
        probability_explained,
        one_explained,
        biases_left_out,
        negative_score_lost,
    ),
)

EXERCISES = (RELEVANCE_SHARES, LRP_NET)
