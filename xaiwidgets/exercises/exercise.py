"""What an exercise is made of: data, judged by :mod:`xaiwidgets.exercises.judge`.

To add one, write its solution, its laws and its typical wrong answers as plain functions in the file of its notebook,
and list them in one :class:`Exercise`.
"""

import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass

EMPTY_BODY = "    return None  # your code here"
Case = tuple  # the arguments of one call of the student's function


class NotYetError(Exception):
    """A law does not hold; the text tells the student which one, where, and by how much."""


@dataclass(frozen=True)
class Exercise:
    """One task of a notebook.

    Attributes:
        id: notebook and number, ``"05.1"``.
        title: a few words.
        task: what to write, in one or two sentences.
        solution: the function a student should end up with. Its docstring and signature are shown in the stub.
        cases: gives the hidden calls on which a failed answer is compared with the typical wrong answers.
        laws: each takes the student's function and raises :class:`NotYetError`; its docstring is shown when it holds.
        shape: shape of the right result of a call, from the call's arguments; ``()`` for one number.
        hints: from a nudge to nearly everything.
        wrong: functions that make a typical mistake each, recognised by what they compute on ``cases``; the docstring
            of one is the sentence that a student who made this mistake should read.
        needs: exercises whose functions this one builds on.
        tolerance: two results this close, relative to the largest entry, are the same when looking for a mistake.
    """

    id: str
    title: str
    task: str
    solution: Callable
    cases: Callable[[], Iterable[Case]]
    laws: tuple[Callable, ...]
    shape: Callable[..., tuple]
    hints: tuple[str, ...]
    wrong: tuple[Callable, ...]
    needs: tuple[str, ...] = ()
    tolerance: float = 1e-6

    @property
    def stub(self) -> str:
        """The cell a student starts from: the solution's signature and docstring over an empty body."""
        lines = self.source.splitlines()
        last = next(n for n, line in enumerate(lines) if line.strip().endswith('"""'))  # the docstring's last line
        return "\n".join([*lines[: last + 1], EMPTY_BODY])

    @property
    def source(self) -> str:
        """The solution as text."""
        return inspect.getsource(self.solution).rstrip()
