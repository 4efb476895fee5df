import numpy as np
import pytest
import torch

from xaiwidgets.datasets import Dataset, SceneObject


def small(count: int = 4) -> Dataset:
    masks = torch.zeros(count, 2, 2, dtype=torch.bool)
    masks[:, 0, 0] = True
    images = torch.linspace(0, 1, count * 12).reshape(count, 3, 2, 2)
    objects = tuple((SceneObject("car", mask),) for mask in masks)
    return Dataset("toy", images, torch.arange(count) % 2, ("car", "cup"), masks, objects, "test")


@pytest.mark.parametrize(
    ("indices", "expected"),
    [
        (2, [2]),
        (-1, [3]),
        (slice(1, 3), [1, 2]),
        ([3, 0], [3, 0]),
        (torch.tensor([1, 1]), [1, 1]),
        (np.array([0, 2]), [0, 2]),
        (torch.tensor([True, False, False, True]), [0, 3]),
        ([], []),
    ],
)
def test_choosing_keeps_everything_together(indices, expected):
    whole = small()
    part = whole[indices]
    assert len(part) == len(expected)
    assert torch.equal(part.images, whole.images[expected])
    assert part.labels.tolist() == [whole.labels[i].item() for i in expected]
    assert torch.equal(part.masks, whole.masks[expected])
    assert part.objects == tuple(whole.objects[i] for i in expected)
    assert (part.name, part.class_names, part.split) == ("toy", ("car", "cup"), "test")


def test_an_index_outside_is_an_error_and_iteration_ends():
    with pytest.raises(IndexError):
        small()[4]
    assert [len(one) for one in small()] == [1, 1, 1, 1]


def test_what_is_chosen_is_a_copy():
    whole = small()
    whole[1:3].images.zero_()
    assert whole.images[1:3].sum() > 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"images": torch.zeros(4, 2, 2)}, r"images must be \(N, C, H, W\) floating point, got \(4, 2, 2\)"),
        ({"images": torch.zeros(4, 3, 2, 2, dtype=torch.uint8)}, "floating point, got .* torch.uint8"),
        ({"labels": torch.zeros(3, dtype=torch.int64)}, r"labels must be \(4,\) int64, .* got \(3,\)"),
        ({"labels": torch.zeros(4)}, "labels must be .* torch.float32"),
        ({"masks": torch.zeros(4, 2, 2)}, r"masks must be \(4, 2, 2\) bool or None, got .* torch.float32"),
        ({"masks": torch.zeros(4, 2, 3, dtype=torch.bool)}, r"masks must be .* got \(4, 2, 3\)"),
        ({"objects": ()}, "objects must hold one tuple for each of 4 images, got 0"),
    ],
)
def test_parts_that_do_not_fit_are_refused(change, message):
    whole = small()
    fields = {name: getattr(whole, name) for name in ("images", "labels", "masks", "objects")}
    with pytest.raises(ValueError, match=message):
        Dataset("toy", class_names=("car", "cup"), **fields | change)


def test_describe_tells_everything_in_plain_text():
    assert small().describe().splitlines() == [
        "dataset   toy, test split",
        "pictures  4, RGB, 2 x 2 pixels",
        "images    (4, 3, 2, 2) float32, values 0.00 to 1.00",
        "classes   2: car, cup",
        "per class 2 pictures",
        "masks     25% of the pixels show the labelled class; pictures: 4 with 1 object",
    ]


def test_describe_without_masks_and_without_pictures():
    bare = Dataset("bare", torch.zeros(3, 1, 2, 2), torch.tensor([0, 0, 1]), ("a", "b"))
    assert "masks     none" in bare.describe()
    assert "per class 1 to 2 pictures" in bare.describe()
    assert "pictures  0, grey, 2 x 2 pixels" in bare[[]].describe()
    assert "no pixels" in small()[[]].describe()
