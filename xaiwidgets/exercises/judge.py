"""Call a student's function with care, hold it to an exercise's laws, and find out what went wrong."""

import dis
import inspect
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor

from .exercise import Case, Exercise, NotYetError

MODIFIES = "Your function changes its argument `{name}` in place. Work on a copy: {name}.clone()."
LEAVES_GRADIENT = (
    "Your function leaves a trace on its argument `{name}` (requires_grad or .grad): called twice, it would add up the "
    "two gradients. Work on {name}.detach().clone().requires_grad_() and take torch.autograd.grad."
)


@dataclass(frozen=True)
class Verdict:
    """``state`` is "not attempted", "correct", "not yet" or "error"; ``lines`` say why."""

    state: str
    lines: tuple[str, ...]


class StudentError(Exception):
    """The student's function raised; the reason is the ``__cause__``."""


def judge(exercise: Exercise, answer: object) -> Verdict:
    """Hold ``answer`` to the laws of ``exercise``; the caller's random state and gradient mode are left as found."""
    if answer is None or answer is ...:
        return Verdict("not attempted", (f'Call check("{exercise.id}", {exercise.solution.__name__}).',))
    if not callable(answer):
        return Verdict("not yet", (f"check needs your function, not its result; it got {_kind(answer)}.",))
    with _quiet_torch():
        cases = [tuple(case) for case in exercise.cases()]
        student = Student(exercise, answer)
        try:
            student.accepts(cases[0])
            if _is_untouched(exercise, answer, cases[0]):
                return Verdict("not attempted", (exercise.task,))
            for law in exercise.laws:
                law(student)
        except NotYetError as problem:
            mistake = _mistake(exercise, student, cases)
            return Verdict("not yet", tuple(line for line in (mistake, str(problem)) if line))
        except StudentError as error:
            return Verdict("error", _own_traceback(error.__cause__, answer))
    return Verdict("correct", tuple(f"Holds: {law.__doc__}" for law in exercise.laws))


class Student:
    """The student's function, called on copies of the arguments, its result looked at before a law sees it."""

    def __init__(self, exercise: Exercise, function: Callable):
        self.exercise, self.function = exercise, function

    def __call__(self, *case: object) -> Tensor:
        """The result as a finite float64 tensor of the expected shape; raises NotYetError or StudentError."""
        result, shape = self.result(*case), tuple(self.exercise.shape(*case))
        if tuple(result.shape) != shape:
            raise NotYetError(f"Your result has the shape {tuple(result.shape)}; expected {shape}.")
        if not torch.isfinite(result).all():
            raise NotYetError("Your result contains NaN or infinity: is there a division by zero?")
        return result

    def result(self, *case: object) -> Tensor:
        """As a call, but any shape, NaN and infinity may pass."""
        arguments = [value.clone() if isinstance(value, Tensor) else value for value in case]
        torch.manual_seed(0)  # the same draws for the answer and for the wrong answers it is compared with
        try:
            result = self.function(*arguments)
        except Exception as error:
            raise StudentError from error
        self._look_at_arguments(case, arguments)
        return _as_tensor(result, one_number=self.exercise.shape(*case) == ())

    def accepts(self, case: Case) -> None:
        """Raise NotYetError unless the function takes the arguments of the stub."""
        try:
            inspect.signature(self.function).bind(*case)
        except TypeError:
            wanted = ", ".join(_names(self.exercise))
            taken = inspect.signature(self.function)
            raise NotYetError(f"Your function has to take ({wanted}); it takes {taken}.") from None
        except ValueError:
            return  # a builtin without a signature: the call will tell

    def _look_at_arguments(self, case: Case, arguments: list) -> None:
        for name, before, after in zip(_names(self.exercise), case, arguments, strict=True):
            if isinstance(before, Tensor):
                if after.requires_grad or after.grad is not None:
                    raise NotYetError(LEAVES_GRADIENT.format(name=name))
                if not torch.equal(before, after):
                    raise NotYetError(MODIFIES.format(name=name))


def _as_tensor(result: object, *, one_number: bool) -> Tensor:
    if result is None or result is ...:
        raise NotYetError("Your function returns None: is a `return` missing?")
    if one_number and not isinstance(result, Tensor):
        try:
            return torch.tensor(float(result), dtype=torch.float64)
        except (TypeError, ValueError):
            raise NotYetError(f"Your function should return one number; it returns {_kind(result)}.") from None
    if not isinstance(result, Tensor):
        raise NotYetError(f"Your function should return a torch tensor; it returns {_kind(result)}.")
    if result.requires_grad:
        raise NotYetError("Your result still carries its computation graph: return it with .detach().")
    return result.double()


def _mistake(exercise: Exercise, student: Student, cases: list[Case]) -> str:
    """The sentence of the typical wrong answer that gives the same results as the student's function, or ``""``."""
    try:
        results = [student.result(*case) for case in cases]
    except (NotYetError, StudentError):
        return ""
    for wrong in exercise.wrong:
        try:
            theirs = [Student(exercise, wrong).result(*case) for case in cases]
        except (NotYetError, StudentError):
            continue  # a mistake that is found before any result is compared
        if all(_same(*pair, exercise.tolerance) for pair in zip(results, theirs, strict=True)):
            return " ".join(inspect.getdoc(wrong).split())
    return ""


def _same(result: Tensor, other: Tensor, tolerance: float) -> bool:
    if result.shape != other.shape:
        return False
    scale = other.nan_to_num(0, 0, 0).abs().max()
    return torch.allclose(result, other, rtol=0, atol=float(tolerance * (1e-12 + scale)), equal_nan=True)


def _is_untouched(exercise: Exercise, answer: Callable, case: Case) -> bool:
    """The stub as it came (`return None`, or with `...` or `pass` instead), or one that raises NotImplementedError."""
    try:
        result = answer(*(value.clone() if isinstance(value, Tensor) else value for value in case))
    except NotImplementedError:
        return True
    except Exception:
        return False
    space: dict = {}
    exec(exercise.stub, space)  # our own text
    return (result is None or result is ...) and _steps(answer) == _steps(space[exercise.solution.__name__])


def _steps(function: Callable) -> list[str] | None:
    """The names of the instructions: the same for all functions that only return a constant."""
    return [step.opname for step in dis.get_instructions(function)] if inspect.isfunction(function) else None


def _own_traceback(error: BaseException, answer: Callable) -> tuple[str, ...]:
    """The error and the last line of the student's own cell on the way to it."""
    file = getattr(getattr(answer, "__code__", None), "co_filename", None)
    own = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
    where = (f"in line {own[-1].lineno} of your cell: {own[-1].line}",) if own else ()
    return (f"{type(error).__name__}: {error}".rstrip(": "), *where)


def _names(exercise: Exercise) -> list[str]:
    return list(inspect.signature(exercise.solution).parameters)


def _kind(value: object) -> str:
    name = type(value).__name__
    shape = f" of shape {tuple(value.shape)}" if hasattr(value, "shape") else ""
    return f"{'an' if name[0] in 'aeiou' else 'a'} {name}{shape}"


@contextmanager
def _quiet_torch() -> Iterator[None]:
    with torch.random.fork_rng(devices=[]), torch.enable_grad():
        yield
