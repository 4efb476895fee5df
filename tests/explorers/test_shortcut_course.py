"""The shortcut explorer as it opens: the course's two networks."""

import re

import pytest
import torch
from shortcut_parts import switch
from small import settle

from xaiwidgets.datasets import load_dataset
from xaiwidgets.explorers import ShortcutExplorer
from xaiwidgets.models import load_model


@pytest.fixture(scope="module")
def course():
    made = ShortcutExplorer()
    yield made
    made.close()


def test_with_the_courses_networks_the_tag_flips_one_of_them(course):
    boats = [i for i in range(8) if course.pictures.data.labels[i] == course.class_names.index("boat")]
    assert boats == list(range(8))
    flips = {"Network A": 0, "Network B": 0}
    for i in boats:
        course.views.gallery.selected = i
        settle(course)
        assert course.views.actions.values["tag"] == (i < 4)
        switch(course, True)
        assert all("says boat" in view.title and "wrong" not in view.title for view in course.views.maps.views[1:])
        switch(course, False)
        said = dict(part.split(": ") for part in course.status.message.split("; "))
        assert set(said) == set(flips)
        for name, change in said.items():
            flips[name] += "boat →" in change
    assert flips["Network A"] <= 1
    assert flips["Network B"] >= 7


def test_with_the_courses_networks_the_map_shows_the_tag(course):
    course.views.gallery.selected = 0
    switch(course, True)
    course.reveal()
    settle(course)
    on_tag = [int(re.search(r"(\d+)% on the caption tag", view.caption)[1]) for view in course.views.maps.views]
    assert on_tag[1] > 2 * on_tag[0]
    assert course.models.keys() == {"Network A", "Network B"}
    twin = load_model("scenes-shortcut")
    assert torch.equal(course.models["Network B"](course.pictures.with_tag[:2]), twin(course.pictures.with_tag[:2]))
    assert course.class_names == load_dataset("scenes").class_names
    course.reveal(False)
