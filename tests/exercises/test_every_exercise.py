"""What holds for each exercise of each notebook: stub, solution and every listed wrong answer."""

import inspect

import pytest
import torch

from xaiwidgets.exercises import EXERCISES, check
from xaiwidgets.exercises.exercise import EMPTY_BODY, NotYetError
from xaiwidgets.exercises.judge import Student, judge

WRONG = [
    pytest.param(exercise, wrong, id=f"{exercise.id}-{wrong.__name__}")
    for exercise in EXERCISES.values()
    for wrong in exercise.wrong
]
each_exercise = pytest.mark.parametrize("exercise", EXERCISES.values(), ids=EXERCISES)


def sentence(function):
    return " ".join(inspect.getdoc(function).split())


def defined(source, name):
    """The function a cell with this source would define, with what the notebook has imported by then."""
    space = {"torch": torch, "gradient": EXERCISES["05.1"].solution}
    exec(source, space)
    return space[name]


@each_exercise
def test_stub_runs_and_is_not_attempted(exercise):
    stub = defined(exercise.stub, exercise.solution.__name__)
    assert check(exercise.id, stub).state == "not attempted"


@each_exercise
def test_stub_has_the_solutions_signature_and_docstring_only(exercise):
    stub = defined(exercise.stub, exercise.solution.__name__)
    assert inspect.signature(stub) == inspect.signature(exercise.solution)
    assert inspect.getdoc(stub) == inspect.getdoc(exercise.solution)
    assert exercise.stub.endswith(f'"""\n{EMPTY_BODY}')
    assert exercise.source.startswith(exercise.stub.removesuffix(EMPTY_BODY))


@each_exercise
def test_solution_is_correct_as_it_is_shown(exercise):
    shown = defined(exercise.source, exercise.solution.__name__)
    message = check(exercise.id, shown)
    assert message.state == "correct", message
    assert len(message.lines) == len(exercise.laws)


@pytest.mark.parametrize(("exercise", "wrong"), WRONG)
def test_wrong_answer_gets_its_own_message(exercise, wrong):
    verdict = judge(exercise, wrong)
    assert verdict.state == "not yet"
    assert verdict.lines[0] == sentence(wrong)
    others = {sentence(other) for other in exercise.wrong if other is not wrong}
    assert others.isdisjoint(verdict.lines)


@each_exercise
def test_each_exercise_is_complete(exercise):
    assert len(exercise.wrong) >= 3
    assert len(exercise.hints) >= 2
    assert len({sentence(wrong) for wrong in exercise.wrong}) == len(exercise.wrong)
    assert all(need in EXERCISES for need in exercise.needs)


@each_exercise
def test_each_law_can_fail(exercise):
    """A law that no listed wrong answer breaks would prove nothing."""
    for law in exercise.laws:
        assert any(breaks(law, Student(exercise, wrong)) for wrong in exercise.wrong), law.__name__


def breaks(law, student):
    try:
        law(student)
    except NotYetError:
        return True
    return False


@each_exercise
def test_judging_leaves_the_random_state_alone(exercise):
    before = torch.random.get_rng_state()
    judge(exercise, exercise.solution)
    assert torch.equal(torch.random.get_rng_state(), before)


@each_exercise
def test_two_checks_say_the_same(exercise):
    wrong = exercise.wrong[0]
    assert repr(check(exercise.id, wrong)) == repr(check(exercise.id, wrong))
