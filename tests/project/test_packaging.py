"""What is installed and shipped: pyproject.toml, the pins, conda's file, the wheel."""

import itertools
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from importlib import metadata

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version
from project import ROOT, project_files

import xaiwidgets

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
DECLARED = [*PROJECT["dependencies"], *itertools.chain(*PROJECT["optional-dependencies"].values())]
RANGES = {canonicalize_name(Requirement(line).name): Requirement(line).specifier for line in DECLARED}
PINS = {
    canonicalize_name(requirement.name): requirement.specifier
    for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
    for requirement in [Requirement(line)]
}
CONDA = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))


def pinned(name: str) -> Version:
    (specifier,) = PINS[name]
    assert specifier.operator == "=="
    return Version(specifier.version)


def closure() -> dict[str, Version]:
    """All that the project and its extras pull in here: name -> installed version."""
    found, seen, to_do = {}, set(), [Requirement(line) for line in DECLARED]
    while to_do:
        requirement = to_do.pop()
        name = canonicalize_name(requirement.name)
        for extra in {"", *requirement.extras} - {e for n, e in seen if n == name}:
            seen.add((name, extra))
            found[name] = Version(metadata.version(name))
            wanted = [Requirement(line) for line in metadata.requires(name) or []]
            to_do += [r for r in wanted if r.marker is None or r.marker.evaluate({"extra": extra})]
    return found


@pytest.mark.parametrize("name", RANGES)
def test_every_range_has_a_lower_end_and_holds_its_pin(name):
    assert any(specifier.operator in (">=", "~=") for specifier in RANGES[name])
    assert pinned(name) in RANGES[name]


def test_the_pins_are_what_is_installed_and_nothing_is_left_open():
    installed = closure()
    assert len(installed) > 100
    wrong = {n: str(v) for n, v in installed.items() if n not in PINS or Version(v.public) != pinned(n)}
    assert not wrong, f"constraints.txt differs from what is installed: {wrong}"


def test_the_pins_of_torch_suit_every_platform():
    assert (str(pinned("torch")), str(pinned("torchvision"))) == ("2.13.0", "0.28.0")
    assert not [name for name in PINS if pinned(name).local]


def test_conda_repeats_and_contradicts_nothing():
    pip = [entry["pip"] for entry in CONDA["dependencies"] if isinstance(entry, dict)]
    conda = [entry for entry in CONDA["dependencies"] if isinstance(entry, str)]
    assert pip == [[".[lab]"]]
    names = {re.match(r"[\w.-]+", entry)[0] for entry in conda}
    # conda calls torch pytorch; it comes from there because conda's build fits conda's libraries
    assert names == {"python", "pytorch", "pip"}
    assert (names | {"pytorch"}) & set(RANGES) == set()
    versions = {entry: entry.partition("=")[2] for entry in conda if "=" in entry}
    assert list(versions) == [f"python={versions.get(next(iter(versions)))}"]
    assert Version(next(iter(versions.values()))) in SpecifierSet(PROJECT["requires-python"])
    assert CONDA["channels"] == ["conda-forge"]
    assert not [path for path in project_files() if path.parts[0] in ("binder", ".binder")]


def test_pre_commit_runs_the_pinned_ruff():
    repos = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"]
    versions = {repo["repo"].rsplit("/", 1)[1]: Version(repo["rev"]) for repo in repos}
    assert versions == {"ruff-pre-commit": pinned("ruff")}


def test_the_version_is_said_once():
    assert PROJECT["dynamic"] == ["version"]
    assert metadata.version("xaiwidgets") == xaiwidgets.__version__
    said = re.compile(rf"(?<![\d.=]){re.escape(xaiwidgets.__version__)}(?![\d.])")
    texts = [p for p in project_files() if p.suffix in (".py", ".toml", ".cff", ".yml", ".js") or p.name == "README.md"]
    assert [str(p) for p in texts if said.search((ROOT / p).read_text(encoding="utf-8"))] == ["xaiwidgets/__init__.py"]


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A wheel and a source archive, built from the working tree with the installed hatchling."""
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-d", folder], cwd=ROOT, check=True, capture_output=True
    )
    return folder


def shipped_files():
    package = [path for path in project_files() if path.parts[0] == "xaiwidgets"]
    data = [path for path in project_files() if path.parts[0] == "data"]
    return [str(p) for p in package] + [f"xaiwidgets/_data/{p.relative_to('data')}" for p in data]


def test_the_wheel_holds_code_scripts_styles_and_data_and_no_tests(built):
    (wheel,) = built.glob("*.whl")
    everything = [name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name]
    names = [name for name in everything if ".data/" not in name]
    (setting,) = set(everything) - set(names)  # makes a Jupyter server load xaiwidgets.server
    assert setting.endswith("/data/etc/jupyter/jupyter_server_config.d/xaiwidgets.json")
    assert sorted(names) == sorted(shipped_files())
    assert {name.rsplit(".")[-1] for name in names} >= {"py", "js", "css", "safetensors"}


def test_the_wheel_alone_is_a_working_package(built, tmp_path):
    """Unpacked into an empty folder, it finds its data there."""
    (wheel,) = built.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(tmp_path)
    program = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
        "import xaiwidgets\n"
        "from xaiwidgets.files import data_folder\n"
        "xaiwidgets.load_model('digits-mlp')\n"
        "print(xaiwidgets.__file__, data_folder(), sep='\\n')"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=tmp_path)
    assert done.stderr == ""
    assert done.stdout.split("\n")[:2] == [str(tmp_path / "xaiwidgets" / name) for name in ("__init__.py", "_data")]


def test_the_source_archive_can_be_built_and_tested(built):
    (archive,) = built.glob("*.tar.gz")
    with tarfile.open(archive) as tar:
        names = {name.partition("/")[2] for name in tar.getnames()}
    wanted = {str(path) for path in project_files()} - {".gitignore"}
    assert wanted <= names
