"""Answers that are neither right nor a listed mistake."""

import functools

import pytest
import torch

from xaiwidgets.exercises import EXERCISES, check
from xaiwidgets.exercises.gradients import gradient


def text(id, answer, state):
    message = check(id, answer)
    assert message.state == state, message
    return repr(message)


def unfinished(f, x, c):
    raise NotImplementedError


def passing(f, x, c):
    pass


def none(f, x, c):
    return None


@pytest.mark.parametrize("answer", [None, ..., unfinished, passing, none])
def test_not_attempted(answer):
    text("05.1", answer, "not attempted")


def test_a_result_instead_of_the_function():
    assert "it got a Tensor of shape (2, 3)" in text("05.1", torch.zeros(2, 3), "not yet")


def test_a_forgotten_return_is_an_attempt():
    def answer(f, x, c):
        gradient(f, x, c)

    assert "is a `return` missing?" in text("05.1", answer, "not yet")


def test_a_constant_is_an_attempt():
    assert "returns an int" in text("05.1", lambda f, x, c: 0, "not yet")


def test_another_signature():
    assert "has to take (f, x, c); it takes (f, x)" in text("05.1", lambda f, x: x, "not yet")


def test_changing_the_input():
    def answer(f, x, c):
        result = gradient(f, x, c)
        x.mul_(2)
        return result

    assert "changes its argument `x` in place" in text("05.1", answer, "not yet")


def test_leaving_a_gradient_behind():
    def answer(f, x, c):
        x.requires_grad_()
        f(x)[:, c].sum().backward()
        return x.grad

    assert "called twice, it would add up" in text("05.1", answer, "not yet")


def test_numpy():
    assert "returns a ndarray of shape (3, 6)" in text("05.1", lambda *a: gradient(*a).numpy(), "not yet")


def test_a_graph():
    def answer(f, x, c):
        x = x.clone().requires_grad_()
        return torch.autograd.grad(f(x)[:, c].sum(), x, create_graph=True)[0] * x

    assert ".detach()" in text("05.1", answer, "not yet")


def test_a_wrong_shape():
    answer = text("05.1", lambda *a: gradient(*a)[:1], "not yet")
    assert "shape (1, 6); expected (3, 6)" in answer


def test_nan():
    assert "NaN or infinity" in text("05.1", lambda *a: gradient(*a) * torch.nan, "not yet")


def test_an_unlisted_mistake_names_law_net_and_numbers():
    lines = text("05.1", lambda *a: 1.5 * gradient(*a), "not yet").splitlines()
    assert len(lines) == 2  # the law's sentence, no diagnosis
    assert "hidden dense net, entry [" in lines[1]
    assert "should be" in lines[1]


def test_the_students_own_line():
    def answer(f, x, c):
        shape = x.shape[99]
        return shape

    shown = text("05.1", answer, "error")
    assert "IndexError" in shown
    assert f"in line {answer.__code__.co_firstlineno + 1} of your cell: shape = x.shape[99]" in shown
    assert "judge.py" not in shown
    assert "Traceback" not in shown


def test_an_error_inside_torch_still_names_the_students_line():
    def answer(f, x, c):
        return f(x[:, :1])

    assert "of your cell: return f(x[:, :1])" in text("05.1", answer, "error")


def test_a_callable_without_code():
    assert check("05.1", functools.partial(gradient)).state == "correct"
    text("05.1", torch.relu, "error")


def test_interrupting_is_not_caught():
    def answer(f, x, c):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        check("05.1", answer)


def test_gradients_may_be_switched_off_outside():
    with torch.no_grad():
        assert check("05.1", gradient).state == "correct"
        assert not torch.is_grad_enabled()


def test_an_exercise_that_builds_on_another_says_so():
    needs = "This builds on 05.1, which is not correct yet."
    assert needs in text("05.2", EXERCISES["05.2"].wrong[0], "not yet")
    assert needs not in text("05.2", EXERCISES["05.2"].solution, "correct")
    check("05.1", gradient)
    assert needs not in text("05.2", EXERCISES["05.2"].wrong[0], "not yet")
