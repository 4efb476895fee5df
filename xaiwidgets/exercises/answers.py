"""Where a student stands, kept in one plain JSON file beside the notebook. Nothing leaves the machine.

The file is read before and written after each change, so two notebooks in one folder share it and a kernel restart
loses nothing. Where it cannot be written (a read-only folder), the same data is kept until the kernel ends.
"""

import json
import os
import tempfile
from datetime import UTC, datetime
from pathlib import Path

FILE = "xaiwidgets-progress.json"
PARTS = ("exercises", "predictions")
EXERCISE = {"state": "not attempted", "attempts": 0, "hints": 0, "solution_shown": False}
_unsaved: dict[Path, dict] = {}  # what could not be written, by file


def file() -> Path:
    """The progress file of the notebook's folder."""
    return Path.cwd() / FILE


def read() -> dict:
    """All that is known: ``{"exercises": {id: {...}}, "predictions": {id: {...}}}``; empty where there is no file."""
    if file() in _unsaved:
        return _unsaved[file()]
    try:
        return _stored()
    except (OSError, ValueError):
        return {part: {} for part in PARTS}


def _stored() -> dict:
    """The content of the file; ValueError where it is damaged."""
    stored = json.loads(file().read_text(encoding="utf-8"))
    if not isinstance(stored, dict) or not all(isinstance(stored.get(part), dict) for part in PARTS):
        raise ValueError(f"{FILE} does not hold {' and '.join(PARTS)}")
    return {part: stored[part] for part in PARTS}


def entry(id: str) -> dict:
    """State, attempts, hints and so on of one exercise."""
    return EXERCISE | read()["exercises"].get(id, {})


def record(part: str, id: str, **changes: object) -> str:
    """Store ``changes`` of one exercise or prediction; returns a sentence for the student if something is amiss."""
    known = read()
    before = entry(id) if part == "exercises" else known[part].get(id, {})
    known[part][id] = before | changes | {"time": datetime.now(UTC).isoformat(timespec="seconds")}
    try:
        note = _set_damaged_aside()
        _write(known)
    except OSError as error:
        _unsaved[file()] = known
        return f"Progress is not saved: {FILE} cannot be written here ({error.strerror})."
    _unsaved.pop(file(), None)
    return note


def _set_damaged_aside() -> str:
    try:
        _stored()
    except FileNotFoundError:
        return ""
    except ValueError:
        aside = file().with_suffix(".damaged.json")
        os.replace(file(), aside)
        return f"{FILE} could not be read; it is kept as {aside.name}, and progress starts anew."
    return ""


def _write(known: dict) -> None:
    handle, name = tempfile.mkstemp(dir=file().parent, prefix=".xaiwidgets-", suffix=".json")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            json.dump(known, stream, indent=1, sort_keys=True)
        os.replace(name, file())  # readers see the old file or the new one, never half of it
    except OSError:
        os.unlink(name)
        raise
