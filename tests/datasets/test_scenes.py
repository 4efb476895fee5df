import hashlib

import numpy as np
import pytest
import torch

from xaiwidgets.datasets import load_dataset, scenes
from xaiwidgets.datasets.scenes import CLASS_NAMES
from xaiwidgets.datasets.scenes.picture import paint

TELLING_PARTS = {
    "balloon": {"envelope", "basket"},
    "boat": {"hull", "sail", "mast"},
    "butterfly": {"wings", "body"},
    "car": {"wheels", "windows"},
    "cup": {"bowl", "handle"},
    "fish": {"tail", "fins", "eye"},
    "flower": {"petals", "centre", "stem"},
    "house": {"roof", "door", "windows"},
    "mushroom": {"cap", "stem", "spots"},
    "snowman": {"body", "hat", "nose", "scarf"},
    "tree": {"crown", "trunk"},
    "umbrella": {"canopy", "handle"},
}


@pytest.fixture(scope="module")
def test_split():
    return load_dataset("scenes")


@pytest.fixture(scope="module")
def several():
    return load_dataset("scenes-several")


def grown(mask: torch.Tensor) -> torch.Tensor:
    """The mask and its neighbours."""
    return torch.nn.functional.max_pool2d(mask[None].float(), 3, 1, 1)[0] > 0


def test_the_test_split_is_what_it_says(test_split):
    assert test_split.images.shape == (600, 3, 64, 64)
    assert test_split.images.dtype == torch.float32
    assert test_split.images.is_contiguous()
    assert test_split.images.min() >= 0
    assert test_split.images.max() <= 1
    assert test_split.images.std() > 0.15
    assert test_split.class_names == CLASS_NAMES == tuple(sorted(TELLING_PARTS))
    assert torch.bincount(test_split.labels).tolist() == [50] * 12


def test_a_picture_depends_on_seed_and_index_alone():
    few, many, other = scenes(5, 3), scenes(30, 3), scenes(5, 4)
    assert torch.equal(few.images, many.images[:5])
    assert torch.equal(few.masks, many.masks[:5])
    assert not torch.isclose(few.images, other.images).all(dim=(1, 2, 3)).any()


def test_the_pictures_are_these_and_no_others():
    """Weights are trained on these very pictures: a change of the drawings needs a new training."""
    pixels = (scenes(48, 1).images * 255).round().to(torch.uint8)
    assert hashlib.sha256(pixels.numpy().tobytes()).hexdigest()[:16] == "e223cb2f3487fe9f"


def test_train_and_test_share_no_picture(test_split):
    train = load_dataset("scenes", "train", 60)
    rows = [{picture.numpy().tobytes() for picture in dataset.images} for dataset in (train, test_split)]
    assert not rows[0] & rows[1]


@pytest.mark.parametrize("name", CLASS_NAMES)
def test_the_mask_is_exactly_where_the_thing_is_drawn(name):
    """Drawn with and without the thing, a picture differs on the mask, and nowhere else but on its soft edge."""
    for seed in range(4):
        bare, _ = paint(np.random.default_rng(seed), [], [])
        shown, (thing,) = paint(np.random.default_rng(seed), [name], [(33.0, 45.0)])
        differs, mask = torch.tensor(bare != shown).any(dim=2), torch.tensor(thing.mask)
        assert differs[mask].float().mean() > 0.98
        assert (differs & ~grown(mask)).sum() <= 1
        assert (differs & ~mask).sum() < 0.5 * mask.sum()


def test_the_labelled_class_is_what_the_mask_shows(test_split):
    for i, things in enumerate(test_split.objects):
        named = [thing for thing in things if thing.name == CLASS_NAMES[test_split.labels[i]]]
        union = torch.stack([thing.mask for thing in named]).any(dim=0)
        assert torch.equal(union, test_split.masks[i])
        assert len(named) == len(things)


def test_things_are_of_a_size_to_recognise_and_never_cut(test_split, several):
    for dataset in (test_split, several):
        for things in dataset.objects:
            for thing in things:
                assert not thing.mask[[0, -1]].any()
                assert not thing.mask[:, [0, -1]].any()
                rows, columns = thing.mask.nonzero().unbind(1)
                extent = max(rows.max() - rows.min(), columns.max() - columns.min()) + 1
                assert 10 <= extent <= 52


def test_parts_make_up_their_thing_and_are_the_telling_ones(test_split):
    for things in test_split.objects:
        for thing in things:
            assert TELLING_PARTS[thing.name] <= set(thing.parts)
            assert all(mask.any() for mask in thing.parts.values())
            covered = torch.stack(list(thing.parts.values())).sum(dim=0)
            assert torch.equal(covered, thing.mask.long())


def test_backgrounds_and_places_vary(test_split):
    corners = test_split.images[:, :, 0, -1]
    spread = [corners[test_split.labels == k].std(dim=0).mean() for k in range(12)]
    assert min(spread) > 0.1
    middles = torch.stack([mask.nonzero().float().mean(dim=0) for mask in test_split.masks])
    assert middles.std(dim=0).min() > 3


def test_some_pictures_show_two_of_a_kind(test_split):
    pairs = [things for things in test_split.objects if len(things) == 2]
    assert 0.1 < len(pairs) / len(test_split) < 0.2
    assert all(first.name == second.name for first, second in pairs)
    assert all(not (first.mask & second.mask).any() for first, second in pairs)


def test_several_different_things_and_the_largest_is_the_label(several):
    for i, things in enumerate(several.objects):
        names = [thing.name for thing in things]
        assert len(things) in (2, 3)
        assert len(set(names)) == len(names)
        assert names[0] == CLASS_NAMES[several.labels[i]]
        assert torch.equal(several.masks[i], things[0].mask)
        assert not torch.stack([thing.mask for thing in things]).sum(dim=0).gt(1).any()
    largest = [max(things, key=lambda thing: thing.mask.sum()).name for things in several.objects]
    agree = np.mean([name == CLASS_NAMES[label] for name, label in zip(largest, several.labels, strict=True)])
    assert agree > 0.95
    assert {len(things) for things in several.objects} == {2, 3}


def test_an_edit_does_not_reach_the_next_load(test_split):
    mine = load_dataset("scenes")
    mine.images.zero_()
    mine.masks.zero_()
    mine.objects[0][0].mask.zero_()
    next(iter(mine.objects[0][0].parts.values())).zero_()
    again = load_dataset("scenes")
    assert torch.equal(again.images, test_split.images)
    assert torch.equal(again.masks, test_split.masks)
    assert again.objects[0][0].mask.any()
    assert all(part.any() for part in again.objects[0][0].parts.values())


def test_no_pictures_is_a_dataset_too():
    empty = scenes(0)
    assert empty.images.shape == (0, 3, 64, 64)
    assert empty.masks.shape == (0, 64, 64)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"count": -1}, "count must be 0 or more, got -1"),
        ({"objects": "many"}, 'objects must be "one", "several" or "none", got \'many\''),
        ({"tagged": ["dog"]}, r"tagged must be a collection of names out of balloon, .*, got \['dog'\]"),
        ({"tagged": "boat"}, "tagged must be a collection of names .*, got 'boat'"),
        ({"backgrounds": {"dog": ["sea"]}}, r"backgrounds must hold for some of balloon, .* got {'dog': \['sea'\]}"),
        ({"backgrounds": {"boat": ["lake"], "car": ["sea"]}}, r"meadow, .*, got {'boat': \['lake'\]}"),
        ({"backgrounds": {"boat": "sea"}}, "a collection of names .*, got {'boat': 'sea'}"),
        ({"backgrounds": {"boat": 3}}, "a collection of names .*, got {'boat': 3}"),
        ({"backgrounds": "sea"}, "backgrounds must hold for some of balloon, .* got 'sea'"),
        ({"backgrounds": {"boat": []}}, r"a collection of names .*, got {'boat': \[\]}"),
    ],
)
def test_wrong_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        scenes(**{"count": 1} | arguments)
