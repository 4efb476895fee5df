"""Rules that keep the files small, and the project to itself."""

import ast
import re

import pytest
from project import ROOT, project_files

FILE_LINES, FUNCTION_LINES = 250, 45
CONTENT_LINES = 500  # exercises: one file a notebook, all its tasks, solutions and typical mistakes
TEXTS = {".cff", ".css", ".ipynb", ".js", ".json", ".md", ".mjs", ".py", ".sh", ".toml", ".txt", ".yaml", ".yml", ""}
FILES = [path for path in project_files() if path.suffix in TEXTS]
CODE = [str(path) for path in FILES if path.suffix in (".py", ".js", ".css", ".mjs")]
PYTHON = [path for path in CODE if path.endswith(".py")]
PACKAGE = [path for path in CODE if path.startswith("xaiwidgets/")]


def text(path) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


@pytest.mark.parametrize("path", CODE)
def test_a_file_can_be_read_in_one_go(path):
    lines = len(text(path).splitlines())
    limit = CONTENT_LINES if path.startswith("xaiwidgets/exercises/") else FILE_LINES
    assert lines <= limit, f"{path} has {lines} lines; cut it where its subject changes (aim at 150)"


@pytest.mark.parametrize("path", PYTHON)
def test_a_function_fits_on_a_screen(path):
    functions = [n for n in ast.walk(ast.parse(text(path))) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    lengths = {f.name: body_lines(f) for f in functions}
    assert {name: n for name, n in lengths.items() if n > FUNCTION_LINES} == {}


def body_lines(function: ast.FunctionDef) -> int:
    """Lines of a function without its docstring."""
    first = function.body[0]
    docstring = ast.get_docstring(function, clean=False)
    said = first.end_lineno - first.lineno + 1 if docstring is not None else 0
    return function.end_lineno - function.lineno + 1 - said


@pytest.mark.parametrize("path", PACKAGE)
def test_nothing_is_fetched_from_elsewhere(path):
    """Addresses are for people to read (a paper's, a licence's): none stands in code that could load it."""
    code = text(path)
    assert not re.search(r"unpkg|jsdelivr|cdnjs|googleapis|skypack|esm\.sh", code)
    if path.endswith((".js", ".css")):
        assert not re.search(r"""(?:import|from|fetch|src|url|@import)\s*\(?\s*["']?(?:https?:)?//""", code)
    else:
        fetchers = {"aiohttp", "ftplib", "http", "httpx", "requests", "socket", "urllib", "urllib3"}
        named = [a.name for n in ast.walk(ast.parse(code)) if isinstance(n, ast.Import) for a in n.names]
        named += [n.module or "" for n in ast.walk(ast.parse(code)) if isinstance(n, ast.ImportFrom) and not n.level]
        assert not {name.split(".")[0] for name in named} & fetchers


# notebooks have a gate of their own, and tests may need such a path to show what is refused
@pytest.mark.parametrize("path", [str(p) for p in FILES if p.parts[0] != "tests" and p.suffix != ".ipynb"])
def test_no_path_of_one_machine_is_left_in_a_file(path):
    content = text(path)
    found = re.findall(r"(?:/home/|/Users/|/root/|/tmp/|/opt/|[A-Z]:\\\\Users)[\w.-]+[^\s\"']*", content)
    assert found == []


def test_the_changelog_has_a_place_for_the_next_change():
    headings = re.findall(r"^## (.*)$", text("CHANGELOG.md"), re.MULTILINE)
    assert headings[0] == "Unreleased"


@pytest.mark.parametrize("path", [path for path in FILES if path.suffix == ".md"], ids=str)
def test_links_within_the_project_lead_somewhere(path):
    targets = [target.split("#")[0] for target in re.findall(r"\]\(([^)\s]+)\)", text(path)) if "://" not in target]
    assert [target for target in targets if target and not (ROOT / path.parent / target).exists()] == []


def test_every_file_ends_with_one_newline_and_no_line_with_blanks():
    for path in FILES:
        content = text(path)
        if content and path.suffix != ".ipynb":
            assert content.endswith("\n"), f"{path} has no newline at its end"
            assert not content.endswith("\n\n"), f"{path} ends with an empty line"
        if path.suffix in (".js", ".css", ".py", ".toml", ".yml"):
            assert not re.search(r"[ \t]+$", content, re.MULTILINE), f"{path} has blanks at a line's end"
