import html
import json
import os

import pytest

from xaiwidgets.exercises import EXERCISES, check, hint, predict, progress, reveal, solution
from xaiwidgets.exercises.answers import FILE
from xaiwidgets.exercises.message import Message

RIGHT, WRONG = EXERCISES["00.3"].solution, EXERCISES["00.3"].wrong[0]


def stored(folder, part="exercises"):
    return json.loads((folder / FILE).read_text())[part]


@pytest.mark.parametrize("door", [check, hint, solution])
def test_unknown_exercises_list_the_known(door):
    with pytest.raises(KeyError, match=r"no exercise '5\.1'; known: 00\.1, 00\.2"):
        door("5.1")


def test_states_and_attempts_are_kept(folder):
    check("00.3", None)
    assert not (folder / FILE).exists()  # looking is no attempt
    check("00.3", WRONG)
    assert stored(folder)["00.3"]["state"] == "not yet"
    check("00.3", RIGHT)
    assert check("00.3", WRONG).state == "not yet"  # said, but what was reached stays
    entry = stored(folder)["00.3"]
    assert entry.pop("time").endswith("+00:00")
    assert entry == {"state": "correct", "attempts": 3, "hints": 0, "solution_shown": False}
    assert os.listdir(folder) == [FILE]


def test_hints_come_one_by_one_and_are_counted(folder):
    hints = EXERCISES["00.3"].hints
    shown = [hint("00.3") for _ in range(len(hints) + 1)]
    assert [message.lines[0] for message in shown] == [*hints, hints[-1]]
    assert shown[0].heading == f"00.3 hint 1 of {len(hints)}"
    assert stored(folder)["00.3"]["hints"] == len(hints)
    assert stored(folder)["00.3"]["state"] == "not attempted"


def test_the_solution_is_code_and_is_recorded(folder):
    assert solution("00.3").code == EXERCISES["00.3"].source
    assert stored(folder)["00.3"]["solution_shown"] is True


def test_progress_lists_a_notebook():
    check("00.3", RIGHT)
    hint("00.1")
    assert repr(progress("00")).splitlines() == [
        "1 of 3 correct",
        "  00.1 Accuracy by class: not attempted, hints: 1",
        "  00.2 Flip rate: not attempted",
        "  00.3 Intersection over union: correct, attempts: 1",
    ]
    assert len(progress().lines) == len(EXERCISES)


def test_a_folder_that_cannot_be_written_is_said_and_nothing_is_lost(folder):
    (folder / FILE).mkdir()  # stands in the way of the file, also for an administrator
    message = check("00.3", RIGHT)
    assert message.state == "correct"
    assert "Progress is not saved" in message.lines[-1]
    assert progress("00").heading == "1 of 3 correct"
    assert os.listdir(folder) == [FILE]
    (folder / FILE).rmdir()
    hint("00.1")
    assert stored(folder)["00.3"]["state"] == "correct"


@pytest.mark.parametrize("content", ["{", "[]", '{"exercises": 3}', "\xff"])
def test_a_damaged_file_is_set_aside(folder, content):
    (folder / FILE).write_text(content, encoding="latin-1")
    assert progress("00").heading == "0 of 3 correct"
    message = check("00.3", RIGHT)
    assert "kept as xaiwidgets-progress.damaged.json" in message.lines[-1]
    assert (folder / "xaiwidgets-progress.damaged.json").read_text(encoding="latin-1") == content
    assert stored(folder)["00.3"]["state"] == "correct"


def test_plain_text_and_html_say_the_same():
    message = Message("a < b", ("first & last",), "correct", code="if a < b:\n    pass")
    assert repr(message) == "a < b\n  first & last\nif a < b:\n    pass"
    page = message._repr_html_()
    assert "--jp-success-color1" in page
    for line in repr(message).splitlines():
        assert html.escape(line.removeprefix("  ")) in page


def test_predict_then_reveal(folder):
    options = ("rises", "falls")
    assert "choose one of 'rises', 'falls'" in repr(predict("05.a", ..., options=options))
    assert "no prediction" in repr(reveal("05.a", "falls", "More depth, more pieces."))
    assert repr(predict("05.a", "rises", options=options)) == "05.a prediction noted: rises"
    assert stored(folder, "predictions")["05.a"]["choice"] == "rises"
    assert reveal("05.a", "falls", "More depth, more pieces.").state == "not yet"
    assert reveal("05.a", "rises", "So it is.").state == "correct"
    with pytest.raises(ValueError, match="choice must be one of 'rises', 'falls'; got 'stays'"):
        predict("05.a", "stays", options=options)
