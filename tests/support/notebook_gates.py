"""What every committed notebook has to be. A gate is a function from a notebook to the problems it finds."""

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from statistics import median

import nbformat

from xaiwidgets.exercises import EXERCISES
from xaiwidgets.exercises.claims import MIME

MAX_BYTES = 1_500_000
MAX_LINES, MEDIAN_LINES = 20, 6
HEADINGS = ("What you will be able to do", "Things to try", "Exercises", "Claims", "Summary", "References")
ABSOLUTE = re.compile(r"(?<![\w.:/])(?:/(?:home|Users|root|tmp|usr|opt|var|mnt)/|[A-Z]:\\)[\w.\\-]+|ipykernel_\d+")
NETWORK = re.compile(
    r"^\s*[%!]\s*(?:pip|conda|mamba|wget|curl|git|apt)|https?://|\b(?:urllib|requests|urlopen)\b", re.M
)
REMOTE = re.compile(r"<(?:script|iframe|link|object|embed)\b|(?:src|href)=[\"']?(?:https?:)?//", re.I)
BASE64 = re.compile(r"base64,[A-Za-z0-9+/=]+")


@dataclass(frozen=True)
class Notebook:
    """A notebook file ``NN_topic.ipynb``."""

    path: Path

    @cached_property
    def node(self) -> nbformat.NotebookNode:
        return nbformat.read(self.path, as_version=4)

    @property
    def number(self) -> str:
        return self.path.stem[:2]

    @property
    def code(self) -> list[nbformat.NotebookNode]:
        return [cell for cell in self.node.cells if cell.cell_type == "code"]

    @property
    def markdown(self) -> list[nbformat.NotebookNode]:
        return [cell for cell in self.node.cells if cell.cell_type == "markdown"]

    @property
    def displays(self) -> Iterator[tuple[int, dict]]:
        """The number of the code cell and the data of each rich output."""
        for number, cell in enumerate(self.code, 1):
            yield from ((number, output.data) for output in cell.outputs if "data" in output)

    def texts(self) -> Iterator[str]:
        """All sources and all readable outputs, pictures left out."""
        for cell in self.node.cells:
            yield cell.source
            for output in cell.get("outputs", []):
                yield output.get("text", "")
                data = output.get("data", {})
                yield from (BASE64.sub("", text) for kind, text in data.items() if kind.startswith("text/"))


def tagged_exercise(cell: nbformat.NotebookNode) -> str | None:
    """The id in a cell's tag ``exercise:ID``."""
    tags = cell.metadata.get("tags", [])
    return next((tag.removeprefix("exercise:") for tag in tags if tag.startswith("exercise:")), None)


def is_valid(notebook: Notebook) -> Iterator[str]:
    try:
        nbformat.validate(notebook.node)
    except nbformat.ValidationError as error:
        yield f"is not a valid notebook: {error.message}"
    if notebook.node.metadata.get("kernelspec", {}).get("name") != "python3":
        yield "its kernel should be python3"
    if not re.fullmatch(r"\d\d_[a-z0-9_]+", notebook.path.stem):
        yield "its name should be NN_topic.ipynb"


def is_small(notebook: Notebook) -> Iterator[str]:
    size = notebook.path.stat().st_size
    if size > MAX_BYTES:
        yield f"has {size:,} bytes; at most {MAX_BYTES:,}"


def was_run_in_order(notebook: Notebook) -> Iterator[str]:
    for number, cell in enumerate(notebook.code, 1):
        if not cell.source.strip():
            yield f"code cell {number} is empty"
        elif cell.execution_count != number:
            yield f"code cell {number} has the count {cell.execution_count}: run all cells once, from the top"


def has_no_errors(notebook: Notebook) -> Iterator[str]:
    for number, cell in enumerate(notebook.code, 1):
        for output in cell.outputs:
            if output.output_type == "error":
                yield f"code cell {number} shows an error: {output.ename}"
            elif output.output_type == "stream" and output.name == "stderr":
                yield f"code cell {number} writes to stderr: {output.text[:80]!r}"


def describes_its_pictures(notebook: Notebook) -> Iterator[str]:
    for number, data in notebook.displays:
        page = data.get("text/html", "")
        for alt in alternative_texts(page):
            if len(alt.split()) < 3:
                yield f"code cell {number} has a picture whose alt text says too little: {alt!r}"
        needs_page = any(kind.startswith("image/") or "widget-view" in kind for kind in data)
        if needs_page and not alternative_texts(page):
            yield f"code cell {number} shows a picture or widget without text/html that holds <img alt=...>"
    for cell in notebook.markdown:
        for alt in [*re.findall(r"!\[(.*?)\]\(", cell.source), *alternative_texts(cell.source)]:
            if len(alt.split()) < 3:
                yield f"a markdown picture's alt text says too little: {alt!r}"


def is_short_in_its_cells(notebook: Notebook) -> Iterator[str]:
    lines = [len(cell.source.splitlines()) for cell in notebook.code]
    for number, count in enumerate(lines, 1):
        if count > MAX_LINES:
            yield f"code cell {number} has {count} lines; at most {MAX_LINES}"
    if lines and median(lines) > MEDIAN_LINES:
        yield f"its median code cell has {median(lines)} lines; at most {MEDIAN_LINES}"


def has_the_rhythm(notebook: Notebook) -> Iterator[str]:
    cells = notebook.node.cells
    if not cells or not re.match(rf"# {notebook.number}\b", cells[0].source):
        yield f"should start with a markdown heading '# {notebook.number} Title'"
        return
    for word in ("minutes", "Prerequisites", HEADINGS[0]):
        if word not in cells[0].source:
            yield f"its first cell should tell: {word}"
    lines = [line for cell in notebook.markdown for line in cell.source.splitlines() if line.startswith("#")]
    places = []
    for heading in HEADINGS:
        found = [place for place, line in enumerate(lines) if heading.lower() in line.lower()]
        if not found:
            yield f"has no heading with {heading!r}"
        places += found[:1]
    if places != sorted(places):
        yield f"its headings should come in this order: {', '.join(HEADINGS)}"


def stores_no_widget_state(notebook: Notebook) -> Iterator[str]:
    if "widgets" in notebook.node.metadata:
        yield "stores widget state (metadata.widgets): an offline page would then show nothing"


def stays_on_this_machine(notebook: Notebook) -> Iterator[str]:
    for text in notebook.texts():
        yield from (f"holds an absolute path: {found}" for found in ABSOLUTE.findall(text))
    for number, cell in enumerate(notebook.code, 1):
        yield from (f"code cell {number} wants the network: {found}" for found in NETWORK.findall(cell.source))
    for number, data in notebook.displays:
        page = BASE64.sub("", data.get("text/html", ""))
        yield from (f"the output of code cell {number} wants the network: {found}" for found in REMOTE.findall(page))


def measures_claims(notebook: Notebook) -> Iterator[str]:
    if not any(MIME in data for _, data in notebook.displays):
        yield "measures no claim: call claim(...) in the last line of a cell"


def holds_its_exercises(notebook: Notebook) -> Iterator[str]:
    wanted = [id for id in EXERCISES if id.startswith(f"{notebook.number}.")]
    found = [id for cell in notebook.code if (id := tagged_exercise(cell))]
    if found != wanted:
        yield f"has stub cells tagged {found}; expected {wanted}, in this order"
    for stub, check in pairwise(notebook.code):
        exercise = EXERCISES.get(tagged_exercise(stub))
        if exercise is None:
            continue
        if stub.source.strip() != exercise.stub:
            yield f"the stub of {exercise.id} is not the exercise's:\n{exercise.stub}"
        if not _checks(check.source, exercise.id, exercise.solution.__name__):
            yield f'the cell after the stub of {exercise.id} should end in check("{exercise.id}", ...)'
        elif shown_state(check, exercise.id) != "not attempted":
            yield f"the stored check of {exercise.id} should say: not attempted"


def shown_state(cell: nbformat.NotebookNode, id: str) -> str | None:
    """The state that the output of a check cell shows for exercise ``id``."""
    heading = f"{id} {EXERCISES[id].title}: "
    shown = [output.data.get("text/plain", "") for output in cell.outputs if "data" in output]
    return next((text.splitlines()[0].removeprefix(heading) for text in shown if text.startswith(heading)), None)


def _checks(source: str, id: str, function: str) -> bool:
    last = ast.parse(source).body[-1:]
    return bool(last) and ast.unparse(last[0]) == f"check({id!r}, {function})"


class _Pictures(HTMLParser):
    def __init__(self):
        super().__init__()
        self.alternatives: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = dict(attributes)
        if tag == "img":
            self.alternatives.append(given.get("alt") or "")
        elif tag in ("svg", "canvas"):
            self.alternatives.append(given.get("aria-label") or "")


def alternative_texts(page: str) -> list[str]:
    """The alt text of each picture in a piece of HTML; ``""`` where one is missing."""
    parser = _Pictures()
    parser.feed(page)
    return parser.alternatives


GATES: tuple[Callable[[Notebook], Iterator[str]], ...] = (
    is_valid,
    is_small,
    was_run_in_order,
    has_no_errors,
    describes_its_pictures,
    is_short_in_its_cells,
    has_the_rhythm,
    stores_no_widget_state,
    stays_on_this_machine,
    measures_claims,
    holds_its_exercises,
)
