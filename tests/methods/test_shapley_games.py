"""Games of pictures and tables: each coalition's value against a literal loop; linear models; classifiers."""

import numpy as np
import pytest
import torch
from asked import BY_TYPE, TYPES, classifier, leaves_everything_as_it_is, linear, same_in_two_threads
from nets import NETS, net

from xaiwidgets.methods.fills import fill_picture, hidden
from xaiwidgets.methods.shapley import every_coalition, exact_shapley
from xaiwidgets.methods.shapley_games import picture_game, table_game
from xaiwidgets.methods.superpixels import grid


def five_parts(x):
    places = x.shape[2:] or x.shape[1:]
    return 2 + 3 * (torch.arange(places.numel()).view(places) * 5 // places.numel())  # labels that leave numbers out


def scored(model, x, target, output):
    logits = model(x.clone()).detach()[0]
    return (logits if output == "score" else logits.softmax(0))[target].item()


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("output", ["score", "probability"])
@pytest.mark.parametrize("name", NETS)
def test_parts_that_are_missing_are_filled(name, output, dtype):
    model, x, target = net(name, dtype)
    x, target, labels = x[:1], target[0].item(), five_parts(x)
    coalitions, wanted = every_coalition(5), []
    for members in coalitions.tolist():
        off = sum((labels == 2 + 3 * j for j, on in enumerate(members) if not on), torch.zeros(labels.shape)).bool()
        wanted.append(scored(model, hidden(x, off, 0.3), target, output))
    found = picture_game(model, x, target, labels, fill=0.3, output=output)(coalitions)
    assert found.dtype == torch.float64
    torch.testing.assert_close(found, torch.tensor(wanted, dtype=torch.float64), **BY_TYPE[dtype])


def test_every_fill_and_arrays_of_labels():
    model, x, target = net("skip, BatchNorm, reused ReLU")
    x, target, labels = x[:1], target[0].item(), five_parts(x)
    members = torch.tensor([[True, False, True, True, False]])
    off = (labels == 5) | (labels == 14)
    for fill in ("mean", "blur", "inpaint", "noise"):
        found = picture_game(model, x, target, labels.numpy(), fill=fill, seed=4)(members)
        assert found.item() == pytest.approx(scored(model, hidden(x, off, fill, seed=4), target, "score"), rel=1e-9)


def test_blocks_and_channels_and_values_as_players():
    model, x, target = net("functional ReLU")
    x, target = x[:1], target[0].item()
    blocks = picture_game(model, x, target, 6)
    by_labels = picture_game(model, x, target, grid(9, 8, 6))
    assert blocks.players == 6
    torch.testing.assert_close(exact_shapley(blocks), exact_shapley(by_labels))
    channels = picture_game(model, x, target, "channels", fill="mean")
    only_second = x.clone()
    only_second[:, 0] = fill_picture("mean", x)[:, 0]
    assert channels.players == 2
    assert channels(torch.tensor([[False, True]])).item() == pytest.approx(scored(model, only_second, target, "score"))
    labels = torch.arange(x[0].numel()).view(x.shape[1:]) % 7
    half = torch.tensor([[True, False, True, False, True, True, False]])
    wanted = scored(model, torch.where(half[0][labels], x, 0.25), target, "score")
    assert picture_game(model, x, target, labels, fill=0.25)(half).item() == pytest.approx(wanted)


@pytest.mark.parametrize("shape", [(2, 6, 8), (3, 20), (9,)])
def test_a_linear_model_gives_each_part_what_it_adds(shape):
    model, weight = linear(shape)
    x = torch.randn(1, *shape, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    labels = five_parts(x)
    found = exact_shapley(picture_game(model, x, 1, labels, fill=0.5))
    part = (weight[1] * (x - 0.5)[0]).reshape(-1, labels.numel()).sum(0)
    wanted = torch.stack([part[labels.flatten() == label].sum() for label in labels.unique()])
    torch.testing.assert_close(found, wanted, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("rows", [1, 3, 700])
def test_missing_columns_come_from_the_background(rows):
    model, x, _ = net("dense")
    background = torch.randn(rows, 7, generator=torch.Generator().manual_seed(1), dtype=x.dtype)
    game = table_game(model, x[:1], 1, background=background, groups=[[4], [0, 6], [1, 2, 3, 5]], names="abc")
    coalitions, wanted = every_coalition(3), []
    for members in coalitions.tolist():
        columns = [each for group, on in zip([[4], [0, 6], [1, 2, 3, 5]], members, strict=True) if on for each in group]
        mixed = background.clone()
        mixed[:, columns] = x[0, columns]
        wanted.append(model(mixed)[:, 1].mean().item())
    torch.testing.assert_close(game(coalitions), torch.tensor(wanted, dtype=torch.float64), rtol=1e-9, atol=1e-12)
    assert game.names == ("a", "b", "c")


def test_a_classifier_of_scikit_learn():
    model, x = classifier()
    background = np.concatenate([x[1:], x[:1] + 1])
    game = table_game(model.predict_proba, x[:1], 1, background=background)
    mixed = background.copy()
    mixed[:, [0, 3]] = x[0, [0, 3]]
    found = game(torch.tensor([[True, False, False, True]])).item()
    assert found == pytest.approx(model.predict_proba(mixed)[:, 1].mean())
    linear_part = table_game(model.decision_function, x[:1], 0, background=background)
    wanted = model.coef_[0] * (x[0] - background.mean(0))
    assert exact_shapley(linear_part).tolist() == pytest.approx(wanted.tolist())


def explain(model, x, target):
    labels = five_parts(x)
    return exact_shapley(picture_game(model, x[:1], target[0].item(), labels, fill=0.1))


def test_leaves_everything_as_it_is():
    leaves_everything_as_it_is(explain)


def test_two_threads():
    same_in_two_threads(explain)


MODEL, PICTURE = linear((2, 4, 4))[0], torch.ones(1, 2, 4, 4, dtype=torch.float64)
TABLE, ROW = linear((3,))[0], torch.ones(1, 3, dtype=torch.float64)


@pytest.mark.parametrize(
    ("error", "message", "call"),
    [
        (ValueError, r"x must hold one input", lambda: picture_game(MODEL, PICTURE.expand(2, 2, 4, 4), 0, 4)),
        (ValueError, r"players must be.*\(4, 4\).*got shape \(3, 3\)", lambda: _game(torch.zeros(3, 3).long())),
        (TypeError, r"players must be.*got torch.float32", lambda: _game(torch.zeros(4, 4))),
        (TypeError, r"players must be.*got 0", lambda: _game(0)),
        (TypeError, r"players must be.*got 'rows'", lambda: _game("rows")),
        (TypeError, r"players must be.*got 'channels'", lambda: picture_game(TABLE, ROW, 0, "channels")),
        (TypeError, r"players must be.*\(3,\), got 2: only a picture.*arange", lambda: picture_game(TABLE, ROW, 0, 2)),
        (ValueError, r"x must be one row", lambda: table_game(MODEL, PICTURE, 0, background=PICTURE)),
        (ValueError, r"x must hold one input", lambda: table_game(TABLE, ROW.expand(2, 3), 0, background=ROW)),
        (ValueError, r"fill 'inpaint' needs players that are places", lambda: _game("channels", fill="inpaint")),
        (ValueError, r"fill must be", lambda: picture_game(MODEL, PICTURE, 0, 4, fill="red")),
        (ValueError, r"output must be", lambda: picture_game(MODEL, PICTURE, 0, 4, output="loss")),
        (ValueError, r"target must be", lambda: picture_game(MODEL, PICTURE, 2, 4)),
        (
            ValueError,
            r"background must be one or more inputs of shape \(3,\), got shape \(2, 4\)",
            lambda: _table(torch.ones(2, 4)),
        ),
        (ValueError, r"background must be one or more inputs", lambda: _table(torch.ones(0, 3))),
        (ValueError, r"background must be finite", lambda: _table(torch.full((1, 3), torch.nan))),
        (TypeError, r"background must be a tensor", lambda: _table(None)),
        (ValueError, r"groups must hold each", lambda: _table(torch.ones(1, 3), groups=[[0], [1]])),
        (ValueError, r"groups must hold each", lambda: _table(torch.ones(1, 3), groups=[[0, 1], [1, 2]])),
        (ValueError, r"names must name the 3 players", lambda: _table(torch.ones(1, 3), names=["a"])),
        (ValueError, r"finite scores", lambda: picture_game(lambda x: x.sum((1, 2, 3)) / 0, PICTURE, 0, 4)),
    ],
)
@pytest.mark.filterwarnings("ignore:divide by zero:RuntimeWarning")
def test_bad_input(error, message, call):
    with pytest.raises(error, match=message):
        call()


def _game(players, **more):
    return picture_game(MODEL, PICTURE, 0, players, **more)


def _table(background, **more):
    return table_game(TABLE, ROW, 0, background=background, **more)
