import pytest
import torch
from sklearn.datasets import load_digits

from xaiwidgets.datasets import load_dataset


@pytest.fixture(scope="module")
def splits():
    return {split: load_dataset("digits", split) for split in ("train", "test")}


def rows(dataset) -> set[bytes]:
    return {picture.numpy().tobytes() for picture in dataset.images}


def test_every_digit_of_the_source_is_in_exactly_one_split(splits):
    assert (len(splits["train"]), len(splits["test"])) == (1437, 360)
    assert not rows(splits["train"]) & rows(splits["test"])
    assert len(rows(splits["train"]) | rows(splits["test"])) == 1797


def test_the_classes_are_balanced_alike_in_both_splits(splits):
    shares = [torch.bincount(dataset.labels, minlength=10) / len(dataset) for dataset in splits.values()]
    assert (shares[0] - shares[1]).abs().max() < 0.01


def test_the_split_never_changes(splits):
    assert splits["test"].labels[:12].tolist() == [7, 6, 3, 7, 7, 3, 2, 8, 9, 3, 2, 6]


def test_reduced_to_eight_by_eight_the_source_comes_back(splits):
    """The middle of each 3 x 3 field is the source's pixel up to what the cut to [0, 1] takes."""
    source = {
        tuple(digit.astype(int).ravel()): label for digit, label in zip(*load_digits(return_X_y=True), strict=True)
    }
    test = splits["test"]
    small = (test.images[:, 0, 3:-2:3, 3:-2:3] * 16).round().int()
    found = [source.get(tuple(picture.flatten().tolist())) for picture in small]
    assert found == test.labels.tolist()


def test_values_and_frame(splits):
    for dataset in splits.values():
        assert dataset.images.shape[1:] == (1, 28, 28)
        assert dataset.images.min() == 0
        assert dataset.images.max() == 1
        inside = dataset.images[:, :, 2:-2, 2:-2]
        assert torch.isclose(dataset.images.sum(), inside.sum())
        assert dataset.masks is None


def test_an_edit_does_not_reach_the_next_load(splits):
    load_dataset("digits").images.fill_(0.5)
    load_dataset("digits").labels.fill_(0)
    again = load_dataset("digits")
    assert torch.equal(again.images, splits["test"].images)
    assert torch.equal(again.labels, splits["test"].labels)
