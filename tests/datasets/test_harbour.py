"""Pictures whose place goes with their class, their water, and pictures with nothing in them."""

import pytest
import torch

from xaiwidgets.datasets import load_dataset, scenes
from xaiwidgets.datasets.scenes import BACKGROUNDS, CLASS_NAMES

BOAT = CLASS_NAMES.index("boat")
AT_SEA = dict.fromkeys(CLASS_NAMES, ("sea",))


@pytest.fixture(scope="module")
def harbour():
    return load_dataset("scenes-harbour", count=240)


@pytest.fixture(scope="module")
def sea():
    """The same places at sea, with things and without."""
    return [scenes(60, 5, backgrounds=AT_SEA, objects=objects) for objects in ("one", "none")]


def waters(dataset):
    """The water of each picture, or an empty mask."""
    found = [[thing.mask for thing in things if thing.name == "water"] for things in dataset.objects]
    assert max(map(len, found)) <= 1
    return torch.stack([masks[0] if masks else torch.zeros(64, 64, dtype=torch.bool) for masks in found])


def test_every_boat_is_at_sea_and_nothing_else_is(harbour):
    assert torch.equal(waters(harbour).any(dim=(1, 2)), harbour.labels == BOAT)
    assert torch.bincount(harbour.labels).tolist() == [20] * 12


def test_each_class_is_drawn_where_it_may_be(monkeypatch):
    met = []
    for name, draw in list(BACKGROUNDS.items()):
        monkeypatch.setitem(BACKGROUNDS, name, lambda rng, name=name, draw=draw: met.append(name) or draw(rng))
    scenes(144, 3, backgrounds={"boat": ["sea"], "car": {"road", "night"}}, objects="none")
    assert set(met[BOAT::12]) == {"sea"}
    assert set(met[CLASS_NAMES.index("car") :: 12]) == {"road", "night"}
    assert set(met[::12] + met[2::12] + met[4::12]) == set(BACKGROUNDS)


def test_all_places_for_all_classes_are_the_usual_pictures(harbour):
    usual, named = scenes(24, 1), scenes(24, 1, backgrounds={"boat": list(BACKGROUNDS)})
    assert torch.equal(usual.images, named.images)
    assert torch.equal(usual.masks, named.masks)
    assert not waters(usual).any()
    assert waters(named).any()
    assert harbour.name == "scenes-harbour"
    assert not torch.equal(harbour.images, load_dataset("scenes", count=240).images)


def test_the_masks_show_the_things_and_not_the_water(sea):
    shown, empty = sea
    assert not empty.masks.any()
    for dataset in sea:
        assert not (dataset.masks & waters(dataset)).any()
        assert waters(dataset).any(dim=(1, 2)).all()
    for things, mask in zip(shown.objects, shown.masks, strict=True):
        assert torch.equal(torch.stack([thing.mask for thing in things[:-1]]).any(dim=0), mask)


def test_without_its_things_a_picture_is_the_same_beside_them(sea):
    shown, empty = sea
    assert torch.equal(shown.labels, empty.labels)
    differs = (shown.images != empty.images).any(dim=1)
    grown = torch.nn.functional.max_pool2d(shown.masks.float(), 3, 1, 1) > 0
    assert differs[shown.masks].float().mean() > 0.98
    assert (differs & ~grown).sum(dim=(1, 2)).max() <= 2
    hidden = waters(empty) & ~waters(shown)
    assert (hidden & ~grown).sum(dim=(1, 2)).max() <= 2  # a thing hides the water behind it, and nothing else does


def test_the_water_is_one_colour_up_to_waves_and_light(sea):
    """The mask against the pixels: below the horizon, all but the clutter, and like no pixel above the horizon."""
    _, empty = sea
    for picture, water in zip(empty.images, waters(empty), strict=True):
        rows = water.float().mean(dim=1)
        top = int(rows.gt(0.5).nonzero()[0])
        assert rows[:top].sum() == 0
        assert rows[top:].mean() > 0.9
        near = picture[:, max(top + 4, 0) : top + 8].mean(dim=(1, 2)) - picture[:, top - 8 : top - 4].mean(dim=(1, 2))
        assert near.abs().max() > 0.03


def test_without_things_no_tag_is_lost_and_a_count_gives_the_first_pictures():
    empty = scenes(24, 4, objects="none", tagged=["boat"])
    tagged = torch.tensor([bool(things) for things in empty.objects])
    assert torch.equal(tagged, empty.labels == BOAT)
    few = scenes(5, 5, backgrounds=AT_SEA)
    assert torch.equal(few.images, scenes(9, 5, backgrounds=AT_SEA).images[:5])
