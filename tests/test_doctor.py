import subprocess
import sys
from importlib import metadata

import pytest
import torch

from xaiwidgets import doctor, files
from xaiwidgets.__main__ import main
from xaiwidgets.models import MODELS


def findings(check):
    return {finding.text: finding for finding in doctor._guarded(check)}


@pytest.fixture
def damaged(tmp_path, monkeypatch):
    """A copy of the data folder in which one network is missing and one has a flipped byte."""
    for file in files.data_folder().iterdir():
        if file.is_file():
            (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / f"{MODELS[0]}.safetensors").unlink()
    victim = tmp_path / f"{MODELS[1]}.safetensors"
    content = bytearray(victim.read_bytes())
    content[-1] ^= 1
    victim.write_bytes(content)
    monkeypatch.setattr(files, "data_folder", lambda: tmp_path)


def test_a_whole_installation_is_well(capsys):
    assert main(["doctor"]) == 0
    report = capsys.readouterr().out
    assert "FAIL" not in report
    assert f"torch {metadata.version('torch')}" in report
    assert all(f"network {name}\n" in report for name in MODELS)
    assert "finds anywidget" in report


@pytest.mark.usefixtures("damaged")
def test_each_damaged_network_is_named_and_the_others_are_well(monkeypatch, capsys):
    monkeypatch.setattr(doctor, "CHECKS", (doctor.data,))
    assert doctor.run() == 1
    report = capsys.readouterr().out
    lines = [line for line in report.splitlines() if " network " in line]
    states = {line.split("network ")[1].split(":")[0]: line.split()[0] for line in lines}
    assert states == dict.fromkeys(MODELS, "OK") | dict.fromkeys(MODELS[:2], "FAIL")
    assert f"{MODELS[0]}.safetensors is missing" in lines[0]
    assert "sha256" in lines[1]
    assert report.endswith("2 to mend, 0 to know about.\n")


def test_a_missing_package_is_a_line_with_its_mend(monkeypatch):
    def version(name, real=metadata.version):
        if name == "ipywidgets":
            raise metadata.PackageNotFoundError(name)
        return real(name)

    monkeypatch.setattr(doctor.metadata, "version", version)
    found = findings(doctor.versions)["ipywidgets is not installed"]
    assert found.state == "FAIL"
    assert found.mend.startswith('pip install "ipywidgets>=')


def test_it_runs_where_only_the_package_itself_is(tmp_path):
    """Packages that cannot be imported give lines, not a traceback."""
    program = (
        "import sys\n"
        "for name in ('torch', 'psutil', 'numpy', 'jupyter_core', 'sklearn', 'safetensors'): sys.modules[name] = None\n"
        "from xaiwidgets.__main__ import main\n"
        "sys.exit(main(['doctor']))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr == ""
    for text in ("FAIL  torch cannot be imported", "WARN  memory", "FAIL  data: ", "FAIL  jupyter_core.paths cannot"):
        assert text in done.stdout


def test_little_memory_is_a_warning(monkeypatch):
    import psutil

    memory = psutil.virtual_memory()._replace(available=10**8)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: memory)
    (found,) = findings(doctor.memory).values()
    assert (found.state, bool(found.mend)) == ("WARN", True)


def test_the_gpu_is_named(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "Some GPU")
    assert "CUDA device Some GPU" in findings(doctor.device)


def test_a_front_end_without_the_widgets_is_found_out(monkeypatch, tmp_path):
    import jupyter_core.paths

    monkeypatch.setattr(jupyter_core.paths, "jupyter_path", lambda *parts: [str(tmp_path)])
    fails = [found for found in findings(doctor.front_end).values() if found.state == "FAIL"]
    assert len(fails) == 2
    assert all("does not find" in found.text and found.mend for found in fails)


@pytest.mark.parametrize(
    ("content", "expected"),
    [('{"commsOverSubshells": "disabled"}', "disabled"), ("// by hand\n{}", "not read"), ("{}", "the default")],
)
def test_the_comm_setting_is_read(monkeypatch, tmp_path, content, expected):
    folder = tmp_path / "lab/user-settings/@jupyterlab/apputils-extension"
    folder.mkdir(parents=True)
    (folder / "kernels-settings.jupyterlab-settings").write_text(content)
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path))
    assert any(expected in text for text in findings(doctor.front_end) if "commsOverSubshells" in text)


def test_without_a_command_it_prints_the_help(capsys):
    assert main([]) == 0
    assert "doctor" in capsys.readouterr().out
