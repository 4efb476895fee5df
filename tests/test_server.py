"""The server's side: the messages of a kernel are sent at once."""

import json
from pathlib import Path
from types import SimpleNamespace

from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection

import xaiwidgets.server


class Connection:
    """Stands for a server's own class of connections."""

    def __init__(self, handler):
        self.websocket_handler, self.connected = handler, False

    def connect(self):
        self.connected = True
        return "connecting"


def test_a_connection_is_made_prompt_and_then_made_as_before():
    asked = []
    made = xaiwidgets.server.prompt(Connection)(SimpleNamespace(set_nodelay=asked.append))
    assert made.connect() == "connecting"
    assert (asked, made.connected) == ([True], True)


def test_the_server_gets_a_class_of_its_own_kind():
    settings = {xaiwidgets.server.SETTING: ZMQChannelsWebsocketConnection, "other": 1}
    (point,) = xaiwidgets.server._jupyter_server_extension_points()
    assert point == {"module": "xaiwidgets.server"}
    xaiwidgets.server._load_jupyter_server_extension(SimpleNamespace(web_app=SimpleNamespace(settings=settings)))
    assert issubclass(settings[xaiwidgets.server.SETTING], ZMQChannelsWebsocketConnection)
    assert settings["other"] == 1


def test_the_shipped_settings_name_this_extension():
    shipped = json.loads(Path(xaiwidgets.server.__file__).with_suffix(".json").read_text(encoding="utf-8"))
    assert shipped == {"ServerApp": {"jpserver_extensions": {xaiwidgets.server.__name__: True}}}
