"""Fixtures for tests in a real browser: `front_end` (settings in turn) or `lab`, and `open_notebook`.

    def test_it(front_end, open_notebook):
        notebook = open_notebook(front_end, path_of_an_ipynb)
        notebook.run_all()

`notebook` is that for an explorer: the module's CELLS, open and run in a front end. The front ends are all three, or
the module's FRONT_ENDS: what differs between them is the same for every explorer, and pages take long.

All are module-scoped, so that a module's tests may share one open notebook through a fixture of their own.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from explorer_page import opened_on
from jupyter_servers import Server, serve
from notebook_page import NotebookPage, opened
from playwright.sync_api import Browser

# Widget callbacks run on a kernel thread of their own, or behind the running cell; and the other front end.
SETTINGS = {
    "lab-subshells": ("lab", "perCommTarget"),
    "lab-no-subshells": ("lab", "disabled"),
    "notebook": ("notebook", "perCommTarget"),
}


@pytest.fixture(scope="session")
def start_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Server]]:
    """The running server of a setting, started when first asked for."""
    running: dict[str, Server] = {}
    with ExitStack() as stack:

        def start(setting: str) -> Server:
            if setting not in running:
                app, comms = SETTINGS[setting]
                running[setting] = stack.enter_context(serve(app, tmp_path_factory.mktemp(setting), comms))
            return running[setting]

        yield start


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Front ends of a module."""
    if "front_end" in metafunc.fixturenames:
        settings = getattr(metafunc.module, "FRONT_ENDS", tuple(SETTINGS))
        metafunc.parametrize("front_end", settings, indirect=True, scope="module")


@pytest.fixture(scope="module")
def front_end(request: pytest.FixtureRequest, chromium_path: str, start_server) -> Server:
    """JupyterLab with comm subshells on, JupyterLab with them off, or Notebook 7."""
    return start_server(request.param)


@pytest.fixture(scope="module")
def lab(chromium_path: str, start_server) -> Server:
    """JupyterLab as it is installed (comm subshells on)."""
    return start_server("lab-subshells")


@pytest.fixture(scope="module")
def open_notebook(chromium: Browser) -> Iterator[Callable[[Server, Path], NotebookPage]]:
    """Open a notebook file in the browser; all that were opened are closed at the end of the module."""
    with ExitStack() as stack:
        yield lambda server, path, **options: stack.enter_context(opened(chromium, server, path, **options))


@pytest.fixture(scope="module")
def notebook(front_end: Server, open_notebook, tmp_path_factory, request: pytest.FixtureRequest) -> NotebookPage:
    """The module's CELLS, run to their end; the explorer is the output of the second."""
    return opened_on(open_notebook, front_end, tmp_path_factory.mktemp("notebook"), *request.module.CELLS)
