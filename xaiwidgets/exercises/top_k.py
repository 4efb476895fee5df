"""Exercises of notebook 02, dataset top-K: the units' maps are ``(N, C, h, w)``, N pictures and C units."""

import itertools
import weakref

import torch

from .exercise import Exercise, NotYetError
from .laws import expect
from .nets import normal

# --- 02.1 top-K over a stream of batches ----------------------------------------------------------------------------


def top_k_stream(batches, k):
    """For each unit the k pictures with the largest values, from one walk through the data.

    batches yields maps (n, C, h, w), n pictures at a time; a unit's value for a picture is its largest
    number on the map. Keep no batch longer than you need it. Returns positions in the whole data set, a
    tensor (C, k): largest value first, and of equal values the earlier picture.
    """
    best, where, seen = None, None, 0
    for maps in batches:
        values = maps.amax(dim=(2, 3))  # (n, C)
        places = torch.arange(seen, seen + len(values))[:, None].expand_as(values)
        seen += len(values)
        if best is not None:
            values, places = torch.cat([best, values]), torch.cat([where, places])
        order = values.sort(dim=0, descending=True, stable=True).indices[:k]
        best, where = values.gather(0, order), places.gather(0, order)
    return where.T


def _ranked(values, k):
    """Positions (C, k) of the largest of values (N, C), the earlier of equal ones first."""
    return values.sort(dim=0, descending=True, stable=True).indices[:k].T


def _all_values(batches):
    return torch.cat([maps.amax(dim=(2, 3)) for maps in batches])


def index_within_the_batch(batches, k):
    """Your positions begin at 0 in every batch: add the number of pictures in the batches before."""
    sizes = [len(maps) for maps in batches]
    inside = torch.cat([torch.arange(size) for size in sizes])
    return inside[top_k_stream(batches, k)]


def number_times_its_own_length(batches, k):
    """You add the batch's number times its own length, which is wrong once a batch is shorter. Count the pictures."""
    sizes = [len(maps) for maps in batches]
    found = torch.cat([number * size + torch.arange(size) for number, size in enumerate(sizes)])
    return found[top_k_stream(batches, k)]


def only_the_best_of_each_batch(batches, k):
    """You keep one picture a batch: the second best of a batch may be better than the best of another. Keep k."""
    values = _all_values(batches)
    kept, start = torch.full_like(values, -torch.inf), 0
    for maps in batches:
        rows = values[start : start + len(maps)].argmax(dim=0) + start
        kept[rows, torch.arange(values.shape[1])] = values[rows, torch.arange(values.shape[1])]
        start += len(maps)
    return _ranked(kept, k)


def last_batch_only(batches, k):
    """Your result is the top-K of the last batch: keep the best so far, and let each batch compete with them."""
    *_, last = batches
    return _ranked(last.amax(dim=(2, 3)), k) + len(_all_values(batches)) - len(last)


def mean_over_places(batches, k):
    """You rank by the mean of the map. Here a unit's value is the largest number on its map: amax, not mean."""
    return _ranked(torch.cat([maps.mean(dim=(2, 3)) for maps in batches]), k)


def largest_of_either_sign(batches, k):
    """You rank by absolute values: a very negative number is the opposite of a reaction."""
    return _ranked(torch.cat([maps.abs().amax(dim=(2, 3)) for maps in batches]), k)


def smallest_first(batches, k):
    """This is the bottom-K: sort with descending=True."""
    return _ranked(-_all_values(batches), k)


def in_the_order_of_the_data(batches, k):
    """The pictures are right, their order is not: the largest value comes first, wherever its picture stands."""
    return top_k_stream(batches, k).sort(dim=1).values


def one_ranking_for_all_units(batches, k):
    """You rank the pictures once, by the largest value of any unit: each unit has a ranking of its own."""
    values = _all_values(batches)
    return _ranked(values.amax(dim=1, keepdim=True), k).expand(values.shape[1], -1)


def later_of_equals(batches, k):
    """Of pictures with equal values you take the later one. Put the best so far first, and sort with stable=True."""
    values = _all_values(batches)
    return len(values) - 1 - _ranked(values.flip(0), k)


def keeps_everything(batches, k):
    """Your result is right, but you hold all batches at once. Of a million pictures keep k values and their places."""
    kept = list(batches)
    return _ranked(torch.cat([maps.amax(dim=(2, 3)) for maps in kept]), k)


class _Batches:
    """Batches of maps, new ones at each walk; ``most`` is how many of them were alive at once in the last walk."""

    def __init__(self, maps, sizes):
        self.parts, self.most = maps.split(sizes), 0

    def __iter__(self):
        alive, self.most = [], 0
        for part in self.parts:
            yield self._born(part, alive)

    def _born(self, part, alive):
        batch = part.clone()
        alive.append(weakref.ref(batch))
        self.most = max(self.most, sum(each() is not None for each in alive))
        return batch


def _batches(seed, sizes=(4, 4, 3), channels=3):
    return _Batches(normal(seed, sum(sizes), channels, 2, 3), list(sizes))


def _equal_values():
    """Two units with whole numbers from 0 to 2, so that most values come several times."""
    return _Batches(normal(3, 9, 2, 2, 2).abs().floor().clamp(max=2), [2, 4, 3])


def all_values_sorted(student):
    """the same as sorting the values of all pictures, on hidden maps in batches of 4, 4 and 3"""
    batches = _batches(1)
    values = torch.cat([maps.flatten(2).max(dim=2).values for maps in batches])
    wanted = values.argsort(dim=0, descending=True)[:3].T.double()
    expect(student(batches, 3), wanted, "The positions, (unit, rank)")


def batches_below_k(student):
    """batches may hold fewer than k pictures"""
    batches = _batches(5, (1, 2, 1, 3))
    values = torch.cat([maps.flatten(2).max(dim=2).values for maps in batches])
    wanted = values.argsort(dim=0, descending=True)[:4].T.double()
    expect(student(batches, 4), wanted, "The positions in batches of 1, 2, 1 and 3 pictures, (unit, rank)")


def earlier_of_equals(student):
    """of equal values the earlier picture comes first, so that the result does not depend on the batches"""
    batches = _equal_values()
    rows = torch.cat([maps.flatten(2).max(dim=2).values for maps in batches]).T.tolist()
    wanted = [sorted(range(len(row)), key=lambda n: (-row[n], n))[:4] for row in rows]
    expect(student(batches, 4), torch.tensor(wanted).double(), "The positions of values that come several times")


def memory_does_not_grow(student):
    """twelve batches, and never more than two of them in memory"""
    batches = _batches(7, (2,) * 12)
    student(batches, 3)
    if batches.most > 3:
        raise NotYetError(f"Of 12 batches {batches.most} were in memory at once; the one at hand is enough.")


TOP_K = Exercise(
    id="02.1",
    title="Top-K of a stream",
    task="Write top_k_stream: for each unit the positions of its k best pictures, from one walk through the batches.",
    solution=top_k_stream,
    cases=lambda: [(_batches(1), 3), (_batches(9), 3), (_equal_values(), 4)],
    laws=(all_values_sorted, batches_below_k, earlier_of_equals, memory_does_not_grow),
    shape=lambda batches, k: (batches.parts[0].shape[1], k),
    hints=(
        "Two things have to be remembered from batch to batch: the best values so far, and where they were.",
        "maps.amax(dim=(2, 3)) gives (n, C). Put the best so far before them with torch.cat, and sort along dim 0.",
        "A counter of the pictures seen so far turns a row of the batch into a position in the data set.",
        "order = values.sort(dim=0, descending=True, stable=True).indices[:k]; then gather values and positions by it.",
    ),
    wrong=(
        index_within_the_batch,
        number_times_its_own_length,
        only_the_best_of_each_batch,
        last_batch_only,
        mean_over_places,
        largest_of_either_sign,
        smallest_first,
        in_the_order_of_the_data,
        one_ranking_for_all_units,
        later_of_equals,
        keeps_everything,
    ),
)

# --- 02.2 average precision -----------------------------------------------------------------------------------------


def average_precision(values, positives):
    """How good a detector a unit is: the mean, over the positive pictures, of the precision down to that picture.

    values (N,) are the unit's values, all different; positives (N,) bool says which pictures show the thing.
    The precision down to rank r is the share of positives among the r largest values. Returns one number.
    """
    hits = positives[values.argsort(descending=True)].double()
    precision = hits.cumsum(dim=0) / torch.arange(1, len(hits) + 1)
    return (precision * hits).sum() / hits.sum()


def _hits(values, positives):
    return positives[values.argsort(descending=True)].double()


def _precision(hits):
    return hits.cumsum(dim=0) / torch.arange(1, len(hits) + 1)


def from_the_smallest(values, positives):
    """You begin with the smallest value: a detector says yes to the largest ones, descending=True."""
    return average_precision(-values, positives)


def mean_over_all_ranks(values, positives):
    """You average the precision over all ranks: take it at the ranks of the positive pictures only."""
    return _precision(_hits(values, positives)).mean()


def divided_by_all(values, positives):
    """You divide by the number of all pictures: divide by the number of positive ones."""
    hits = _hits(values, positives)
    return (_precision(hits) * hits).mean()


def recall_in_place_of_precision(values, positives):
    """You divide the hits by the number of positives, which is recall, and always gives the same mean. Divide by r."""
    hits = _hits(values, positives)
    return (hits.cumsum(dim=0) / hits.sum() * hits).sum() / hits.sum()


def precision_at_the_number_of_positives(values, positives):
    """This is the precision at one rank, the number of positives. Average it over the ranks of all positives."""
    hits = _hits(values, positives)
    return hits[: int(hits.sum())].mean()


def ranks_from_zero(values, positives):
    """Your ranks begin at 0, which divides by zero: the largest value has rank 1."""
    hits = _hits(values, positives)
    return (hits.cumsum(dim=0) / torch.arange(len(hits)) * hits).sum() / hits.sum()


def area_under_the_roc_curve(values, positives):
    """This is the AUROC, the chance that a positive picture has a larger value than another one."""
    return (values[positives][:, None] > values[~positives]).double().mean()


def above_zero(values, positives):
    """You take the share of positives among the values above 0: no threshold is given here, only the order counts."""
    return positives[values > 0].double().mean()


def _ranked_pictures(seed, count=12, positives=5):
    """Values of which some are below 0, and the positives among them, a bit higher than the others."""
    shown = torch.zeros(count, dtype=torch.bool)
    shown[normal(seed, count).argsort()[:positives]] = True
    return normal(seed + 1, count) + 0.7 * shown, shown


def rank_by_rank(student):
    """the definition, one positive picture after the other, on hidden values"""
    for seed in (11, 13):
        values, positives = _ranked_pictures(seed)
        precision = []
        for n in positives.nonzero()[:, 0].tolist():
            above = values >= values[n]
            precision.append(int((above & positives).sum()) / int(above.sum()))
        wanted = torch.tensor(sum(precision) / len(precision), dtype=torch.float64)
        expect(student(values, positives), wanted, "The average precision of a hidden unit with 5 positives of 12")


def best_and_worst(student):
    """1 where all positives come first; where the only positive comes last of 8, 1/8"""
    values = torch.arange(8, dtype=torch.float64) - 3.5
    expect(student(values, values > 1), torch.tensor(1.0).double(), "The average precision of a perfect detector")
    expect(student(values, values < -3), torch.tensor(0.125).double(), "With the only positive at rank 8, the value")


def only_the_order_counts(student):
    """stretched values, such as their exponential, give the same"""
    values, positives = _ranked_pictures(15)
    expect(student(values.exp(), positives), student(values, positives), "For the exponential of the values the result")


AVERAGE_PRECISION = Exercise(
    id="02.2",
    title="A unit as a detector",
    task="Write average_precision: the mean precision down to each positive picture, ranked by the unit's value.",
    solution=average_precision,
    cases=lambda: [_ranked_pictures(11), _ranked_pictures(17), _ranked_pictures(19, 9, 3)],
    laws=(rank_by_rank, best_and_worst, only_the_order_counts),
    shape=lambda values, positives: (),
    hints=(
        "Sort the pictures by value first: hits = positives[values.argsort(descending=True)].",
        "hits.cumsum(dim=0) counts the positives down to each rank. Divide by the rank to get the precision.",
        "Multiply the precision by hits to keep the ranks of the positives, and divide the sum by their number.",
    ),
    wrong=(
        from_the_smallest,
        mean_over_all_ranks,
        divided_by_all,
        recall_in_place_of_precision,
        precision_at_the_number_of_positives,
        ranks_from_zero,
        area_under_the_roc_curve,
        above_zero,
    ),
)

# --- 02.3 how likely is a pure top-K? -------------------------------------------------------------------------------


def pure_by_chance(class_counts, k):
    """The chance that k different pictures, picked at random, are all of one class, whichever.

    class_counts (classes,) says how many pictures of each class there are. Returns one number.
    """
    gone = torch.arange(k)  # pictures picked before
    return ((class_counts[:, None] - gone).double() / (class_counts.sum() - gone)).prod(dim=1).sum()


def _each(class_counts, k):
    """The chance of k pictures of this class, for each class."""
    gone = torch.arange(k)
    return ((class_counts[:, None] - gone).double() / (class_counts.sum() - gone)).prod(dim=1)


def picked_again(class_counts, k):
    """You let the same picture be picked again: after each one there is one less, of the class and of all."""
    return (class_counts.double() / class_counts.sum()).pow(k).sum()


def only_the_class_shrinks(class_counts, k):
    """After each pick the class has one picture less, and so has the whole data set: subtract below the line, too."""
    return ((class_counts[:, None] - torch.arange(k)).double() / class_counts.sum()).prod(dim=1).sum()


def largest_class_only(class_counts, k):
    """This is the chance for the largest class. Any class would have surprised you: add up all of them."""
    return _each(class_counts, k).max()


def mean_over_classes(class_counts, k):
    """You average over the classes: this is the chance for a class named beforehand. Add them up."""
    return _each(class_counts, k).mean()


def all_classes_at_once(class_counts, k):
    """You multiply the chances of the classes: pictures are of one class *or* of another, so add them."""
    return _each(class_counts, k).prod()


def one_pick_too_few(class_counts, k):
    """You take one pick too few: k pictures are k picks, even if the first one only decides the class."""
    return _each(class_counts, k - 1).sum()


def not_pure(class_counts, k):
    """This is the chance that the pictures are of different classes: you asked the opposite."""
    return 1 - _each(class_counts, k).sum()


def all_possible_picks(student):
    """the share among all possible picks, counted one by one, of small hidden data sets"""
    for counts, k in (((4, 3, 2), 3), ((1, 5, 3), 2), ((2, 2, 5), 4)):
        labels = [label for label, count in enumerate(counts) for _ in range(count)]
        picks = list(itertools.combinations(labels, k))
        wanted = torch.tensor(sum(len(set(pick)) == 1 for pick in picks) / len(picks), dtype=torch.float64)
        expect(student(torch.tensor(counts), k), wanted, f"The chance for {k} of {list(counts)} pictures")


def one_picture_is_pure(student):
    """one picture is always of one class, and as many as no class has never are"""
    expect(student(torch.tensor([4, 3, 2]), 1), torch.tensor(1.0).double(), "The chance for a single picture")
    expect(student(torch.tensor([4, 3, 2]), 5), torch.tensor(0.0).double(), "The chance for 5 of [4, 3, 2] pictures")


PURE = Exercise(
    id="02.3",
    title="Pure by chance",
    task="Write pure_by_chance: the chance that k different random pictures are all of one class.",
    solution=pure_by_chance,
    cases=lambda: [(torch.tensor([4, 3, 2]), 3), (torch.tensor([6, 5, 1, 3]), 2)],
    laws=(all_possible_picks, one_picture_is_pure),
    shape=lambda class_counts, k: (),
    hints=(
        "Begin with one class of M pictures among N: what is the chance that the first picture is of it? The second?",
        "M/N, then (M - 1)/(N - 1), and so on, k factors. Their product is the chance for this class.",
        "gone = torch.arange(k) holds the pictures picked before; class_counts[:, None] - gone is (classes, k).",
    ),
    wrong=(
        picked_again,
        only_the_class_shrinks,
        largest_class_only,
        mean_over_classes,
        all_classes_at_once,
        one_pick_too_few,
        not_pure,
    ),
)

EXERCISES = (TOP_K, AVERAGE_PRECISION, PURE)
