"""Exercises of notebook 00, Why interpretability: three measurements that reveal what an accuracy hides."""

import torch

from .exercise import Exercise
from .laws import expect
from .nets import Reader, pictures

# --- 00.1 accuracy by class -----------------------------------------------------------------------------------------


def accuracy_by_class(model, images, labels, classes):
    """The share of each class's pictures that the model names rightly.

    model gives logits (N, classes) for images (N, C, H, W); labels are (N,).
    Returns a tensor (classes,). Every class has at least one picture.
    """
    right = model(images).argmax(dim=1) == labels  # (N,)
    return torch.stack([right[labels == k].double().mean() for k in range(classes)])


def overall_accuracy(model, images, labels, classes):
    """This is one accuracy over all pictures. A class that fails is hidden in it: compute one number per class."""
    return (model(images).argmax(dim=1) == labels).double().mean()


def overall_accuracy_for_each(model, images, labels, classes):
    """Every class gets the accuracy over all pictures: keep only the pictures with labels == k."""
    return overall_accuracy(model, images, labels, classes).repeat(classes)


def share_of_all_pictures(model, images, labels, classes):
    """You divide by the number of all pictures: divide by the number of pictures of the class."""
    right = model(images).argmax(dim=1) == labels
    return torch.stack([(right & (labels == k)).double().mean() for k in range(classes)])


def share_of_the_predictions(model, images, labels, classes):
    """This is the precision: of the pictures called k, how many are k. Group by the labels, not by predictions."""
    predicted = model(images).argmax(dim=1)
    return torch.stack([(labels[predicted == k] == k).double().mean() for k in range(classes)])


def mean_probability(model, images, labels, classes):
    """You average the probability of the right class. Accuracy asks only whether its logit is the largest."""
    probabilities = model(images).softmax(dim=1)
    return torch.stack([probabilities[labels == k, k].mean() for k in range(classes)])


LABELS = [0, 1, 2, 2, 1, 0, 2, 0, 2, 2, 0]
PREDICTED = [0, 1, 0, 2, 2, 0, 1, 1, 0, 0, 0]  # right: 3 of 4, 1 of 2, 1 of 5


def _accuracy_case(order=slice(None)):
    labels = torch.tensor(LABELS)
    return Reader(3), pictures(PREDICTED, 3, seed=1)[order], labels[order], 3


def known_shares(student):
    """a hidden model that is right on 3 of 4, 1 of 2 and 1 of 5 pictures"""
    wanted = torch.tensor([3 / 4, 1 / 2, 1 / 5], dtype=torch.float64)
    expect(student(*_accuracy_case()), wanted, "The accuracy on a hidden set of three classes")


def collapse(student):
    """a class that is never recognised gets 0, the others keep 1"""
    labels = torch.tensor([0, 1, 2, 3, 3, 3])
    found = student(Reader(4), pictures([0, 1, 2, 0, 1, 2], 4, seed=2), labels, 4)
    wanted = torch.tensor([1.0, 1, 1, 0], dtype=torch.float64)
    expect(found, wanted, "The accuracy where all pictures of class 3 are missed and no others")


def any_order(student):
    """the order of the pictures does not matter"""
    order = torch.arange(len(LABELS)).flip(0)
    backwards = student(*_accuracy_case(order))
    expect(backwards, student(*_accuracy_case()), "The accuracy of the same set, given backwards,")


ACCURACY = Exercise(
    id="00.1",
    title="Accuracy by class",
    task="Write accuracy_by_class: the share of each class's own pictures that the model names rightly.",
    solution=accuracy_by_class,
    cases=lambda: [_accuracy_case()],
    laws=(known_shares, collapse, any_order),
    shape=lambda model, images, labels, classes: (classes,),
    hints=(
        "The class a model names is the one with the largest logit. Along which dimension do the classes lie?",
        "Make a tensor of N truth values: is picture n named rightly? Then look at one class at a time.",
        "right[labels == k] keeps the pictures of class k; the mean of truth values (as numbers) is a share.",
    ),
    wrong=(
        overall_accuracy,
        overall_accuracy_for_each,
        share_of_all_pictures,
        share_of_the_predictions,
        mean_probability,
    ),
)

# --- 00.2 flip rate -------------------------------------------------------------------------------------------------


def flip_rate(model, images, changed):
    """The share of pictures whose predicted class differs between images and changed.

    Both are (N, C, H, W): picture n before and after a change. Returns one number in [0, 1].
    """
    before = model(images).argmax(dim=1)  # (N,)
    after = model(changed).argmax(dim=1)
    return (before != after).double().mean()


def any_logit_changed(model, images, changed):
    """You compare logits, and they change with any pixel. A flip is a change of the largest one: compare
    classes.
    """
    return (model(images) != model(changed)).any(dim=1).double().mean()


def share_that_stays(model, images, changed):
    """You count the pictures that keep their class: a flip is a class that changes."""
    return 1 - flip_rate(model, images, changed)


def number_of_flips(model, images, changed):
    """You count the flips: divide by the number of pictures to get a share."""
    return (model(images).argmax(dim=1) != model(changed).argmax(dim=1)).sum()


def wrong_axis(model, images, changed):
    """argmax(dim=0) finds the picture with the largest logit of a class. Take the class of a picture: dim=1."""
    return (model(images).argmax(dim=0) != model(changed).argmax(dim=0)).double().mean()


def mean_score_change(model, images, changed):
    """You measure by how much the largest logit changes. A flip asks only whether it is another class's."""
    return (model(images).amax(dim=1) - model(changed).amax(dim=1)).abs().mean()


def _flip_case(before, after):
    return Reader(4), pictures(before, 4, seed=3), pictures(after, 4, seed=4)


def known_flips(student):
    """a hidden model that changes its mind on 2 of 5 pictures"""
    found = student(*_flip_case([0, 1, 2, 3, 3], [0, 2, 2, 3, 0]))
    expect(found, torch.tensor(0.4, dtype=torch.float64), "The flip rate with 2 flips in 5 pictures")


def all_and_none(student):
    """0 when no prediction changes though every pixel does, 1 when all change"""
    none, every = student(*_flip_case([1, 2], [1, 2])), student(*_flip_case([1, 2, 0], [2, 1, 3]))
    expect(none, torch.tensor(0.0, dtype=torch.float64), "The flip rate of two pictures that keep their class")
    expect(every, torch.tensor(1.0, dtype=torch.float64), "The flip rate of three pictures that all change class")


FLIPS = Exercise(
    id="00.2",
    title="Flip rate",
    task="Write flip_rate: the share of pictures whose predicted class differs before and after a change.",
    solution=flip_rate,
    cases=lambda: [_flip_case([0, 1, 2, 3, 3, 1], [0, 2, 2, 3, 3, 0]), _flip_case([2, 2, 1], [2, 1, 1])],
    laws=(known_flips, all_and_none),
    shape=lambda model, images, changed: (),
    hints=(
        "You need the predicted class of every picture twice: before and after the change. No labels are needed.",
        "Compare classes, not logits: logits change a little with any pixel.",
        "model(images).argmax(dim=1) has one class a picture; the mean of `before != after` (as numbers) is the share.",
    ),
    wrong=(
        any_logit_changed,
        share_that_stays,
        number_of_flips,
        wrong_axis,
        mean_score_change,
    ),
)

# --- 00.3 intersection over union -----------------------------------------------------------------------------------


def iou(guess, truth):
    """How well two regions agree: the pixels in both, divided by the pixels in at least one.

    guess and truth are bool tensors (H, W). Returns one number in [0, 1]; 0 if both are empty.
    """
    both, either = (guess & truth).sum(), (guess | truth).sum()
    return both / either if either > 0 else 0.0


def over_the_sum(guess, truth):
    """You divide by the two areas added: the pixels in both are then counted twice. Divide by the union."""
    return (guess & truth).sum() / (guess.sum() + truth.sum()).clamp(min=1)


def dice(guess, truth):
    """This is the Dice score, 2 |A and B| / (|A| + |B|). Divide the common pixels by the union."""
    return 2 * over_the_sum(guess, truth)


def share_of_the_truth(guess, truth):
    """You divide by the area of truth: a guess that covers the whole picture would be perfect. Use the union."""
    return (guess & truth).sum() / truth.sum().clamp(min=1)


def share_of_the_guess(guess, truth):
    """You divide by the area of guess: a guess of one right pixel would be perfect. Use the union."""
    return (guess & truth).sum() / guess.sum().clamp(min=1)


def equal_pixels(guess, truth):
    """You count the pixels where both agree, also those outside of both: an empty guess would score well."""
    return (guess == truth).double().mean()


def no_empty_case(guess, truth):
    """Two empty regions give 0 / 0: return 0 for them before you divide."""
    return (guess & truth).sum() / (guess | truth).sum()


def _regions(guess_rows, truth_rows):
    guess, truth = torch.zeros(8, 5, dtype=torch.bool), torch.zeros(8, 5, dtype=torch.bool)
    guess[slice(*guess_rows)], truth[slice(*truth_rows)] = True, True
    return guess, truth


def known_overlap(student):
    """two bands that share 10 of 25 pixels"""
    found = student(*_regions((0, 3), (1, 5)))
    expect(found, torch.tensor(0.4, dtype=torch.float64), "The overlap of two bands with 10 of 25 pixels in common")


def extremes(student):
    """1 for the same region, 0 for regions apart, 0 for two empty ones"""
    for guess, truth, wanted, name in (
        ((2, 4), (2, 4), 1.0, "a region with itself"),
        ((0, 2), (5, 7), 0.0, "two regions apart"),
        ((0, 0), (0, 0), 0.0, "two empty regions"),
    ):
        expect(student(*_regions(guess, truth)), torch.tensor(wanted, dtype=torch.float64), f"The overlap of {name}")


def symmetric(student):
    """guess and truth can be exchanged"""
    guess, truth = _regions((0, 2), (1, 7))
    expect(student(guess, truth), student(truth, guess), "The overlap of two regions, compared with the exchanged one,")


OVERLAP = Exercise(
    id="00.3",
    title="Intersection over union",
    task="Write iou: the pixels in both regions, divided by the pixels in at least one of them.",
    solution=iou,
    cases=lambda: [_regions((0, 3), (1, 5)), _regions((2, 7), (6, 7)), _regions((0, 0), (0, 0))],
    laws=(known_overlap, extremes, symmetric),
    shape=lambda guess, truth: (),
    hints=(
        "Draw two overlapping regions: which pixels are in both, which in at least one?",
        "For bool tensors, & is 'in both' and | is 'in at least one'; .sum() counts the True pixels.",
        "Two empty regions have no pixel at all: return 0 before you divide.",
    ),
    wrong=(
        over_the_sum,
        dice,
        share_of_the_truth,
        share_of_the_guess,
        equal_pixels,
        no_empty_case,
    ),
)

EXERCISES = (ACCURACY, FLIPS, OVERLAP)
