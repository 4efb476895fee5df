import socket
import urllib.request

import pytest


@pytest.mark.parametrize("address", ["http://example.org/", "http://192.0.2.1/"])
def test_a_test_cannot_reach_another_machine(address):
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with pytest.raises(AssertionError, match="a test tried to"):
        opener.open(address, timeout=5)


def test_this_machine_can_be_reached():
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        accepted, _ = server.accept()
        with accepted:
            client.sendall(b"x")
            assert accepted.recv(1) == b"x"
