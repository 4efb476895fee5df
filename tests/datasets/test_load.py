import pytest
import torch

from xaiwidgets.datasets import DATASETS, SPLITS, load_dataset


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(
        ValueError, match="'nope'; known are digits, scenes, scenes-harbour, scenes-several, scenes-tagged"
    ):
        load_dataset("nope")


def test_an_unknown_split_lists_the_known_ones():
    with pytest.raises(ValueError, match="'validation'; known are train, test"):
        load_dataset("scenes", "validation")


@pytest.mark.parametrize("name", DATASETS)
def test_each_dataset_knows_its_own_name_and_split(name):
    dataset = load_dataset(name)
    assert (dataset.name, dataset.split) == (name, "test")
    assert SPLITS == ("train", "test")
    assert dataset.describe().startswith(f"dataset   {name}, test split\n")


@pytest.mark.parametrize("name", DATASETS)
def test_a_count_gives_the_first_pictures(name):
    few, whole = load_dataset(name, count=7), load_dataset(name)
    assert torch.equal(few.images, whole.images[:7])
    assert torch.equal(few.labels, whole.labels[:7])
    assert len(load_dataset(name, count=0)) == 0
    assert len(load_dataset(name, count=10**6)) == len(whole)


def test_a_negative_count_is_refused():
    with pytest.raises(ValueError, match="count must be 0 or more, or None for all pictures, got -1"):
        load_dataset("digits", count=-1)
