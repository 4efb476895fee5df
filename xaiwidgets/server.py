"""What a Jupyter server loads beside its own parts, so that live maps come at once.

A server's answers to the browser go over TCP with Nagle's algorithm on: a message waits until the browser has
acknowledged the one before, which it does 40 ms late. Each answer to a drag is two messages (the kernel is busy, and
the map), so each map came 40 ms late. `set_nodelay` sends every message at once.
"""

from typing import Any

SETTING = "kernel_websocket_connection_class"


def prompt(connection: type) -> type:
    """The class of connections between browser and kernel, with Nagle's algorithm off."""

    class Prompt(connection):
        def connect(self) -> Any:
            self.websocket_handler.set_nodelay(True)
            return super().connect()

    return Prompt


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": __name__}]


def _load_jupyter_server_extension(server: Any) -> None:
    settings = server.web_app.settings
    settings[SETTING] = prompt(settings[SETTING])
