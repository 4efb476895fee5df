"""JupyterLab and Notebook servers for the browser tests, each in folders of its own."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from jupyter_client import AsyncKernelClient

# Nothing is asked of other machines; window.jupyterapp lets a test run commands and count cells.
OPTIONS = {
    "lab": [
        "--LabApp.news_url=None",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        "--LabApp.expose_app_in_browser=True",
    ],
    "notebook": ["--JupyterNotebookApp.expose_app_in_browser=True"],
}
MODULES = {"lab": "jupyterlab", "notebook": "notebook"}


@dataclass(frozen=True)
class Server:
    """A running server: `url` ends in a slash, notebooks lie in `root`."""

    app: str  # "lab" or "notebook"
    url: str
    root: Path
    runtime: Path

    def page_of(self, notebook: str) -> str:
        return self.url + ("lab/tree/" if self.app == "lab" else "notebooks/") + notebook

    def get(self, path: str, method: str = "GET"):
        request = urllib.request.Request(self.url + path, method=method)
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=10) as answer:
            body = answer.read()
        return json.loads(body) if body else None

    def copy_in(self, notebook: Path) -> str:
        """Put a notebook into the server's folder, fresh, and return its name there."""
        shutil.copy(notebook, self.root / notebook.name)
        return notebook.name

    def kernel_of(self, notebook: str) -> str:
        """The id of the kernel that runs `notebook`."""
        kernels = [s["kernel"]["id"] for s in self.get("api/sessions") if s["path"] == notebook]
        assert len(kernels) == 1, f"{notebook} has {len(kernels)} kernels"
        return kernels[0]

    def stop_kernels(self) -> None:
        for session in self.get("api/sessions"):
            self.get(f"api/sessions/{session['id']}", "DELETE")

    async def ask_kernel(self, notebook: str, expression: str, seconds: float) -> dict:
        """What the notebook's kernel makes of a Python expression: Jupyter's reply to a user expression."""
        client = AsyncKernelClient()
        client.load_connection_file(str(self.runtime / f"kernel-{self.kernel_of(notebook)}.json"))
        client.start_channels(shell=True, iopub=False, stdin=False, hb=False, control=False)
        try:
            asked = client.execute("", silent=True, store_history=False, user_expressions={"value": expression})
            reply = await client.get_shell_msg(timeout=seconds)
            assert reply["parent_header"]["msg_id"] == asked
            return reply["content"]["user_expressions"]["value"]
        finally:
            client.stop_channels()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until_served(url: str, process: subprocess.Popen, seconds: float, log: Path) -> None:
    """Poll `url` until it answers 200; say what the server wrote when it ends or is late."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    end = time.monotonic() + seconds
    while time.monotonic() < end and process.poll() is None:
        try:
            with opener.open(url, timeout=5) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.1)
    state = f"ended with {process.returncode}" if process.poll() is not None else f"did not answer in {seconds} s"
    raise AssertionError(f"the server for {url} {state}:\n{log.read_text()}")


@contextmanager
def serve(app: str, home: Path, comms: str = "perCommTarget") -> Iterator[Server]:
    """Run JupyterLab ("lab") or Notebook ("notebook") with its settings and files under `home`.

    `comms` is JupyterLab's setting commsOverSubshells: "perCommTarget" (widget callbacks on a kernel thread of their
    own) or "disabled" (they wait for the running cell).
    """
    settings = home / "config/lab/user-settings/@jupyterlab/apputils-extension"
    root, runtime, log = home / "root", home / "runtime", home / "server.log"
    for folder in (settings, root, runtime):
        folder.mkdir(parents=True)
    (settings / "kernels-settings.jupyterlab-settings").write_text(json.dumps({"commsOverSubshells": comms}))
    port = free_port()
    command = [sys.executable, "-m", MODULES[app], "--no-browser", f"--port={port}"]
    command += ["--ServerApp.port_retries=0", "--IdentityProvider.token=", "--ServerApp.disable_check_xsrf=True"]
    command += [f"--ServerApp.root_dir={root}", *OPTIONS[app]]
    command += ["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    own = {name: str(home / name.split("_")[1].lower()) for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR")}
    environment = os.environ | own | {"JUPYTER_RUNTIME_DIR": str(runtime), "IPYTHONDIR": str(home / "ipython")}
    with log.open("w") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, env=environment, cwd=home)
    try:
        server = Server(app, f"http://127.0.0.1:{port}/", root, runtime)
        wait_until_served(server.url + "api/status", process, 60, log)
        yield server
    finally:
        process.kill()  # its kernels were stopped with their pages; an orderly end takes 3 s more
        process.wait(30)
