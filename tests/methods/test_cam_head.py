"""Heads on which CAM is exact, heads on which it is refused, and fitted ones."""

import pytest
import torch
from cam_nets import pooling_net
from nets import NETS, net, snapshot
from torch import nn
from torch.nn import functional as F

from xaiwidgets.methods.cam import cam, fit_pooling_head, grad_cam, guided_grad_cam
from xaiwidgets.methods.gradients import gradient


class Head(nn.Module):
    """A convolution with ReLU, and a head that is written in some way."""

    def __init__(self, head):
        super().__init__()
        torch.manual_seed(3)
        self.features = nn.Sequential(nn.Conv2d(2, 6, 3), nn.ReLU())
        self.first, self.dense = nn.Linear(6, 6, bias=False), nn.Linear(6, 4)
        self.head = head
        self.double()

    def forward(self, x):
        return HEADS[self.head](self, self.features(x))


HEADS = {
    "mean": lambda net, a: net.dense(a.mean((2, 3))),
    "average of all": lambda net, a: F.linear(
        F.avg_pool2d(a, a.shape[2:]).flatten(1), net.dense.weight, net.dense.bias
    ),
    "1 x 1 convolution": lambda net, a: F.conv2d(a, net.dense.weight[:, :, None, None], net.dense.bias).mean((2, 3)),
    "two dense layers without ReLU": lambda net, a: net.dense(net.first(a.mean((2, 3)))),
    "sum": lambda net, a: net.dense(a.sum((2, 3))),
    "maximum": lambda net, a: net.dense(a.amax((2, 3))),
    "hidden ReLU": lambda net, a: net.dense(net.first(a.mean((2, 3))).relu()),
    "no bias, hidden ReLU": lambda net, a: F.linear(net.first(a.mean((2, 3))).relu(), net.dense.weight),
    "squared": lambda net, a: net.dense(a.square().mean((2, 3))),
    "upper half": lambda net, a: net.dense(a[:, :, :3].mean((2, 3))),
    "softmax": lambda net, a: net.dense(a.mean((2, 3))).softmax(1),
    "ReLU of a shifted map": lambda net, a: net.dense((a - 0.5).relu().mean((2, 3))),
}
EXACT = list(HEADS)[:5]


@pytest.mark.parametrize("head", EXACT)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_any_spelling_of_the_head_is_exact(head, dtype):
    model, x = Head(head).to(dtype), torch.randn(4, 2, 9, 8, dtype=dtype)
    target = torch.tensor([3, 0, 1, 0])
    logits = model(x).gather(1, target[:, None])[:, 0].detach()
    torch.testing.assert_close(cam(model, x, target).mean((1, 2)) + model.dense.bias[target].detach(), logits)


@pytest.mark.parametrize("head", [head for head in HEADS if head not in EXACT])
@pytest.mark.filterwarnings("ignore:model returns probabilities")
def test_other_heads_are_refused_and_a_way_out_is_named(head):
    model, x = Head(head), torch.randn(3, 2, 9, 8, dtype=torch.float64)
    message = r"right after layer 'features.1'.* cam on fit_pooling_head\(model, 'features.1', images, labels\)"
    with pytest.raises(ValueError, match=message):
        cam(model, x, 1)


@pytest.mark.parametrize("name", [name for name in NETS if name not in ("dense", "skip, BatchNorm, reused ReLU")])
def test_trap_nets_without_such_a_head_are_refused(name):
    model, x, target = net(name)
    with pytest.raises(ValueError, match="cam needs global average pooling and one dense layer"):
        cam(model, x, target)


def blobs(count=120):
    """Pictures of two classes by what is in them, in either half: a bright square or a bright bar; and of a third."""
    generator = torch.Generator().manual_seed(0)
    images, labels = 0.1 * torch.rand(count, 1, 12, 12, generator=generator), torch.arange(count) % 3
    corners = torch.randint(0, 8, (count, 2), generator=generator)
    for image, label, (row, column) in zip(images, labels, corners.tolist(), strict=True):
        if label == 1:
            image[0, row : row + 3, column : column + 3] += 1
        if label == 2:
            image[0, row, :] += 1
    return images, labels, corners


def features_and_dense():
    torch.manual_seed(1)
    return nn.Sequential(nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(inplace=True), nn.Flatten(), nn.Linear(2304, 3))


@pytest.fixture(scope="module")
def fitted():
    images, labels, _ = blobs()
    return fit_pooling_head(features_and_dense(), "1", images, labels)


def test_a_fitted_head_answers_and_its_cam_is_exact(fitted):
    images, labels, _ = blobs()
    assert fitted.accuracy > 0.9
    right = fitted(images).argmax(1) == labels
    held_out = torch.arange(len(labels)) % 5 == 4
    assert fitted.accuracy == pytest.approx(float(right[held_out].float().mean()))
    assert fitted.train_accuracy == pytest.approx(float(right[~held_out].float().mean()))
    found = cam(fitted, images[:6], 1)
    logits = fitted(images[:6])[:, 1]
    torch.testing.assert_close(found.mean((1, 2)) + fitted.dense.bias[1], logits, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(grad_cam(fitted, images[:6], 1), found.clamp(min=0) / 144, rtol=1e-4, atol=1e-6)
    assert "layer='1', accuracy=" in repr(fitted)


def test_its_head_pools_the_maps_of_the_layer(fitted):
    images, _, _ = blobs(4)
    maps = features_and_dense()[:2](images)
    expected = F.linear(maps.mean((2, 3)), fitted.dense.weight, fitted.dense.bias)
    torch.testing.assert_close(fitted(images), expected.detach())


def test_its_cam_lies_on_the_square(fitted):
    images, labels, corners = blobs()
    squares = labels == 1
    for map, (row, column) in zip(cam(fitted, images[squares], 1), corners[squares].tolist(), strict=True):
        peak = divmod(int(map.argmax()), 12)
        assert row - 1 <= peak[0] <= row + 3
        assert column - 1 <= peak[1] <= column + 3


def test_a_fitted_net_can_be_explained_to_the_pixels(fitted):
    images, _, _ = blobs(3)
    leaf = images.clone().requires_grad_()
    expected = torch.autograd.grad(fitted(leaf)[:, 2].sum(), leaf)[0]
    torch.testing.assert_close(gradient(fitted, images, 2), expected)
    assert guided_grad_cam(fitted, images, 2).abs().sum() > 0


def test_the_fit_is_the_optimum_of_its_loss():
    """At the optimum of cross-entropy plus penalty, no small change of a weight lowers the loss."""
    images, labels, _ = blobs()
    fitted = fit_pooling_head(features_and_dense(), "1", images, labels)
    kept = torch.arange(len(labels)) % 5 != 4
    pooled = features_and_dense()[:2](images[kept]).mean((2, 3)).double().detach()
    spread = pooled.std(0)
    weight, bias = (fitted.dense.weight.double() * spread).requires_grad_(), fitted.dense.bias.double()
    z, offset = (pooled - pooled.mean(0)) / spread, bias + (fitted.dense.weight.double() @ pooled.mean(0))
    loss = F.cross_entropy(z @ weight.T + offset, labels[kept]) + 1e-3 * weight.square().sum() / 2
    slopes = torch.autograd.grad(loss, weight)[0]
    assert slopes.abs().max() < 1e-4


def test_the_model_is_left_as_found_and_its_weights_are_shared():
    model = features_and_dense().train()
    before, (images, labels, _) = snapshot(model), blobs(30)
    fitted = fit_pooling_head(model, None, images, labels)
    assert snapshot(model) == before
    assert fitted.layer == "1"
    assert fitted.features[0].weight.data_ptr() == model[0].weight.data_ptr()
    assert not any(weight.requires_grad for weight in fitted.parameters())


def test_a_sequence_net_is_fitted_too():
    model, images = pooling_net(1), torch.randn(30, 2, 13, dtype=torch.float64)
    fitted = fit_pooling_head(model, "1", images, torch.arange(30) % 2)
    found, logits = cam(fitted, images, 1), fitted(images)[:, 1]
    assert found.shape == (30, 11)
    torch.testing.assert_close(found.mean(1) + fitted.dense.bias[1], logits)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (torch.zeros(30).long(), r"labels must hold at least 10 pictures of classes from 0 up.* from 0 to 0"),
        (torch.zeros(29).long(), r"labels must be class indices \(30,\), got \(29,\) torch.int64"),
        (torch.zeros(30), r"labels must be class indices \(30,\), got \(30,\) torch.float32"),
        (torch.arange(30) - 1, "got 30 from -1 to 28"),
    ],
)
def test_bad_labels_are_named(labels, message):
    with pytest.raises(ValueError, match=message):
        fit_pooling_head(features_and_dense(), "1", blobs(30)[0], labels)


def test_a_layer_without_maps_is_refused():
    images, labels, _ = blobs(30)
    with pytest.raises(ValueError, match="layer must have maps"):
        fit_pooling_head(features_and_dense(), "3", images, labels)
