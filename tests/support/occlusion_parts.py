"""A small occlusion explorer, and what a user does with it."""

from small import LABELS, MASKS, settle, small_net, small_pictures

from xaiwidgets.explorers import OcclusionExplorer


def small_explorer(model=None, **arguments) -> OcclusionExplorer:
    given = {"labels": LABELS, "masks": MASKS, "class_names": ["ant", "bee", "cat", "dog"]}
    return OcclusionExplorer(small_net() if model is None else model, small_pictures(), **{**given, **arguments})


def choose(explorer: OcclusionExplorer, **values) -> None:
    """Set controls, as many as are on the page; wait for the answer."""
    explorer.choices.values = values
    settle(explorer)


def lay(explorer: OcclusionExplorer, place) -> None:
    """Lay the occluder there, as the page does: the copies follow by themselves."""
    explorer.input.middle = place
    settle(explorer)


def recorded(explorer: OcclusionExplorer, monkeypatch, at_first=lambda: None) -> list:
    """The results that are shown from now on; `at_first` is called after the first."""
    shown, publish = [], explorer.publish

    def noting(result):
        publish(result)
        shown.append(result)
        if len(shown) == 1:
            at_first()

    monkeypatch.setattr(explorer, "publish", noting)
    monkeypatch.setattr("xaiwidgets.worker.EVERY", 0)
    return shown
