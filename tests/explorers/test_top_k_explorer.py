"""What the top-K explorer shows, against the methods themselves."""

import html

import numpy as np
import pytest
from small import leaves_nothing, settle
from top_k_explorer_parts import COUNT, NAMES, choose, click, labels, pictures, small_explorer, small_net

from xaiwidgets.colors import picture
from xaiwidgets.datasets import load_dataset
from xaiwidgets.explorers import TopKExplorer
from xaiwidgets.explorers.top_k_result import chance_text
from xaiwidgets.methods.detectors import average_precisions, class_mix, detector
from xaiwidgets.methods.layers import activations
from xaiwidgets.methods.receptive_field import crops, receptive_fields
from xaiwidgets.methods.top_k import top_k


@pytest.fixture
def explorer():
    made = small_explorer()
    yield made
    made.close()


def record(layer="1", k=9, over="max"):
    return top_k(small_net(), [(pictures(), labels())], layer, k=k, over=over)


def values_of(layer="1"):
    output = activations(small_net(), pictures(), layer)
    return output.flatten(2).amax(2) if output.ndim > 2 else output


def grids_show(explorer, channel, layer="1", k=9, over="max"):
    found = record(layer, k, over).of(channel)
    for name, end in (("best", found), ("worst", found.bottom)):
        view = explorer.views.grids[name]
        said = [float(label.split()[0]) for label in view.labels]
        np.testing.assert_allclose(said, [float(f"{value:.3g}") for value in end.values], rtol=1e-2)
        if k <= 9:
            assert [label.split()[1] for label in view.labels] == [NAMES[label] for label in end.labels]
        fields = receptive_fields(small_net(), pictures()[:1], layer, end.places)
        longest = max(part.stop - part.start for field in fields for part in field)
        np.testing.assert_array_equal(view.images, picture(crops(pictures()[end.indices], fields, max(8, longest))))


def test_it_opens_on_the_most_telling_channel_with_its_best_and_worst_pictures(explorer):
    precisions = average_precisions(values_of(), labels(), 3)
    best = int(precisions.max(1).values.argmax())
    assert explorer.views.channels.selected == explorer.result.channel == best
    grids_show(explorer, best)
    np.testing.assert_allclose(explorer.views.channels.values, precisions.max(1).values, rtol=1e-6)
    wanted = [f"{channel} {NAMES[int(precisions[channel].argmax())]}" for channel in range(4)]
    wanted[2] = "2 dead"
    assert explorer.views.channels.names == wanted
    assert explorer.views.channels.order == "sorted"
    np.testing.assert_array_equal(explorer.input.image, picture(pictures()[explorer.result.index]))


@pytest.mark.parametrize("layer", ["0", "2"])
def test_layers_and_channels_are_chosen_in_their_lists(explorer, layer):
    click(explorer, "layers", int(layer))
    click(explorer, "channels", 1)
    grids_show(explorer, 1, layer)
    np.testing.assert_allclose(
        explorer.result.map, activations(small_net(), pictures(), layer)[explorer.result.index, 1]
    )
    np.testing.assert_allclose(explorer.input.heatmap, explorer.result.map)


def test_the_layers_are_those_of_the_model_and_its_logits(explorer):
    assert explorer.views.layers.names == ["0 Conv2d", "1 ReLU", "2 AvgPool2d", "3 Flatten", "logits"]
    assert explorer.views.layers.values.tolist() == [4, 4, 4, 80, 3]


def test_classes_are_units_too(explorer):
    click(explorer, "layers", 4)
    assert explorer.views.channels.names == NAMES
    click(explorer, "channels", 2)
    own = average_precisions(values_of(None), labels(), 3).diagonal()
    np.testing.assert_allclose(explorer.views.channels.values, own, rtol=1e-6)
    assert (explorer.views.mix.selected, explorer.views.judge.values[1]) == (2, pytest.approx(float(own[2])))
    found = record(None).of(2)
    assert explorer.result.end("best").indices.tolist() == found.indices.tolist()
    np.testing.assert_array_equal(explorer.views.grids["best"].images, picture(pictures()[found.indices]))
    assert explorer.input.heatmap.size == 0
    assert explorer.summary().startswith("Top-K explorer. Class cat: ")


@pytest.mark.parametrize("settings", [{"k": "4"}, {"k": "16"}, {"k": "25"}, {"over": "mean"}], ids=str)
def test_number_of_pictures_and_the_value_of_a_channel(explorer, settings):
    click(explorer, "channels", 3)
    choose(explorer, **settings)
    grids_show(explorer, 3, k=int(settings.get("k", 9)), over=settings.get("over", "max"))


def test_whole_pictures_have_a_frame_around_what_the_unit_saw(explorer):
    click(explorer, "channels", 3)
    crop = explorer.views.grids["best"].images
    result = explorer.result
    choose(explorer, crop="whole")
    assert explorer.result is result
    end = record().of(3)
    for shown, index, field in zip(
        explorer.views.grids["best"].images, end.indices, explorer.result.fields["best"], strict=True
    ):
        rows, columns = field
        plain = picture(pictures()[index])
        assert (shown[rows.start, columns] == 255).all()
        assert (shown[rows, columns.stop - 1] == 255).all()
        np.testing.assert_array_equal(
            shown[rows.start + 1, columns.start + 1], plain[rows.start + 1, columns.start + 1]
        )
        changed = (shown != plain).any(2)
        changed[max(rows.start - 1, 0) : rows.stop + 1, max(columns.start - 1, 0) : columns.stop + 1] = False
        assert not changed.any()
    choose(explorer, crop="crop")
    np.testing.assert_array_equal(explorer.views.grids["best"].images, crop)


def test_class_mix_and_detector_are_those_of_the_methods(explorer):
    for channel in (0, 3):
        click(explorer, "channels", channel)
        found = record().of(channel)
        mix = class_mix(found.labels, found.class_counts)
        np.testing.assert_allclose(explorer.views.mix.values, mix.counts / 9, rtol=1e-6)
        np.testing.assert_allclose(explorer.views.mix.marks, [1 / 3] * 3, rtol=1e-6)
        assert explorer.views.mix.selected == mix.top
        judged = detector(values_of()[:, channel], labels() == mix.top)
        wanted = [judged.precision_at_k, judged.average_precision, judged.auroc]
        np.testing.assert_allclose(explorer.views.judge.values, wanted, rtol=1e-6)
        np.testing.assert_allclose(explorer.views.judge.marks, [1 / 3, 1 / 3, 0.5], rtol=1e-6)
        said = explorer.views.sentence.value
        assert f"{int(mix.counts[mix.top])} of the best 9 of 30 pictures show {NAMES[mix.top]}" in said
        assert f"average precision {judged.average_precision:.2f} (chance 0.33)" in said
        # The best of four channels is chosen: one of them is lucky more often than one named before.
        assert f"{chance_text(min(1, 4 * mix.p_value))}, corrected for all classes and 4 channels" in html.unescape(
            said
        )


def test_the_reader_asks_about_a_class_in_either_way(explorer):
    click(explorer, "channels", 0)
    for ask in (lambda: choose(explorer, asked="cat"), lambda: click(explorer, "mix", 1)):
        ask()
        asked = explorer.views.mix.selected
        judged = detector(values_of()[:, 0], labels() == asked)
        assert explorer.views.judge.values[1] == pytest.approx(judged.average_precision)
        assert explorer.views.judge.label == f"Does it detect {NAMES[asked]}?"
        precisions = average_precisions(values_of(), labels(), 3)[:, asked]
        np.testing.assert_allclose(explorer.views.channels.values, precisions, rtol=1e-6)
        assert explorer.result.channel == 0
    assert (asked, explorer.choices.values["asked"]) == (1, "bee")
    click(explorer, "channels", 3)
    assert explorer.views.mix.selected == 1


def test_the_histogram_counts_all_pictures_and_those_of_the_class(explorer):
    click(explorer, "channels", 3)
    choose(explorer, asked="ant")
    view, values = explorer.views.histogram, values_of()[:, 3].double()
    assert view.names == ["all", "ant"]
    assert view.series[0, ::2].sum() == COUNT
    assert view.series[1, ::2].sum() == 10
    for low, high, count, mine in zip(view.x[::2], view.x[1::2], view.series[0, ::2], view.series[1, ::2], strict=True):
        inside = (values >= low) & (values < high)
        assert (int(inside.sum()), int((inside & (labels() == 0)).sum())) == (count, mine)
    assert view.marker == pytest.approx(float(values.sort(descending=True).values[8]))
    assert "100% above 0; the line: number 9" in view.title


def test_of_logits_it_is_told_that_a_net_does_not_compare_them_across_pictures(explorer):
    said = "The model compares the logits of one picture"
    assert said not in explorer.summary()
    click(explorer, "layers", 4)
    assert said in explorer.summary()


def test_dead_and_duplicate_units_are_told(explorer):
    click(explorer, "channels", 2)
    dead = "Layer 1 ReLU, channel 2: never above 0 in 30 pictures: a dead unit, its best pictures mean nothing."
    assert explorer.summary() == f"Top-K explorer. {dead}"
    assert explorer.views.histogram.series[0].tolist() == [30, 30]
    for channel, other in ((0, 1), (1, 0)):
        click(explorer, "channels", channel)
        assert f"Nearly the same as {other} (correlation 1.00)" in explorer.summary()
    click(explorer, "channels", 3)
    assert "Nearly the same" not in explorer.summary()


def test_a_picture_of_either_grid_is_looked_at(explorer):
    click(explorer, "channels", 0)
    found = record().of(0)
    for name, position, end in (("best", 4, found), ("worst", 2, found.bottom)):
        explorer.views.grids[name].selected = position
        settle(explorer)
        index = int(end.indices[position])
        np.testing.assert_array_equal(explorer.input.image, picture(pictures()[index]))
        assert explorer.input.title == f"Picture {index}: {NAMES[labels()[index]]}"
        row, column = end.places[position].tolist()
        assert f"at row {row}, column {column} of its map" in explorer.input.caption
        wanted = np.zeros((12, 10))
        wanted[row : row + 3, column : column + 3] = 1
        np.testing.assert_array_equal(explorer.input.outline, wanted)
    assert explorer.views.grids["best"].selected is None
    choose(explorer, map=False)
    assert explorer.input.heatmap.size == 0


def test_another_channel_asks_the_model_for_one_picture_only():
    model, asked = small_net(), []
    model.register_forward_hook(lambda module, inputs, output: asked.append(len(inputs[0])))
    explorer = small_explorer(model)
    click(explorer, "channels", 1)
    before = sum(asked)
    click(explorer, "channels", 3)
    explorer.views.grids["best"].selected = 3
    settle(explorer)
    click(explorer, "layers", 0)
    between = sum(asked)
    click(explorer, "layers", 1)
    assert between - before > COUNT  # another layer was scanned
    assert sum(asked) - between < COUNT  # this one was kept
    explorer.close()


def test_it_leaves_nothing_behind():
    leaves_nothing(small_explorer, lambda explorer: choose(explorer, k="4"))


def test_the_course_opens_with_few_pictures_and_goes_on_to_all(monkeypatch):
    drawn = []

    def fewer(name, count=150):
        drawn.append(count)
        return load_dataset(name, count=count)

    monkeypatch.setattr("xaiwidgets.explorers.top_k_explorer.load_dataset", fewer)
    explorer = TopKExplorer()
    settle(explorer)
    assert drawn == [60, 150]
    assert (explorer.result.known.record.count, len(explorer.data)) == (150, 150)
    assert explorer.result.finished
    assert explorer.result.request.layer == "12"
    explorer.close()
