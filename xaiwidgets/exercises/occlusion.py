"""Exercises of notebook 04, Occlusion. ``score`` gives one number a picture, (B, C, H, W) -> (B,)."""

import torch

from .exercise import Exercise
from .laws import expect
from .nets import convnet, normal

# --- 04.1 the occlusion map -----------------------------------------------------------------------------------------


def occlusion_map(score, x, window, stride):
    """By how much the score falls when a black window hides a pixel: the mean over the windows that hide it.

    score gives (B,) for pictures (B, C, H, W); x is one picture (C, H, W). The windows are squares of `window` pixels,
    every `stride` pixels from the top left corner, all inside the picture, and cover it. Returns a tensor (H, W).
    """
    _, height, width = x.shape
    total, count = torch.zeros(height, width).to(x), torch.zeros(height, width).to(x)
    for top in range(0, height - window + 1, stride):
        for left in range(0, width - window + 1, stride):
            rows, columns = slice(top, top + window), slice(left, left + window)
            hidden = x.clone()
            hidden[:, rows, columns] = 0
            total[rows, columns] += (score(x[None]) - score(hidden[None]))[0]
            count[rows, columns] += 1
    return total / count


def _scan(score, x, window, stride, put):
    """Call ``put(map, rows, columns, drop)`` for each window; the rest of the mistakes differ in that only."""
    found = torch.zeros(x.shape[1:]).to(x)
    for top in range(0, x.shape[1] - window + 1, stride):
        for left in range(0, x.shape[2] - window + 1, stride):
            rows, columns = slice(top, top + window), slice(left, left + window)
            hidden = x.clone()
            hidden[:, rows, columns] = 0
            put(found, rows, columns, (score(x[None]) - score(hidden[None]))[0])
    return found


def _add(found, rows, columns, drop):
    found[rows, columns] += drop


def _replace(found, rows, columns, drop):
    found[rows, columns] = drop


def summed_over_windows(score, x, window, stride):
    """You add up over the windows: a pixel in the middle lies in more windows than one in a corner. Divide by how many
    hide it."""
    return _scan(score, x, window, stride, _add)


def last_window_wins(score, x, window, stride):
    """A later window overwrites what an earlier one said of the same pixel: add up, count, and divide."""
    return _scan(score, x, window, stride, _replace)


def divided_by_all_windows(score, x, window, stride):
    """You divide by the number of all windows: divide by the number that hide this pixel."""
    places = [(size - window) // stride + 1 for size in x.shape[1:]]
    return _scan(score, x, window, stride, _add) / (places[0] * places[1])


def sign_turned(score, x, window, stride):
    """Your sign is turned: a pixel that the score needs gets a positive value, score before minus score after."""
    return -occlusion_map(score, x, window, stride)


def what_remains(score, x, window, stride):
    """You average the score that remains: the map should say how much is lost."""
    return score(x[None])[0] - occlusion_map(score, x, window, stride)


def holes_stay_open(score, x, window, stride):
    """You never show again what you hid, so the black area grows: start each window from a fresh copy of x."""
    before, work = score(x[None])[0], x.clone()
    total, count = torch.zeros(x.shape[1:]).to(x), torch.zeros(x.shape[1:]).to(x)
    for top in range(0, x.shape[1] - window + 1, stride):
        for left in range(0, x.shape[2] - window + 1, stride):
            rows, columns = slice(top, top + window), slice(left, left + window)
            work[:, rows, columns] = 0
            total[rows, columns] += before - score(work[None])[0]
            count[rows, columns] += 1
    return total / count


def one_channel_only(score, x, window, stride):
    """You hide the first channel only: a black window is zero in all channels, hidden[:, rows, columns]."""

    def first_from(pictures):
        return score(torch.cat([pictures[:, :1], x[None, 1:].expand(len(pictures), -1, -1, -1)], 1))

    return occlusion_map(first_from, x, window, stride)


def _weighed(weights):
    return lambda pictures: (pictures * weights).sum((1, 2, 3))


def _convolved(seed):
    net = convnet(seed)
    return lambda pictures: net(pictures[:, :1] * pictures[:, 1:])[:, 1]


def _map_cases():
    return [(_convolved(51), normal(52, 2, 7, 9), 3, 2), (_weighed(normal(53, 2, 6, 8)), normal(54, 2, 6, 8), 2, 1)]


def one_pixel_windows_on_a_linear_score(student):
    """windows of one pixel on a linear score: the map is weight times pixel, added up over the channels"""
    weights, x = normal(55, 2, 4, 5), normal(56, 2, 4, 5)
    expect(student(_weighed(weights), x, 1, 1), (weights * x).sum(0), "The map of a linear score, one pixel a window,")


def windows_side_by_side(student):
    """windows that do not overlap, on a linear score: each pixel has the drop of its window, and they add up"""
    weights, x = normal(57, 2, 4, 6), normal(58, 2, 4, 6)
    blocks = (weights * x).sum(0).view(2, 2, 3, 2).sum((1, 3))
    wanted = blocks.repeat_interleave(2, 0).repeat_interleave(2, 1)
    expect(student(_weighed(weights), x, 2, 2), wanted, "The map of a linear score, windows of 2 side by side,")


def means_of_overlapping_windows(student):
    """overlapping windows on a hidden net, pixel by pixel: the mean drop of the windows that hide it"""
    score, x, window, stride = _map_cases()[0]
    wanted = torch.zeros(7, 9, dtype=torch.float64)
    for row in range(7):
        for column in range(9):
            drops = []
            for top in range(0, 5, stride):
                for left in range(0, 7, stride):
                    if top <= row < top + window and left <= column < left + window:
                        hidden = x.clone()
                        hidden[:, top : top + window, left : left + window] = 0
                        drops.append(float(score(x[None]) - score(hidden[None])))
            wanted[row, column] = sum(drops) / len(drops)
    expect(student(score, x, window, stride), wanted, "The map of a hidden net, windows of 3, stride 2,")


MAP = Exercise(
    id="04.1",
    title="Occlusion map",
    task="Write occlusion_map: slide a black window over the picture; each pixel gets the mean drop of its windows.",
    solution=occlusion_map,
    cases=_map_cases,
    laws=(one_pixel_windows_on_a_linear_score, windows_side_by_side, means_of_overlapping_windows),
    shape=lambda score, x, window, stride: tuple(x.shape[1:]),
    hints=(
        "Two loops, over the top and the left edge of the window; in each turn hide the window in a copy of x.",
        "Keep two maps: in one add up the drops, in the other count how many windows have hidden each pixel.",
        "hidden = x.clone(); hidden[:, top : top + window, left : left + window] = 0; the drop is "
        "score(x[None]) - score(hidden[None]).",
    ),
    wrong=(
        summed_over_windows,
        last_window_wins,
        divided_by_all_windows,
        sign_turned,
        what_remains,
        holes_stay_open,
        one_channel_only,
    ),
)

# --- 04.2 the weight of evidence ------------------------------------------------------------------------------------


def weight_of_evidence(before, after, c):
    """By how much the log-odds log(p / (1 - p)) of class c fall, in nats.

    before and after are logits (N, K), K >= 2. It must work where p is so near to 1 that a computer rounds it to 1.
    Returns a tensor (N,).
    """

    def log_odds(logits):
        others = torch.cat([logits[:, :c], logits[:, c + 1 :]], dim=1)
        return logits[:, c] - others.logsumexp(dim=1)

    return log_odds(before) - log_odds(after)


def difference_of_probabilities(before, after, c):
    """This is the difference of the probabilities. From 0.999 to 0.99 is a tiny step there, and a factor of ten in the
    odds: take the logarithm of p / (1 - p)."""
    return before.softmax(1)[:, c] - after.softmax(1)[:, c]


def difference_of_logits(before, after, c):
    """This is the drop of the logit alone: it does not see that the others may have fallen as well."""
    return before[:, c] - after[:, c]


def log_ratio(before, after, c):
    """You take log p alone: the odds are p divided by 1 - p."""
    return before.log_softmax(1)[:, c] - after.log_softmax(1)[:, c]


def rounded_to_one(before, after, c):
    """Where p is rounded to 1, your 1 - p is 0. Stay with logits: log p / (1 - p) is the logit of c minus the
    logsumexp of the other logits."""
    p, q = before.softmax(1)[:, c], after.softmax(1)[:, c]
    return (p / (1 - p)).log() - (q / (1 - q)).log()


def evidence_turned(before, after, c):
    """Your sign is turned: evidence that is lost counts positive, before minus after."""
    return -weight_of_evidence(before, after, c)


def strongest_rival_only(before, after, c):
    """You compare with the strongest other class: 1 - p holds all others, take their logsumexp."""

    def margin(logits):
        return logits[:, c] - torch.cat([logits[:, :c], logits[:, c + 1 :]], 1).amax(1)

    return margin(before) - margin(after)


def known_odds(student):
    """odds of 3 to 1 that become 1 to 4: a loss of log 12"""
    before, after = torch.tensor([[0.75, 0.15, 0.1]]).double().log(), torch.tensor([[0.2, 0.5, 0.3]]).double().log()
    expect(student(before, after, 0), torch.tensor([12.0]).double().log(), "The evidence lost from odds 3 to odds 1/4")


def common_shift(student):
    """the same number added to all logits changes nothing"""
    before, after = normal(61, 4, 5), normal(62, 4, 5)
    wanted = student(before, after, 2)
    expect(
        student(before + 3, after - 2, 2), wanted, "The evidence after adding 3 to all logits before, -2 to all after,"
    )


def sure_classes(student):
    """also where the probability is 1 to the last digit"""
    before, after = torch.tensor([[60.0, 0, 0]]).double(), torch.tensor([[50.0, 0, 0]]).double()
    expect(student(before, after, 0), torch.tensor([10.0]).double(), "The evidence lost from logit 60 to 50, others 0,")


EVIDENCE = Exercise(
    id="04.2",
    title="The weight of evidence",
    task="Write weight_of_evidence: the fall of the log-odds of class c, also where its probability is rounded to 1.",
    solution=weight_of_evidence,
    cases=lambda: [
        (normal(63, 5, 4), normal(64, 5, 4), 1),
        (torch.tensor([[60.0, 0, 1]]).double(), normal(65, 1, 3), 0),
    ],
    laws=(known_odds, common_shift, sure_classes),
    shape=lambda before, after, c: (len(before),),
    hints=(
        "p = e^(z_c) / sum of e^(z_k). Write down p / (1 - p): what cancels?",
        "p / (1 - p) = e^(z_c) / (sum over the OTHER classes of e^(z_k)). Its logarithm needs no p at all.",
        "log-odds = logits[:, c] - (the other columns).logsumexp(dim=1).",
    ),
    wrong=(
        difference_of_probabilities,
        difference_of_logits,
        log_ratio,
        rounded_to_one,
        evidence_turned,
        strongest_rival_only,
    ),
)

# --- 04.3 the deletion curve ----------------------------------------------------------------------------------------


def deletion_curve(score, x, R, steps):
    """The score while the pixels with the highest relevance go black, in equal steps, until all are black.

    score gives (B,) for (B, C, H, W); x is (C, H, W), R is (H, W), H * W a multiple of steps.
    Returns a tensor (steps + 1,): the picture as it is first.
    """
    order = R.flatten().argsort(descending=True)
    values = []
    for i in range(steps + 1):
        gone = x.flatten(1).clone()
        gone[:, order[: i * len(order) // steps]] = 0
        values.append(score(gone.view_as(x)[None])[0])
    return torch.stack(values)


def lowest_first(score, x, R, steps):
    """You delete the lowest relevance first: sort with descending=True."""
    return deletion_curve(score, x, -R, steps)


def largest_size_first(score, x, R, steps):
    """You sort by the absolute value: negative relevance speaks against the class, it goes last."""
    return deletion_curve(score, x, R.abs(), steps)


def insertion(score, x, R, steps):
    """This is the insertion curve, which starts from black. Start from the picture and delete."""
    return deletion_curve(score, x, -R, steps).flip(0)


def without_the_start(score, x, R, steps):
    """The first value is missing: the score of the picture as it is, with nothing deleted."""
    return deletion_curve(score, x, R, steps)[1:]


def one_portion_at_a_time(score, x, R, steps):
    """You show again what you deleted before: in step i all pixels up to i / steps are black."""
    order = R.flatten().argsort(descending=True).chunk(steps)
    pictures = [x] + [x.flatten(1).index_fill(1, portion, 0).view_as(x) for portion in order]
    return torch.stack([score(each[None])[0] for each in pictures])


def first_channel_only(score, x, R, steps):
    """You delete in the first channel only: a black pixel is zero in all channels."""
    return deletion_curve(lambda pictures: score(torch.cat([pictures[:, :1], x[None, 1:]], 1)), x, R, steps)


def drops_instead(score, x, R, steps):
    """You give what was lost: the curve shows the score that is left."""
    curve = deletion_curve(score, x, R, steps)
    return curve[0] - curve


def _curve_case(seed, height=3, width=4):
    return _convolved(seed), normal(seed + 1, 2, height + 2, width + 2), normal(seed + 2, height + 2, width + 2), 5


def falls_by_the_largest_parts(student):
    """on a linear score and its own parts, the curve falls by the sorted parts, one after the other"""
    weights, x = normal(71, 2, 2, 4), normal(72, 2, 2, 4)
    parts = (weights * x).sum(0)
    lost = parts.flatten().sort(descending=True).values.cumsum(0)
    wanted = parts.sum() - torch.cat([torch.zeros(1).double(), lost])
    expect(student(_weighed(weights), x, parts, 8), wanted, "The curve of a linear score and its own parts")


def ends_are_picture_and_black(student):
    """it begins at the score of the picture and ends at that of black, on a hidden net"""
    score, x, R, steps = _curve_case(73)
    curve = student(score, x, R, steps)
    wanted = torch.stack([score(x[None])[0], score(torch.zeros_like(x)[None])[0]])
    expect(curve[[0, -1]], wanted, "The ends (first, last) of the curve of a hidden net")


CURVE = Exercise(
    id="04.3",
    title="Deletion curve",
    task="Write deletion_curve: the score while the pixels with the highest relevance go black, step by step.",
    solution=deletion_curve,
    cases=lambda: [_curve_case(76), _curve_case(79, 3, 8)],
    laws=(falls_by_the_largest_parts, ends_are_picture_and_black),
    shape=lambda score, x, R, steps: (steps + 1,),
    hints=(
        "R.flatten().argsort(descending=True) lists the pixels in the order in which they go.",
        "After step i the first i * H * W // steps of that list are black, in every channel.",
        "gone = x.flatten(1).clone(); gone[:, order[:n]] = 0; gone.view_as(x)[None] is the picture to ask for.",
    ),
    wrong=(
        lowest_first,
        largest_size_first,
        insertion,
        without_the_start,
        one_portion_at_a_time,
        first_channel_only,
        drops_instead,
    ),
)

# --- 04.4 the objective of the learned mask -------------------------------------------------------------------------


def mask_objective(probability, x, r, m, area, smoothness):
    """What a deletion mask is learned by: small where little is deleted, smoothly, and the class is gone.

    area * mean(1 - m) + smoothness * TV(m) + probability of m x + (1 - m) r, where TV(m) is the sum over all pairs of
    neighbours (below and beside each other) of |difference|³, divided by the number of values of m.
    x and r are (C, H, W), m is (H, W), probability gives (B,) for (B, C, H, W). Returns one number.
    """
    seen = m * x + (1 - m) * r
    variation = m.diff(dim=0).abs().pow(3).sum() + m.diff(dim=1).abs().pow(3).sum()
    return area * (1 - m).mean() + smoothness * variation / m.numel() + probability(seen[None])[0]


def _objective(probability, x, r, m, area, smoothness, variation):
    return mask_objective(probability, x, r, m, area, 0) + smoothness * variation / m.numel()


def mask_exchanged(probability, x, r, m, area, smoothness):
    """You keep where the mask is 0: m is 1 where the picture stays, m x + (1 - m) r."""
    return mask_objective(probability, r, x, m, area, smoothness)


def area_kept(probability, x, r, m, area, smoothness):
    """You punish what is kept, mean(m): that is the preservation game. Deletion punishes mean(1 - m)."""
    return mask_objective(probability, x, r, m, area, smoothness) + area * (2 * m - 1).mean()


def probability_raised(probability, x, r, m, area, smoothness):
    """You subtract the probability, so the class would be kept: a deletion mask should bring it down."""
    return mask_objective(lambda pictures: -probability(pictures), x, r, m, area, smoothness)


def squared_differences(probability, x, r, m, area, smoothness):
    """You square the differences: the task says to the power of 3."""
    return _objective(
        probability, x, r, m, area, smoothness, m.diff(dim=0).square().sum() + m.diff(dim=1).square().sum()
    )


def signed_cubes(probability, x, r, m, area, smoothness):
    """Your cubes keep their sign, so that a step up and a step down cancel: take the absolute value first."""
    return _objective(probability, x, r, m, area, smoothness, m.diff(dim=0).pow(3).sum() + m.diff(dim=1).pow(3).sum())


def one_direction(probability, x, r, m, area, smoothness):
    """You compare each value with the one beside it only: those below it are neighbours, too."""
    return _objective(probability, x, r, m, area, smoothness, m.diff(dim=1).abs().pow(3).sum())


def around_the_edge(probability, x, r, m, area, smoothness):
    """torch.roll makes the left edge a neighbour of the right one: use m.diff(dim=0) and m.diff(dim=1)."""
    variation = sum((m - m.roll(1, axis)).abs().pow(3).sum() for axis in (0, 1))
    return _objective(probability, x, r, m, area, smoothness, variation)


def sums_for_means(probability, x, r, m, area, smoothness):
    """You add up where the mean is meant: divide both penalties by the number of values of m."""
    return mask_objective(probability, x, r, m, area * m.numel(), smoothness * m.numel())


def _probability(seed):
    score = _convolved(seed)
    return lambda pictures: score(pictures).sigmoid()


def _objective_case(seed, area=0.7, smoothness=2.0):
    mask = normal(seed + 3, 5, 6).sigmoid()
    return _probability(seed), normal(seed + 1, 2, 5, 6), normal(seed + 2, 2, 5, 6), mask, area, smoothness


def picture_and_reference(student):
    """without penalties: the probability of the picture where m is 1, of the reference where m is 0, and of a blend"""
    probability, x, r, mask, *_ = _objective_case(81)
    for m, name in (
        (torch.ones_like(mask), "1 everywhere"),
        (torch.zeros_like(mask), "0 everywhere"),
        (mask, "a blend"),
    ):
        wanted = probability((r + m * (x - r))[None])[0]
        expect(student(probability, x, r, m, 0.0, 0.0), wanted, f"The objective without penalties, mask {name},")


def area_alone(student):
    """the penalty of the area: 0.75 of the picture deleted, at 4 a picture"""
    _, x, r, mask, *_ = _objective_case(84)
    found = student(lambda pictures: torch.zeros(len(pictures)).double(), x, r, torch.full_like(mask, 0.25), 4.0, 9.0)
    expect(
        found, torch.tensor(3.0).double(), "The objective of a mask of 0.25 everywhere, area weight 4, no probability,"
    )


def two_bumps(student):
    """the penalty of roughness: two values of 0.5 in a mask of ones, one inside and one in the corner, 6 · 0.5³ / 30"""
    _, x, r, mask, *_ = _objective_case(87)
    m = torch.ones_like(mask)
    m[2, 3] = m[0, 0] = 0.5
    found = student(lambda pictures: torch.zeros(len(pictures)).double(), x, r, m, 0.0, 6.0)
    expect(found, torch.tensor(0.15).double(), "The objective of 0.5 at [2, 3] and [0, 0] in 5 x 6 ones, smoothness 6,")


OBJECTIVE = Exercise(
    id="04.4",
    title="What the mask is learned by",
    task="Write mask_objective: area, smoothness and the probability that remains, added up.",
    solution=mask_objective,
    cases=lambda: [_objective_case(90), _objective_case(93, 0.3, 5.0)],
    laws=(picture_and_reference, area_alone, two_bumps),
    shape=lambda probability, x, r, m, area, smoothness: (),
    hints=(
        "Three terms. First make the picture the net sees: m keeps x where it is 1, and r comes in where it is 0.",
        "m.diff(dim=0) has the differences of rows below each other, m.diff(dim=1) those of columns beside each other.",
        "The variation is (m.diff(dim=0).abs() ** 3).sum() plus the same for dim=1, divided by m.numel().",
    ),
    wrong=(
        mask_exchanged,
        area_kept,
        probability_raised,
        squared_differences,
        signed_cubes,
        one_direction,
        around_the_edge,
        sums_for_means,
    ),
)

EXERCISES = (MAP, EVIDENCE, CURVE, OBJECTIVE)
