"""What a student calls in a notebook: check, hint, solution, progress."""

from collections.abc import Callable

from . import (
    answers,
    cam,
    gradients,
    guided,
    lime,
    lrp,
    lrp_nets,
    occlusion,
    prototypes,
    shapley,
    shapley_features,
    top_k,
    top_k_units,
    tsne,
    tsne_map,
    why,
)
from .exercise import Exercise
from .judge import judge
from .message import Message

# in the order of the notebooks
MODULES = (
    why,
    tsne,
    tsne_map,
    top_k,
    top_k_units,
    prototypes,
    occlusion,
    gradients,
    lime,
    guided,
    lrp,
    lrp_nets,
    cam,
    shapley,
    shapley_features,
)
EXERCISES: dict[str, Exercise] = {exercise.id: exercise for module in MODULES for exercise in module.EXERCISES}


def check(id: str, answer: Callable | None = None) -> Message:
    """Judge your function ``answer`` for exercise ``id`` on small hidden nets.

    Says "not attempted" for the untouched stub, "correct", "not yet" with a reason, or "error" with your own line.
    The best state so far is kept in ``xaiwidgets-progress.json`` beside the notebook.

    Raises:
        KeyError: there is no such exercise; the text lists those there are.
    """
    exercise, before = _exercise(id), answers.entry(id)
    verdict = judge(exercise, answer)
    note = ""
    if verdict.state != "not attempted":
        reached = "correct" if before["state"] == "correct" else verdict.state  # a later slip takes nothing away
        note = answers.record("exercises", id, state=reached, attempts=before["attempts"] + 1)
    missing = [need for need in exercise.needs if answers.entry(need)["state"] != "correct"]
    if missing and verdict.state in ("not yet", "error"):
        note = f"This builds on {', '.join(missing)}, which is not correct yet. {note}".rstrip()
    lines = tuple(line for line in (*verdict.lines, note) if line)
    return Message(f"{id} {exercise.title}: {verdict.state}", lines, verdict.state)


def hint(id: str) -> Message:
    """The next hint for exercise ``id``; each call shows one more, the last one stays."""
    exercise = _exercise(id)
    number = min(answers.entry(id)["hints"] + 1, len(exercise.hints))
    note = answers.record("exercises", id, hints=number)
    lines = (exercise.hints[number - 1], note)
    return Message(f"{id} hint {number} of {len(exercise.hints)}", tuple(line for line in lines if line))


def solution(id: str) -> Message:
    """One solution of exercise ``id``, as code. Best read after an attempt."""
    exercise = _exercise(id)
    note = answers.record("exercises", id, solution_shown=True)
    return Message(f"{id} {exercise.title}: one solution", (note,) if note else (), code=exercise.source)


def progress(notebook: str = "") -> Message:
    """Where you stand, one line an exercise; ``progress("05")`` for one notebook."""
    chosen = [exercise for id, exercise in EXERCISES.items() if id.startswith(notebook)]
    lines = tuple(f"{exercise.id} {exercise.title}: {_standing(answers.entry(exercise.id))}" for exercise in chosen)
    done = sum(answers.entry(exercise.id)["state"] == "correct" for exercise in chosen)
    return Message(f"{done} of {len(chosen)} correct", lines)


def _standing(entry: dict) -> str:
    counts = [f"{name}: {entry[name]}" for name in ("attempts", "hints") if entry[name]]
    shown = ["solution shown"] if entry["solution_shown"] else []
    return ", ".join([entry["state"], *counts, *shown])


def _exercise(id: str) -> Exercise:
    if id not in EXERCISES:
        raise KeyError(f"there is no exercise {id!r}; known: {', '.join(EXERCISES)}")
    return EXERCISES[id]
