"""A view in a real browser without a notebook: the shipped module, and a model that records what is sent."""

import base64
from typing import Any

import numpy as np
from playwright.sync_api import Locator, Page, expect

from xaiwidgets.views.view import View

expect.set_options(timeout=60_000)  # milliseconds; each is met at once on an idle machine

_MOUNT = """
async ({ id, esm, css, state }) => {
  const revived = ({ shape, dtype, base64 }) => {
    const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
    return { shape, dtype, bytes: new DataView(bytes.buffer) };
  };
  const value = (raw) => (raw && raw.base64 !== undefined ? revived(raw) : raw);
  const listeners = {};
  const fire = (name) => (listeners[`change:${name}`] ?? []).forEach((listener) => listener());
  const held = Object.fromEntries(Object.entries(state).map(([name, raw]) => [name, value(raw)]));
  const model = {
    sent: [],
    changed: new Set(),
    get: (name) => held[name],
    set(name, next) {
      if (JSON.stringify(held[name]) === JSON.stringify(next) && !next?.bytes) return;
      held[name] = next;
      model.changed.add(name);
      fire(name);
    },
    save_changes() {
      if (model.changed.size) model.sent.push(Object.fromEntries([...model.changed].map((name) => [name, held[name]])));
      model.changed.clear();
    },
    on: (event, listener) => (listeners[event] ??= []).push(listener),
    fromPython(changes) {
      for (const name in changes) held[name] = value(changes[name]);
      for (const name in changes) fire(name);
    },
  };
  const style = document.createElement("style");
  style.textContent = css;
  const el = document.createElement("div");
  el.id = id;
  document.body.append(style, el);
  const address = URL.createObjectURL(new Blob([esm], { type: "text/javascript" }));
  const controller = new AbortController();
  (await import(address)).default.render({ model, el, signal: controller.signal });
  (window.views ??= {})[id] = { model, close: () => controller.abort() };
}
"""


def _wire(state: dict[str, Any]) -> dict[str, Any]:
    """A widget's state as JSON: bytes in base64."""

    def portable(value: Any) -> Any:
        if isinstance(value, dict) and "bytes" in value:
            return {**value, "base64": base64.b64encode(value["bytes"]).decode(), "bytes": None}
        return value

    return {name: portable(value) for name, value in state.items() if not name.startswith("_") and name != "layout"}


class Mounted:
    """One view on the page."""

    def __init__(self, page: Page, widget: View) -> None:
        self.page, self.widget, self.id = page, widget, f"view-{id(widget)}"
        page.evaluate(
            _MOUNT, {"id": self.id, "esm": widget._esm, "css": widget._css, "state": _wire(widget.get_state())}
        )
        self.element: Locator = page.locator(f"#{self.id}")

    def find(self, selector: str) -> Locator:
        return self.element.locator(selector)

    def get(self, name: str) -> Any:
        """The browser's value of a trait that is no array."""
        return self.page.evaluate(f"views['{self.id}'].model.get('{name}')")

    def array(self, name: str) -> tuple[list[int], list[int]]:
        """Shape and bytes of an array trait in the browser."""
        read = "({ shape, bytes }) => [shape, [...new Uint8Array(bytes.buffer)]]"
        return tuple(self.page.evaluate(f"({read})(views['{self.id}'].model.get('{name}'))"))

    def sent(self) -> list[list[str]]:
        """Names of the traits of each message sent so far."""
        return self.page.evaluate(f"views['{self.id}'].model.sent.map(Object.keys)")

    def set(self, **changes: Any) -> None:
        """Change traits as the kernel does."""
        for name, value in changes.items():
            setattr(self.widget, name, value)
        state = _wire(self.widget.get_state(list(changes)))
        self.page.evaluate(f"(changes) => views['{self.id}'].model.fromPython(changes)", state)

    def close(self) -> None:
        self.page.evaluate(f"views['{self.id}'].close()")

    def drag(self, selector: str, start: tuple[float, float], *stops: tuple[float, float]) -> None:
        """Press, move and release; points are shares of the element's (width, height)."""
        box = self.find(selector).bounding_box()
        points = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in (start, *stops)]
        self.page.mouse.move(*points[0])
        self.page.mouse.down()
        for point in points[1:]:
            self.page.mouse.move(*point, steps=6)
        self.page.mouse.up()

    def press(self, selector: str, *keys: str) -> None:
        self.find(selector).first.focus()
        for key in keys:
            self.page.keyboard.press(key)


def image(rows: int = 16, columns: int = 24) -> np.ndarray:
    """Random pixels, wider than high so that a transposition shows."""
    return np.random.default_rng(0).integers(0, 256, (rows, columns, 3), dtype=np.uint8)
