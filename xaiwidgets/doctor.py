"""What an installation of the course has and lacks, in plain text, one line a finding with its mend."""

import importlib
import json
import platform
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

OK, WARN, FAIL = "OK", "WARN", "FAIL"
REINSTALL = "install the course again: make clean, then make lab (or: pip install --force-reinstall . in its folder)"


@dataclass(frozen=True)
class Finding:
    """One line of the report: a state (OK, WARN or FAIL), what was found, and how to mend it."""

    state: str
    text: str
    mend: str = ""

    def __str__(self) -> str:
        return f"{self.state:<5} {self.text}" + (f"\n      -> {self.mend}" if self.mend else "")


def run() -> int:
    """Print the report; 0 when the course can run, 1 when something must be mended first."""
    states = []
    for check in CHECKS:
        for finding in _guarded(check):
            print(finding, flush=True)
            states.append(finding.state)
    fails, warnings = states.count(FAIL), states.count(WARN)
    print(f"\n{fails} to mend, {warnings} to know about." if fails or warnings else "\nAll is well.")
    return 1 if fails else 0


def _guarded(check: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    try:
        yield from check()
    except Exception as error:  # a broken installation can break anywhere, and the report must go on
        yield Finding(FAIL, f"{check.__name__}: {type(error).__name__}: {error}", REINSTALL)


def versions() -> Iterator[Finding]:
    """Python and every package that the course needs."""
    yield Finding(OK, f"Python {platform.python_version()} ({sys.executable})")
    yield Finding(OK, f"xaiwidgets {metadata.version('xaiwidgets')}")
    for requirement in metadata.requires("xaiwidgets") or []:
        if "extra ==" not in requirement:
            name = re.match(r"[\w.-]+", requirement)[0]
            yield _package(name, Finding(FAIL, f"{name} is not installed", f'pip install "{requirement}"'))


def _package(name: str, missing: Finding) -> Finding:
    try:
        return Finding(OK, f"{name} {metadata.version(name)}")
    except metadata.PackageNotFoundError:
        return missing


def device() -> Iterator[Finding]:
    """Where the networks can run."""
    torch = _imported("torch")
    if isinstance(torch, Finding):
        yield torch
        return
    yield Finding(OK, f"CPU with {torch.get_num_threads()} threads")
    if torch.cuda.is_available():
        yield Finding(OK, f"CUDA device {torch.cuda.get_device_name()}")
    elif torch.backends.mps.is_available():
        yield Finding(OK, "MPS device (Apple)")
    else:
        yield Finding(OK, "no GPU in use; the course does not need one")


def _imported(name: str):
    """The module, or the finding that says why it cannot be imported."""
    try:
        return importlib.import_module(name)
    except Exception as error:  # a wheel for another platform raises more than ImportError
        return Finding(FAIL, f"{name} cannot be imported: {error}", f"pip install --force-reinstall {name}")


def memory() -> Iterator[Finding]:
    """The memory that a kernel with the course's networks will find."""
    psutil = _imported("psutil")
    if isinstance(psutil, Finding):
        yield Finding(WARN, "memory: unknown without the package psutil", "pip install psutil")
        return
    now = psutil.virtual_memory()
    text = f"memory: {now.available / 1e9:.1f} GB free of {now.total / 1e9:.1f} GB"
    enough = now.available > 1e9
    yield (
        Finding(OK, text) if enough else Finding(WARN, text, "close other programs and notebooks; 1 GB is comfortable")
    )


def data() -> Iterator[Finding]:
    """The datasets and networks that came with the installation: all there, all intact."""
    from .datasets import DATASETS, load_dataset
    from .files import data_folder
    from .models import MODELS, load_model

    yield Finding(OK, f"data folder {data_folder()}")
    for kind, names, load in (("dataset", DATASETS, load_dataset), ("network", MODELS, load_model)):
        for name in names:
            try:
                load(name)
            except Exception as error:  # any damage is a finding, and the message says how to mend it
                yield Finding(FAIL, f"{kind} {name}: {error}")
            else:
                yield Finding(OK, f"{kind} {name}")


def front_end() -> Iterator[Finding]:
    """The notebook program, and whether it will find the widgets' browser side."""
    for name, needed in (("jupyterlab", True), ("notebook", False), ("ipykernel", True)):
        missing = Finding(FAIL if needed else OK, f"{name} is not installed", f"pip install {name}" if needed else "")
        yield _package(name, missing)
    paths = _imported("jupyter_core.paths")
    if isinstance(paths, Finding):
        yield paths
        return
    folders = [Path(folder) for folder in paths.jupyter_path("labextensions")]
    for extension, package in (
        ("@jupyter-widgets/jupyterlab-manager", "jupyterlab_widgets"),
        ("anywidget", "anywidget"),
    ):
        if any((folder / extension).is_dir() for folder in folders):
            yield Finding(OK, f"JupyterLab of this Python finds {extension}")
        else:
            mend = f"pip install --force-reinstall --no-deps {package}, then restart JupyterLab"
            yield Finding(FAIL, f"JupyterLab of this Python does not find {extension}", mend)
    yield _comms(Path(paths.jupyter_config_dir()))


def _comms(config: Path) -> Finding:
    """Whether widget callbacks wait for the running cell; the course works either way."""
    settings = config / "lab/user-settings/@jupyterlab/apputils-extension/kernels-settings.jupyterlab-settings"
    try:
        value = json.loads(settings.read_text(encoding="utf-8")).get("commsOverSubshells", "the default")
    except FileNotFoundError:
        value = "the default"
    except ValueError:
        value = "a file with comments, not read"
    return Finding(OK, f"JupyterLab setting commsOverSubshells: {value} (any value works)")


CHECKS = (versions, device, memory, data, front_end)
