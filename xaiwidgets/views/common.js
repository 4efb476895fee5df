// Shared by every view. A browser module made from a string has nothing beside it to import from, so the text of
// this file stands in front of each view's own.

const ARRAYS = { uint8: Uint8Array, int32: Int32Array, float32: Float32Array };

/** Typed array of a wire value; its bytes are copied, because a buffer may start at any offset. */
export function decode({ shape, dtype, bytes }) {
  const { buffer, byteOffset = 0, byteLength } = bytes.buffer ? bytes : { buffer: bytes, byteLength: bytes.byteLength };
  return { shape, data: new ARRAYS[dtype](buffer.slice(byteOffset, byteOffset + byteLength)) };
}

/** The wire value of a uint8 array. */
export function encode(data, shape) {
  return { shape, dtype: "uint8", bytes: new DataView(data.slice().buffer) };
}

const decoded = new WeakMap();

/** A model's array trait, decoded once for each value. */
export function arrayOf(model, name) {
  const wire = model.get(name);
  if (!decoded.has(wire)) decoded.set(wire, decode(wire));
  return decoded.get(wire);
}

/** A number in few characters: 0.0123, 1.2e-5, 310. */
export function formatNumber(value, digits = 3) {
  if (Number.isNaN(value)) return "not a number";
  if (!Number.isFinite(value)) return value > 0 ? "infinite" : "-infinite";
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size < 1e-3 || size >= 1e6) return value.toExponential(digits - 1);
  return String(Number(value.toPrecision(size >= 1000 ? 6 : digits)));
}

/** A call of `action` for all requests of one turn of the event loop: traits that change together draw once. */
export function coalesced(action) {
  let waiting = false;
  return () => {
    if (waiting) return;
    waiting = true;
    queueMicrotask(() => {
      waiting = false;
      action();
    });
  };
}

/** At most one call of `action` each `pause` milliseconds; the last request is never lost. */
export function throttled(action, pause, signal) {
  let timer = null;
  let again = false;
  const run = () => {
    timer = null;
    if (!again || signal?.aborted) return;
    again = false;
    action();
    timer = setTimeout(run, pause);
  };
  return () => {
    again = true;
    if (timer === null) run();
  };
}

const SVG = "http://www.w3.org/2000/svg"; // a name, not an address: nothing is fetched
const SVG_TAGS = ["svg", "g", "path", "line", "rect", "text", "circle", "clipPath"];

/** An element with attributes; true gives an empty attribute, false, null and undefined none. */
export function create(tag, attributes = {}, ...children) {
  const element = SVG_TAGS.includes(tag) ? document.createElementNS(SVG, tag) : document.createElement(tag);
  assign(element, attributes);
  element.append(...children);
  return element;
}

export function assign(element, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) element.removeAttribute(name);
    else element.setAttribute(name, value === true ? "" : value);
  }
  return element;
}

/** Change a text only if it differs: a live region speaks again otherwise. */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

let count = 0;
// Without blanks: an id in `aria-labelledby` ends at the first one.
export const uniqueId = (name) => `xai-${name.replace(/\s+/g, "-")}-${(count += 1)}-${Math.random().toString(36).slice(2, 8)}`;

// JupyterLab takes bare keys as commands (d d deletes the cell) unless the focused element itself says no.
const SUPPRESS = "data-lm-suppress-shortcuts";

export function guard(element) {
  element.setAttribute(SUPPRESS, "true");
  return element;
}

// Chords that edit text stay with the element: Ctrl+A in a number field selects the number, not all cells.
const EDITING = ["a", "c", "v", "x", "y", "z"];

/** Whether JupyterLab shall see this key although the focus is in a guarded element: Ctrl+S saves. */
export function passesGuard({ key, ctrlKey, metaKey, altKey }) {
  return (ctrlKey || metaKey) && !altKey && !EDITING.includes(String(key).toLowerCase());
}

/** One listener a window, however many views there are: lifts the guard while such a chord is dispatched. */
export function keepSaving(view = window) {
  const mark = Symbol.for("xaiwidgets.keepSaving");
  if (view[mark]) return;
  view[mark] = true;
  let lifted = null;
  const restore = () => lifted && guard(lifted);
  const lift = (event) => {
    restore(); // a key may come before the timer does
    const element = event.target;
    if (!element?.closest?.(".xai") || !element.hasAttribute(SUPPRESS) || !passesGuard(event)) return;
    element.removeAttribute(SUPPRESS);
    lifted = element;
    setTimeout(restore);
  };
  view.addEventListener("keydown", lift, { capture: true });
}

const STEPS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };

/** `[rows, columns]` that an arrow key moves by, or null: no arrow, or a chord that is not ours. */
export function arrowStep({ key, ctrlKey, metaKey, altKey }) {
  return ctrlKey || metaKey || altKey ? null : (STEPS[key] ?? null);
}

/** Index after a key in a list laid out in `columns`, or null when the key does not move. */
export function movedIndex(event, index, length, columns = 1) {
  if (event.ctrlKey || event.metaKey || event.altKey) return null;
  if (event.key === "Home") return 0;
  if (event.key === "End") return length - 1;
  const step = arrowStep(event);
  if (!step) return null;
  const next = index + step[0] * columns + step[1];
  return next < 0 || next >= length ? index : next;
}

/** What every view does first. */
export function begin(el, name) {
  keepSaving();
  el.classList.add("xai", `xai-${name}`);
}

/** Run `action` now and whenever one of the traits changes, once for changes that come together. */
export function follow(model, names, action, signal) {
  const draw = coalesced(() => signal.aborted || action());
  for (const name of names) model.on(`change:${name}`, draw);
  action();
}

/** Tell Python the new value of a trait. */
export function report(model, name, value) {
  model.set(name, value);
  model.save_changes();
}
