"""What class activation maps ask of a net's head: global average pooling and one dense layer, checked or fitted."""

import copy

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from xaiwidgets.borrow import borrow
from xaiwidgets.methods.cam_layers import Seen, chosen_layer, maps_of
from xaiwidgets.methods.inputs import check_x, class_scores
from xaiwidgets.methods.layers import tapped
from xaiwidgets.progress import track

HELD_OUT = 5  # every fifth picture measures the accuracy of a fitted head
BATCH = 64
PENALTY = 1e-3  # on the squared weights of a fitted head, whose inputs have variance 1


def check_head(model: nn.Module, x: Tensor, target: Tensor, seen: Seen) -> None:
    """Raise an error unless the logits are a linear function of the mean of each map of `seen`.

    Checked in numbers, so that it does not matter how the head is written: the gradient is the same at every place, and
    the logits that the head gives to other maps (all zero; the maps flipped, their channels exchanged) obey
    `S = b + Σ_k w_k mean(A_k)`.
    """
    flipped = seen.maps[:1].flip(list(range(1, seen.maps.ndim)))
    probes, images = torch.cat([torch.zeros_like(flipped), flipped]), x[:1].repeat(2, *[1] * (x.ndim - 1))
    with torch.inference_mode(False), torch.no_grad(), tapped(model.model, seen.layer, cut=True, instead=probes):
        bias, other = class_scores(model, images)
    slopes, places = seen.gradients.flatten(2), seen.maps[0, 0].numel()
    weights = slopes.sum(2)
    parts = torch.cat([weights, weights[:1]]) * torch.cat([seen.maps, flipped]).flatten(2).mean(2)
    classes = torch.cat([target, target[:1]])
    gap = float((bias[classes] + parts.sum(1) - torch.cat([seen.scores, other[target[:1]]])).abs().max())
    uneven = float((slopes * places - weights[:, :, None]).abs().max())
    near, scale = torch.finfo(x.dtype).eps ** 0.5, float(parts.abs().sum(1).max() + bias.abs().max())
    if gap > near * scale or uneven > near * float(weights.abs().max()):
        raise ValueError(
            f"cam needs global average pooling and one dense layer right after layer {seen.layer!r}; here the logit is "
            f"no linear function of the mean of its maps (off by up to {max(gap, uneven):.2g}). Use another "
            f"layer, grad_cam, or cam on fit_pooling_head(model, {seen.layer!r}, images, labels)"
        )


class PoolingNet(nn.Module):
    """The frozen features of a net up to a layer, global average pooling and one fitted dense layer.

    Attributes:
        accuracy: share of right answers on the fifth of the pictures that was held out.
        train_accuracy: on the pictures that the head was fitted to.
    """

    def __init__(self, features: nn.Module, layer: str, dense: nn.Linear) -> None:
        super().__init__()
        self.features, self.layer = features, layer
        self.maps, self.dense = nn.Identity(), dense
        self.accuracy = self.train_accuracy = float("nan")

    def forward(self, x: Tensor) -> Tensor:
        """Inputs as the net takes them -> logits `(N, K)` of the fitted head."""
        with tapped(self.features, self.layer) as tap:
            self.features(x)
        return self.dense(self.maps(tap.output).flatten(2).mean(2))

    def extra_repr(self) -> str:
        """How good the head is."""
        return f"layer={self.layer!r}, accuracy={self.accuracy:.3f} held out, {self.train_accuracy:.3f} in fitting"


def fit_pooling_head(model: nn.Module, layer: str | None, images: Tensor, labels: Tensor) -> PoolingNet:
    """What would the net answer if its head were global average pooling and one dense layer?

    The trick of the CAM paper for nets with another head: keep the features up to `layer`, average each map, and fit a
    dense layer with softmax (cross-entropy plus a small penalty on the weights). `cam` of the result shows where the
    *features* find a class; what the net's own head did with them is replaced. Zhou et al. 2016,
    https://arxiv.org/abs/1512.04150, section 3.

    Args:
        model: any net with spatial maps; left as it was found, its weights are shared and never trained.
        layer: name of the module whose maps are pooled; None: the last one with maps.
        images: `(N, C, H, W)`; every fifth is held out to measure the accuracy.
        labels: true classes, `(N,)`.

    Returns:
        A net `(N, C, H, W)` -> logits `(N, K)`, with `accuracy` and `train_accuracy`. Its features are the model's own
        weights: training it further would change the model.

    Raises:
        TypeError, ValueError: naming the argument, what came and what was expected.
    """
    model = borrow(model)
    images = check_x(model, images)
    labels = _checked_labels(labels, images)
    layer = chosen_layer(model, images, layer)
    starts = track(range(0, len(images), BATCH), "Pooling")
    pooled = torch.cat([maps_of(model, images[start : start + BATCH], layer).flatten(2).mean(2) for start in starts])
    held_out = torch.arange(len(images), device=images.device) % HELD_OUT == HELD_OUT - 1
    dense = _fitted(pooled[~held_out], labels[~held_out], int(labels.max()) + 1)
    shared = {id(weight): weight for weight in model.model.parameters()}
    net = PoolingNet(copy.deepcopy(model.model, shared), layer, dense).eval().requires_grad_(False)
    right = dense(pooled).argmax(1) == labels
    net.accuracy, net.train_accuracy = float(right[held_out].float().mean()), float(right[~held_out].float().mean())
    return net


def _checked_labels(labels: Tensor, images: Tensor) -> Tensor:
    labels = torch.as_tensor(labels, device=images.device)
    if labels.shape != (len(images),) or labels.is_floating_point() or labels.dtype == torch.bool:
        raise ValueError(f"labels must be class indices ({len(images)},), got {tuple(labels.shape)} {labels.dtype}")
    if len(images) < 2 * HELD_OUT or int(labels.min()) < 0 or int(labels.max()) < 1:
        raise ValueError(
            f"labels must hold at least {2 * HELD_OUT} pictures of classes from 0 up, two or more, got "
            f"{len(images)} from {int(labels.min())} to {int(labels.max())}"
        )
    return labels.long()


def _fitted(features: Tensor, labels: Tensor, classes: int) -> nn.Linear:
    """Multinomial logistic regression; the standardization of the features is merged into the layer."""
    center, spread = features.double().mean(0), features.double().std(0)
    spread = torch.where(spread > 0, spread, 1)
    z = (features.double() - center) / spread
    with torch.inference_mode(False), torch.enable_grad():
        weight = torch.zeros(classes, z.shape[1], dtype=z.dtype, device=z.device, requires_grad=True)
        bias = torch.zeros(classes, dtype=z.dtype, device=z.device, requires_grad=True)
        optimizer = torch.optim.LBFGS([weight, bias], max_iter=200, line_search_fn="strong_wolfe")

        def loss() -> Tensor:
            optimizer.zero_grad()
            value = F.cross_entropy(F.linear(z, weight, bias), labels) + PENALTY * weight.square().sum() / 2
            value.backward()
            return value

        optimizer.step(loss)
    dense = nn.Linear(features.shape[1], classes).to(features).requires_grad_(False)
    dense.weight.copy_(weight.detach() / spread)
    dense.bias.copy_(bias.detach() - (weight.detach() / spread) @ center)
    return dense
