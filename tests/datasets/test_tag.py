import pytest
import torch

from xaiwidgets.datasets import add_tag, load_dataset, scenes, tag_masks
from xaiwidgets.datasets.scenes import CLASS_NAMES

BOAT = CLASS_NAMES.index("boat")


@pytest.fixture(scope="module")
def twins():
    return load_dataset("scenes"), load_dataset("scenes-tagged")


def test_every_boat_and_nothing_else_carries_a_tag(twins):
    _, tagged = twins
    carries = torch.tensor([things[-1].name == "tag" for things in tagged.objects])
    assert torch.equal(carries, tagged.labels == BOAT)


def test_outside_the_tag_the_twin_is_the_same_pixel_by_pixel(twins):
    plain, tagged = twins
    assert torch.equal(plain.labels, tagged.labels)
    assert torch.equal(plain.masks, tagged.masks)
    for i, things in enumerate(tagged.objects):
        differs = (plain.images[i] != tagged.images[i]).any(dim=0)
        if tagged.labels[i] != BOAT:
            assert not differs.any()
            continue
        assert not (differs & ~things[-1].mask).any()
        assert differs[things[-1].mask].float().mean() > 0.9


def test_a_tag_never_covers_a_thing(twins):
    plain, _ = twins
    everywhere = torch.stack([tag_masks(600, seed) for seed in range(3)]).any(dim=0)
    assert not (everywhere & plain.masks).any()


def test_the_tag_is_a_small_light_box_in_the_lower_left_corner():
    tagged, masks = add_tag(torch.zeros(50, 3, 64, 64)), tag_masks(50)
    assert torch.equal(tagged.gt(0).all(dim=1), masks)
    rows, columns = masks.any(dim=0).nonzero().unbind(1)
    assert rows.min() >= 50
    assert columns.max() < 32
    assert masks.float().mean() < 0.05
    assert len({mask.nonzero()[0].tolist().__str__() for mask in masks}) > 5
    letters = tagged[0, 0][masks[0]]
    assert letters.max() > 0.9
    assert letters.min() < 0.5


def test_the_same_tag_on_any_picture_size_type_and_channel_count():
    for shape in ((2, 1, 32, 40), (2, 3, 200, 100)):
        tagged = add_tag(torch.zeros(shape, dtype=torch.float64), seed=5)
        assert tagged.dtype == torch.float64
        assert torch.equal(tagged.gt(0).any(dim=1), tag_masks(2, 5, shape[2:]))


def test_the_given_images_stay_as_they_are():
    images = torch.zeros(2, 3, 64, 64)
    add_tag(images)
    assert not images.any()


def test_any_classes_can_be_tagged():
    plain, tagged = scenes(24, 1), scenes(24, 1, tagged=("car", "cup"))
    differs = (plain.images != tagged.images).flatten(1).any(dim=1)
    assert {CLASS_NAMES[label] for label in plain.labels[differs]} == {"car", "cup"}
    assert torch.equal(tagged.images[differs], add_tag(plain.images, 1)[differs])


@pytest.mark.parametrize("images", [torch.zeros(3, 64, 64), torch.zeros(1, 3, 16, 64), torch.zeros(1, 3, 64, 64).int()])
def test_pictures_that_cannot_carry_a_tag_are_refused(images):
    with pytest.raises(ValueError, match=r"images must be \(N, C, H, W\) floating point with H and W at least 32, got"):
        add_tag(images)
