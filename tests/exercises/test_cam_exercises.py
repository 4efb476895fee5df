"""Right answers to the exercises of notebook 09 that are written otherwise, and the package's own methods."""

import torch
from torch import nn

from xaiwidgets.exercises import check
from xaiwidgets.methods.cam import channel_weights, upsampled


def right(id, answer):
    message = check(id, answer)
    assert message.state == "correct", message


def test_cam_in_a_loop_and_as_a_matrix_product():
    def loop(maps, weight, c):
        return sum(weight[c, k] * maps[:, k] for k in range(maps.shape[1]))

    def product(maps, weight, c):
        n, _, h, w = maps.shape
        return (weight[c] @ maps.flatten(2)).view(n, h, w)

    right("09.1", loop)
    right("09.1", product)


def test_enlarge_by_indices_by_products_and_by_the_package():
    def by_indices(values, height, width):
        rows = torch.arange(height) * values.shape[1] // height
        return values[:, rows][:, :, torch.arange(width) * values.shape[2] // width]

    def by_products(values, height, width):
        return torch.kron(values, torch.ones(1, height // values.shape[1], width // values.shape[2]).double())

    right("09.2", by_indices)
    right("09.2", by_products)
    right("09.2", lambda values, height, width: upsampled(values, (height, width), "nearest"))


class Net(nn.Module):
    """A head as a whole net, whose first layer hands on its input."""

    def __init__(self, head):
        super().__init__()
        self.maps, self.head = nn.Identity(), head

    def forward(self, maps):
        return self.head(self.maps(maps))


def test_the_packages_own_weights_are_right():
    right("09.3", lambda head, maps, c: channel_weights(Net(head), maps, c, layer="maps", variant="Grad-CAM"))


def test_plus_plus_with_the_slope_cancelled():
    def cancelled(maps, slopes):
        g = slopes.clamp(min=0)
        return (g / (2 + maps.sum(dim=(2, 3), keepdim=True) * g)).sum(dim=(2, 3))

    right("09.4", cancelled)


def test_the_pointing_game_in_plain_python():
    def plain(maps, masks):
        hits = 0
        for each, mask in zip(maps, masks, strict=True):
            row, column = divmod(int(each.argmax()), each.shape[1])
            hits += bool(each.max() > 0 and mask[row, column])
        return hits / len(maps)

    right("09.5", plain)
