"""Predict first, then reveal: what you expected beside what was measured."""

from . import answers
from .message import Message


def predict(id: str, choice: object, *, options: tuple[str, ...]) -> Message:
    """Note what you expect before you look; leave ``...`` for ``choice`` to read the options.

    Raises:
        ValueError: ``choice`` is none of ``options``.
    """
    if choice is ...:
        return Message(f"{id} prediction: choose one of {', '.join(map(repr, options))}", state="not attempted")
    if choice not in options:
        raise ValueError(f"choice must be one of {', '.join(map(repr, options))}; got {choice!r}")
    note = answers.record("predictions", id, choice=choice)
    return Message(f"{id} prediction noted: {choice}", (note,) if note else ())


def reveal(id: str, measured: str, why: str) -> Message:
    """Show what was ``measured`` beside the prediction ``id``, and one sentence why."""
    choice = answers.read()["predictions"].get(id, {}).get("choice")
    if choice is None:
        said, state = "You made no prediction.", "not attempted"
    else:
        said, state = f"You predicted: {choice}.", "correct" if choice == measured else "not yet"
    return Message(f"{id} measured: {measured}", (said, why), state)
