"""`make lab` as a newcomer types it: in a clean copy of the project, with nothing installed."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from jupyter_servers import free_port, wait_until_served
from project import ROOT, project_files


@pytest.fixture(scope="module")
def clean_copy(tmp_path_factory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("course")
    for path in project_files():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / path, folder / path)
    yield folder
    shutil.rmtree(folder)  # with its .venv it is over a gigabyte


def newcomers_environment() -> dict[str, str]:
    """The variables of this process without those of the make and the venv that run the tests."""
    ours = ("VIRTUAL_ENV", "JUPYTER_TOKEN", "MAKEFLAGS", "MAKEOVERRIDES", "MAKELEVEL", "MFLAGS")
    return {name: value for name, value in os.environ.items() if name not in ours}


def make(folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess:
    given = [f"{name}={value}" for name, value in variables.items()]
    return subprocess.run(
        ["make", *arguments, *given], cwd=folder, env=newcomers_environment(), capture_output=True, text=True
    )


def get(base: str, path: str, token: str) -> str:
    request = urllib.request.Request(base + path, headers={"Authorization": f"token {token}"})
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30) as answer:
        return answer.read().decode()


def printed_address(log: Path, process: subprocess.Popen, path: str) -> tuple[str, str]:
    """The server's root and its token, from the address that a newcomer is told to open."""
    address = re.compile(rf"(http://127\.0\.0\.1:\d+/){re.escape(path)}\?token=(\w+)")
    while process.poll() is None:
        if found := address.search(log.read_text()):
            return found[1], found[2]
        time.sleep(0.2)
    raise AssertionError(f"make lab ended with {process.returncode} and printed no address:\n{log.read_text()}")


@pytest.mark.timeout(900)
def test_it_installs_itself_and_serves_the_first_notebook(clean_copy, tmp_path):
    first = min((clean_copy / "notebooks").glob("00_*.ipynb")).name
    log = tmp_path / "make.log"
    own = {name: str(tmp_path) for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR")}
    environment = newcomers_environment() | own | {"BROWSER": "true"}
    command = ["make", "lab", f"PORT={free_port()}", f"PYTHON={Path(sys.base_prefix, 'bin', 'python3')}"]
    with log.open("w") as output:
        process = subprocess.Popen(
            command, cwd=clean_copy, env=environment, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:
        base, token = printed_address(log, process, f"lab/tree/notebooks/{first}")
        wait_until_served(f"{base}api/status?token={token}", process, 60, log)
        assert '"appName":"JupyterLab"' in get(base, f"lab/tree/notebooks/{first}", token).replace('": "', '":"')
        assert json.loads(get(base, f"api/contents/notebooks/{first}", token))["type"] == "notebook"
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(30)
    # the second call has nothing to do
    assert "pip install" not in make(clean_copy, "-n", "lab").stdout


def test_without_a_notebook_it_says_so(tmp_path):
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / "venv/bin").mkdir(parents=True)
    for stamp in ("venv/bin/python", "venv/.lab"):
        (tmp_path / stamp).touch()
    done = make(tmp_path, "lab", VENV="venv")
    assert done.returncode != 0
    assert "No notebooks/00_*.ipynb" in done.stderr


@pytest.mark.parametrize(("python", "said"), [("", "was found"), ("false", "false is not Python 3.11")])
def test_without_a_fitting_python_it_says_so(tmp_path, python, said):
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, tmp_path)
    done = make(tmp_path, "lab", PYTHON=python)
    assert done.returncode != 0
    assert said in done.stderr
    assert not (tmp_path / ".venv").exists()
