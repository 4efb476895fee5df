"""Exercises of notebook 09, Class activation maps. ``maps`` are those of the last layer, (N, K, h, w)."""

import torch

from .exercise import Exercise
from .laws import expect
from .nets import convnet, linear, normal

# --- 09.1 CAM -------------------------------------------------------------------------------------------------------


def activation_map(maps, weight, c):
    """The class activation map of class c: the K maps, weighted by the dense layer and added up.

    maps is (N, K, h, w), weight (classes, K). Returns a tensor (N, h, w).
    """
    return torch.einsum("k,nkij->nij", weight[c], maps)


def unweighted(maps, weight, c):
    """You add up the maps without their weights: then every class has the same map. Use the row weight[c]."""
    return maps.sum(dim=1)


def weights_of_all_classes(maps, weight, c):
    """You use the weights of all classes: choose row c of weight, it holds one number for each map."""
    return torch.einsum("ck,nkij->nij", weight, maps)


def column_instead_of_row(maps, weight, c):
    """You use column c of weight, the weights of map c for every class. Those of class c are the row weight[c]."""
    return activation_map(maps, weight.mT, c)


def positive_only(maps, weight, c):
    """You cut the map at zero, as Grad-CAM does. Keep the negative places: the mean of the map is the score."""
    return activation_map(maps, weight, c).clamp(min=0)


def absolute_weights(maps, weight, c):
    """You take absolute values of the weights: a map with a negative weight speaks against the class."""
    return activation_map(maps, weight.abs(), c)


def mean_of_the_parts(maps, weight, c):
    """You average over the K maps: add them up, as the dense layer does."""
    return activation_map(maps, weight, c) / maps.shape[1]


def the_score_instead(maps, weight, c):
    """You average over the places too: that is the score. Stop before, and keep one number a place."""
    return activation_map(maps, weight, c).mean(dim=(1, 2))


def _pooling_net(seed):
    """Maps (3, 6, 4, 5) of a hidden net with a square table of weights (6 classes), and its scores without the bias."""
    net = convnet(seed, classes=6)
    maps, weight = net[:2](normal(seed + 1, 3, 1, 6, 7)), net[4].weight
    return maps, weight, maps.mean(dim=(2, 3)) @ weight.T


def mean_is_the_score(student):
    """on hidden nets with global average pooling, the mean of the map (plus the bias) is the score"""
    for seed in (21, 23):
        maps, weight, scores = _pooling_net(seed)
        found = student(maps, weight, 4).mean(dim=(1, 2))
        expect(found, scores[:, 4], "The mean of the map of a hidden net, compared with the score without its bias,")


def each_place_by_itself(student):
    """where only one map is on at one place, the result there is that map's weight, and zero elsewhere"""
    maps, weight = torch.zeros(1, 6, 3, 4, dtype=torch.float64), normal(25, 6, 6)
    maps[0, 2, 1, 3] = 1
    wanted = torch.zeros(1, 3, 4, dtype=torch.float64)
    wanted[0, 1, 3] = weight[5, 2]
    expect(student(maps, weight, 5), wanted, "With map 2 on at row 1, column 3, the result for class 5")


CAM = Exercise(
    id="09.1",
    title="Class activation map",
    task="Write activation_map: the maps of the last layer, weighted by the dense layer's row of class c and added up.",
    solution=activation_map,
    cases=lambda: [(*_pooling_net(21)[:2], 4), (*_pooling_net(23)[:2], 0)],
    laws=(mean_is_the_score, each_place_by_itself),
    shape=lambda maps, weight, c: (len(maps), *maps.shape[2:]),
    hints=(
        "The score is the sum over k of weight[c, k] times the mean of map k. Which part of it comes from one place?",
        "weight[c] has K numbers. They have to meet axis 1 of maps: weight[c].view(-1, 1, 1) * maps does that.",
        "Then add up over the axis of the maps, dim=1, and over nothing else.",
    ),
    wrong=(
        unweighted,
        weights_of_all_classes,
        column_instead_of_row,
        positive_only,
        absolute_weights,
        mean_of_the_parts,
        the_score_instead,
    ),
)

# --- 09.2 a wrong axis ----------------------------------------------------------------------------------------------


def enlarge(values, height, width):
    """Draw each value of a map as a block of pixels, so that it fits over the picture.

    values is (N, h, w); height is a multiple of h, width of w. Returns a tensor (N, height, width).
    """
    _, h, w = values.shape
    return values.repeat_interleave(height // h, dim=1).repeat_interleave(width // w, dim=2)


def rows_and_columns_exchanged(values, height, width):
    """Your map is mirrored at its diagonal: rows and columns are exchanged. Axis 1 is the height, axis 2 the width."""
    return enlarge(values.mT, height, width)


def read_in_the_wrong_order(values, height, width):
    """You reshape (N, h, w) to (N, w, h): that tears rows apart. Reshaping never exchanges axes; you need neither."""
    n, h, w = values.shape
    return enlarge(values.reshape(n, w, h), height, width)


def tiles(values, height, width):
    """You repeat the whole map like tiles: repeat each value instead (repeat_interleave)."""
    return values.repeat(1, height // values.shape[1], width // values.shape[2])


def upside_down(values, height, width):
    """Your map is upside down: row 0 is the top row of the picture, too."""
    return enlarge(values, height, width).flip(1)


def shared_out(values, height, width):
    """You divide each value among its pixels: keep it, the colours shall say what the layer said."""
    return enlarge(values, height, width) * values[0].numel() / (height * width)


def one_place_lights_one_block(student):
    """a single value lights the block of pixels over which it lies, on maps that are no squares"""
    for h, w, row, column in ((2, 3, 0, 2), (3, 2, 2, 0), (4, 4, 1, 3)):
        values = torch.zeros(1, h, w, dtype=torch.float64)
        values[0, row, column] = 2
        wanted = torch.zeros(1, 12, 12, dtype=torch.float64)
        wanted[0, row * 12 // h : (row + 1) * 12 // h, column * 12 // w : (column + 1) * 12 // w] = 2
        where = f"The pixels of a map of {h} x {w} that is on at row {row}, column {column}"
        expect(student(values, 12, 12), wanted, where)


def means_stay(student):
    """the mean of a map stays what it was"""
    values = normal(29, 2, 2, 4)
    expect(student(values, 6, 8).mean(dim=(1, 2)), values.mean(dim=(1, 2)), "The mean over the pixels")


ENLARGE = Exercise(
    id="09.2",
    title="A map on the wrong axis",
    task="Repair enlarge: each value of a map (N, h, w) becomes a block of pixels of (N, height, width).",
    solution=enlarge,
    cases=lambda: [(normal(31, 2, 6, 6), 12, 12), (normal(33, 2, 2, 3), 12, 12)],
    laws=(one_place_lights_one_block, means_stay),
    shape=lambda values, height, width: (len(values), height, width),
    hints=(
        "Try it by hand on a map of 2 x 3 with a single 1 in it: which pixels should light up?",
        "Two steps: make every row height / h rows, then every column width / w columns.",
        "values.repeat_interleave(2, dim=1) doubles each row in place; repeat() puts a second map below the first.",
    ),
    wrong=(rows_and_columns_exchanged, read_in_the_wrong_order, tiles, upside_down, shared_out),
)

# --- 09.3 the weights of Grad-CAM -----------------------------------------------------------------------------------


def grad_cam_weights(head, maps, c):
    """The mean over all places of the gradient of the score of class c, for each of the K maps.

    head gives scores (N, classes) for maps (N, K, h, w); c is a class index. Returns a tensor (N, K).
    """
    maps = maps.detach().clone().requires_grad_()
    slopes = torch.autograd.grad(head(maps)[:, c].sum(), maps)[0]
    return slopes.mean(dim=(2, 3))


def _slopes(head, maps, score):
    maps = maps.detach().clone().requires_grad_()
    return torch.autograd.grad(score(head(maps)).sum(), maps)[0]


def summed_over_places(head, maps, c):
    """You add up over the places: Grad-CAM averages them. (The sum gives the weights of CAM on a pooling net.)"""
    return _slopes(head, maps, lambda scores: scores[:, c]).sum(dim=(2, 3))


def weights_from_all_classes(head, maps, c):
    """You differentiate the scores of all classes at once: choose column c of head(maps) first."""
    return _slopes(head, maps, lambda scores: scores).mean(dim=(2, 3))


def weights_from_probability(head, maps, c):
    """You differentiate the softmax probability, which also falls when other classes rise. Use the score."""
    return _slopes(head, maps, lambda scores: scores.softmax(dim=1)[:, c]).mean(dim=(2, 3))


def positive_slopes_only(head, maps, c):
    """You cut the slopes at zero before you average: that is half of Grad-CAM++. Here negative ones count, too."""
    return _slopes(head, maps, lambda scores: scores[:, c]).clamp(min=0).mean(dim=(2, 3))


def slopes_times_maps(head, maps, c):
    """You multiply the slopes by the maps before you average: the maps come in later, when they are added up."""
    return (_slopes(head, maps, lambda scores: scores[:, c]) * maps).mean(dim=(2, 3))


def mean_over_the_maps(head, maps, c):
    """You average over the maps (dim 1): average over the places (dims 2 and 3), and keep one weight a map."""
    return _slopes(head, maps, lambda scores: scores[:, c]).mean(dim=1)


def mean_over_the_batch(head, maps, c):
    """Your weights are divided by the number of pictures: sum the scores over the batch before you differentiate."""
    return grad_cam_weights(head, maps, c) / len(maps)


class _Dense:
    """A head of two dense layers on all values of the maps, ``(N, 3, 2, 4) -> (N, 4)``."""

    def __init__(self, seed):
        self.first, self.last = linear(seed, 24, 12), linear(seed + 1, 12, 4)

    def __call__(self, maps):
        return self.last(self.first(maps.flatten(1)).relu())


def _head_case(seed):
    return _Dense(seed), normal(seed + 2, 3, 3, 2, 4), 1


def raise_one_map(student):
    """finite differences: raise a whole map by a little, on a hidden net with two dense layers as a head"""
    head, maps, c = _head_case(35)
    wanted, step = torch.zeros(3, 3, dtype=torch.float64), 1e-6
    for k in range(3):
        shift = torch.zeros_like(maps)
        shift[:, k] = step
        wanted[:, k] = (head(maps + shift) - head(maps - shift))[:, c] / (2 * step) / 8
    expect(student(head, maps, c), wanted, "The weights for a hidden head of two dense layers")


def weights_of_the_dense_layer(student):
    """after global average pooling they are the dense layer's weights, divided by the number of places"""
    net = convnet(39)
    maps = net[:2](normal(40, 2, 1, 5, 6))
    wanted = (net[4].weight[2] / 12).expand(2, 6)
    expect(student(net[2:], maps, 2), wanted, "The weights for a hidden net with global average pooling")


def pictures_apart(student):
    """the weights of a picture do not depend on the others in the batch"""
    head, maps, c = _head_case(41)
    expect(student(head, maps, c)[2:], student(head, maps[2:], c), "The weights of one picture, compared with a batch,")


GRAD_CAM = Exercise(
    id="09.3",
    title="The weights of Grad-CAM",
    task="Write grad_cam_weights: the gradient of score c by each map, averaged over its places.",
    solution=grad_cam_weights,
    cases=lambda: [_head_case(35), _head_case(43)],
    laws=(raise_one_map, weights_of_the_dense_layer, pictures_apart),
    shape=lambda head, maps, c: tuple(maps.shape[:2]),
    hints=(
        "Here the maps are the input: make a copy of them that requires a gradient, and run the head on it.",
        "torch.autograd.grad(head(maps)[:, c].sum(), maps)[0] has the shape of maps, (N, K, h, w).",
        "Average over the rows and columns of each map, and over nothing else.",
    ),
    wrong=(
        summed_over_places,
        weights_from_all_classes,
        weights_from_probability,
        positive_slopes_only,
        slopes_times_maps,
        mean_over_the_maps,
        mean_over_the_batch,
    ),
)

# --- 09.4 the weights of Grad-CAM++ ---------------------------------------------------------------------------------


def plus_plus_weights(maps, slopes):
    """The weights of Grad-CAM++, for each map: the sum over its places of alpha times the positive part of the slope.

    maps A and slopes g are (N, K, h, w); alpha = g² / (2 g² + (sum of A over the map) g³), and 0 where g is 0.
    Returns a tensor (N, K).
    """
    total = maps.sum(dim=(2, 3), keepdim=True)
    bottom = 2 * slopes**2 + total * slopes**3
    alpha = torch.where(bottom == 0, 0, slopes**2 / torch.where(bottom == 0, 1, bottom))
    return (alpha * slopes.clamp(min=0)).sum(dim=(2, 3))


def _weighted(slopes, bottom):
    alpha = torch.where(bottom == 0, 0, slopes**2 / torch.where(bottom == 0, 1, bottom))
    return (alpha * slopes.clamp(min=0)).sum(dim=(2, 3))


def zero_over_zero(maps, slopes):
    """Where the slope is 0 you divide 0 by 0, which is NaN: set alpha to 0 there (torch.where)."""
    bottom = 2 * slopes**2 + maps.sum(dim=(2, 3), keepdim=True) * slopes**3
    return (slopes**2 / bottom * slopes.clamp(min=0)).sum(dim=(2, 3))


def sum_of_the_products(maps, slopes):
    """You sum A g³ over the places: sum A alone, and multiply by the g³ of each place."""
    return _weighted(slopes, 2 * slopes**2 + (maps * slopes**3).sum(dim=(2, 3), keepdim=True))


def no_sum(maps, slopes):
    """You use A of the place itself: alpha has the sum of A over the whole map in it."""
    return _weighted(slopes, 2 * slopes**2 + maps * slopes**3)


def mean_of_the_map(maps, slopes):
    """You use the mean of A: alpha has the sum of A over the whole map in it."""
    return _weighted(slopes, 2 * slopes**2 + maps.mean(dim=(2, 3), keepdim=True) * slopes**3)


def without_denominator(maps, slopes):
    """Your alpha is g² alone: divide by 2 g² + (sum of A) g³."""
    return (slopes**2 * slopes.clamp(min=0)).sum(dim=(2, 3))


def negative_slopes_too(maps, slopes):
    """You multiply alpha by the slope: Grad-CAM++ uses its positive part only."""
    return plus_plus_weights(maps, slopes) - plus_plus_weights(-maps, -slopes)


def mean_of_slopes(maps, slopes):
    """These are the weights of Grad-CAM, the mean of the slopes: weight each slope by its alpha."""
    return slopes.mean(dim=(2, 3))


def _plus_plus_case(seed, zeros=False):
    maps, slopes = normal(seed, 2, 3, 3, 4).clamp(min=0), normal(seed + 1, 2, 3, 3, 4)
    if zeros:
        slopes[:, :, 0] = 0
    return maps, slopes


def place_by_place(student):
    """the formula, place by place, on hidden maps and slopes"""
    maps, slopes = _plus_plus_case(45)
    wanted = torch.zeros(2, 3, dtype=torch.float64)
    for n in range(2):
        for k in range(3):
            total = float(maps[n, k].sum())
            for g in slopes[n, k].flatten().tolist():
                wanted[n, k] += g**2 / (2 * g**2 + total * g**3) * max(g, 0)
    expect(student(maps, slopes), wanted, "The weight of a hidden map")


def zero_slopes(student):
    """slopes of zero add nothing, and a map on which the score does not depend has weight 0"""
    maps, slopes = _plus_plus_case(47)
    slopes[:, 1] = 0
    slopes[:, :, 1:] = 0
    slopes[:, :, :, 2:] = 0
    g, total = slopes.clamp(min=0)[:, :, 0, :2], maps.sum(dim=(2, 3))[..., None]
    expect(student(maps, slopes), (g / (2 + total * g)).sum(dim=2), "The weight of a hidden map with slopes of zero")


def large_and_small(student):
    """of a thing that fires on 12 places and one that fires on 1, both with slope 1, the weights are 12/14 and 1/3"""
    maps = torch.zeros(1, 2, 4, 6, dtype=torch.float64)
    maps[0, 0, :3, :4], maps[0, 1, 3, 5] = 1, 1
    wanted = torch.tensor([[12 / 14, 1 / 3]], dtype=torch.float64)
    expect(student(maps, maps.clone()), wanted, "The weight of a map that fires on 12 places, and of one with 1,")


PLUS_PLUS = Exercise(
    id="09.4",
    title="The weights of Grad-CAM++",
    task="Write plus_plus_weights: the positive slopes of each map, each weighted by its alpha, added up.",
    solution=plus_plus_weights,
    cases=lambda: [_plus_plus_case(45), _plus_plus_case(47, zeros=True)],
    laws=(place_by_place, zero_slopes, large_and_small),
    shape=lambda maps, slopes: tuple(maps.shape[:2]),
    hints=(
        "Write the formula down: alpha has one value a place, only the sum of A is the same for a whole map.",
        "maps.sum(dim=(2, 3), keepdim=True) has the shape (N, K, 1, 1) and so meets every place of its map.",
        "torch.where(condition, a, b) computes both a and b: make the denominator 1 where it is 0 before you divide.",
    ),
    wrong=(
        zero_over_zero,
        sum_of_the_products,
        no_sum,
        mean_of_the_map,
        without_denominator,
        negative_slopes_too,
        mean_of_slopes,
    ),
)

# --- 09.5 the pointing game -----------------------------------------------------------------------------------------


def pointing_game(maps, masks):
    """The share of the maps whose largest value lies inside the object. A map without a positive value misses.

    maps is (N, H, W), masks (N, H, W) bool. Returns one number in [0, 1].
    """
    flat = maps.flatten(1)
    peaks = flat.argmax(dim=1, keepdim=True)
    inside = masks.flatten(1).gather(1, peaks)[:, 0]
    return (inside & (flat.amax(dim=1) > 0)).double().mean()


def empty_maps_hit(maps, masks):
    """A map without a positive value points nowhere: count it as a miss, wherever its largest value is."""
    return masks.flatten(1).gather(1, maps.flatten(1).argmax(dim=1, keepdim=True)).double().mean()


def strongest_of_either_sign(maps, masks):
    """You look for the largest absolute value: a place that speaks against the class does not point to it."""
    return pointing_game(maps.abs(), masks)


def energy_inside(maps, masks):
    """This is the share of the positive values inside the object, the energy. The game asks only for the peak."""
    positive = maps.clamp(min=0)
    inside = (positive * masks).flatten(1).sum(dim=1)
    return (inside / positive.flatten(1).sum(dim=1).clamp(min=1e-12)).mean()


def something_inside(maps, masks):
    """You ask whether anything positive lies inside: a map that is positive everywhere would always win."""
    return ((maps > 0) & masks).flatten(1).any(dim=1).double().mean()


def one_peak_for_all(maps, masks):
    """You look for one peak in the whole batch: each map has its own. Flatten from axis 1 on, maps.flatten(1)."""
    return masks.flatten()[maps.flatten().argmax()].double()


def _pointing_case(hits, seed):
    """Maps (N, 4, 5) with the peak in or out of their masks, one with values below zero only, and a strong minimum."""
    maps = 0.1 * normal(seed, len(hits) + 1, 4, 5)
    masks = torch.zeros(len(hits) + 1, 4, 5, dtype=torch.bool)
    masks[:, 1:3, 2:4] = True
    for n, hit in enumerate(hits):
        maps[n, 2 if hit else 0, 3 if hit else n % 5] = 1 + 0.1 * n
        maps[n, 0 if hit else 1, 0 if hit else 2] = -2
    if not hits[0]:
        maps[0][masks[0]] = -0.1
    maps[-1] = -1 - maps[-1].abs()
    maps[-1, 1, 2] = -0.5
    return maps, masks


def known_hits(student):
    """three hits, one miss and a map that is negative everywhere: 3 of 5"""
    found = student(*_pointing_case([True, False, True, True], 51))
    expect(found, torch.tensor(0.6, dtype=torch.float64), "The share with 3 hits, 1 miss and a map below zero")


def all_and_none(student):
    """2 of 3 where both other maps hit, 0 of 3 where none does"""
    two = student(*_pointing_case([True, True], 53))
    none = student(*_pointing_case([False, False], 55))
    expect(two, torch.tensor(2 / 3, dtype=torch.float64), "The share with 2 hits and a map below zero")
    expect(none, torch.tensor(0.0, dtype=torch.float64), "The share with 2 misses and a map below zero")


POINTING = Exercise(
    id="09.5",
    title="The pointing game",
    task="Write pointing_game: the share of the maps whose largest value lies inside the object's mask.",
    solution=pointing_game,
    cases=lambda: [_pointing_case([True, False, True, True], 51), _pointing_case([False, True], 57)],
    laws=(known_hits, all_and_none),
    shape=lambda maps, masks: (),
    hints=(
        "Where is the largest value of each map? argmax looks for one axis, so make one of the rows and columns.",
        "maps.flatten(1).argmax(dim=1, keepdim=True) and masks.flatten(1).gather(1, ...) fit together.",
        "Multiply by a second condition, that the largest value is above zero, and take the mean as numbers.",
    ),
    wrong=(
        empty_maps_hit,
        strongest_of_either_sign,
        energy_inside,
        something_inside,
        one_peak_for_all,
    ),
)

EXERCISES = (CAM, ENLARGE, GRAD_CAM, PLUS_PLUS, POINTING)
