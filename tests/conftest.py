"""For every test: no other machine is asked for anything, long ones come first; and the browser for who needs it."""

import ipaddress
import socket
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright
from programs import CHROMIUM, CHROMIUM_FLAGS, program

LONG = ("test_notebooks.py", "browser")  # names of files and folders whose tests take longest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long pieces of work first; a file is one piece, for its tests share a page, but each run of a notebook is one."""
    items.sort(key=lambda item: min((LONG.index(name) for name in item.path.parts if name in LONG), default=len(LONG)))
    for item in items:
        alone = item.path.name == LONG[0]
        item.add_marker(pytest.mark.xdist_group(item.nodeid if alone else item.nodeid.split("::")[0]))


def is_local(host: str | bytes | None) -> bool:
    name = host.decode() if isinstance(host, bytes) else host
    if name in (None, "", "localhost", socket.gethostname()):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback or ipaddress.ip_address(name).is_unspecified
    except ValueError:
        return False


@pytest.fixture(scope="session", autouse=True)
def offline():
    """The course must work without a network: looking up or connecting to another machine is an error."""
    connect, look_up = socket.socket.connect, socket.getaddrinfo

    def guarded_connect(self, address):
        if self.family in (socket.AF_INET, socket.AF_INET6) and not is_local(address[0]):
            raise AssertionError(f"a test tried to connect to {address}")
        return connect(self, address)

    def guarded_look_up(host, *arguments, **options):
        if not is_local(host):
            raise AssertionError(f"a test tried to look up {host!r}")
        return look_up(host, *arguments, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded_connect)
        patch.setattr(socket, "getaddrinfo", guarded_look_up)
        yield


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """The browser of the system; without one the test is skipped, but fails where CI is set."""
    return program(*CHROMIUM)


@pytest.fixture(scope="module")
def chromium(chromium_path: str) -> Iterator[Browser]:
    """A browser for one module: playwright's event loop must not outlive it, or no other test could use asyncio."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path, args=CHROMIUM_FLAGS)
        yield browser
        browser.close()
