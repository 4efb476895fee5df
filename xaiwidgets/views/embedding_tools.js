// What pointer and keys do with a map of points. `view` is the state that embedding_view.js draws.

const NEAR = 4; // pixels that a press may move and still be a click
const STEP = 40; // pixels that Shift and an arrow move the map

const chosenOf = (view) => arrayOf(view.model, "lassoed").data;

function choose(view, indices) {
  report(view.model, "lassoed", encodeIndices([...new Set(indices)].sort((a, b) => a - b)));
}

function turn(view, camera) {
  view.camera = camera;
  view.queue();
}

const middleOf = ({ size }) => [size[0] / 2, size[1] / 2];
const zoomed = (view, factor, place = middleOf(view)) => turn(view, zoomedAt(view.camera, factor, place, view.size));

function placeOfEvent({ parts, size }, { clientX, clientY }) {
  const box = parts.overlay.getBoundingClientRect();
  return [((clientX - box.left) * size[0]) / box.width, ((clientY - box.top) * size[1]) / box.height];
}

const under = (view, [x, y]) => nearestPoint(view.places, x, y, view.side() / 2 + NEAR);

function pointed(view, listen) {
  const { model, parts } = view;
  let press = null; // what the pointer began: { x, y, moved, camera }

  listen(parts.overlay, "pointerdown", (event) => {
    if (event.button !== 0) return;
    event.preventDefault();
    parts.overlay.setPointerCapture(event.pointerId);
    parts.overlay.focus({ preventScroll: true });
    const [x, y] = placeOfEvent(view, event);
    press = { x, y, moved: false, camera: view.camera };
    view.trail = model.get("lasso") ? [x, y] : [];
  });
  listen(parts.overlay, "pointermove", (event) => {
    const [x, y] = placeOfEvent(view, event);
    if (!press) return view.lookAt(under(view, [x, y]));
    press.moved ||= Math.hypot(x - press.x, y - press.y) > NEAR;
    if (!press.moved) return;
    view.lookAt(null);
    if (view.trail.length) view.trail.push(x, y);
    else view.camera = panned(press.camera, [x - press.x, y - press.y], view.size);
    view.queue();
  });
  listen(parts.overlay, "pointerup", (event) => {
    if (!press) return;
    const [{ moved }, polygon] = [press, view.trail];
    [press, view.trail] = [null, []];
    if (!moved) report(model, "picked", under(view, placeOfEvent(view, event)));
    else if (polygon.length) choose(view, [...(event.shiftKey ? chosenOf(view) : []), ...caught(view.places, polygon)]);
    view.queue();
  });
  listen(parts.overlay, "pointercancel", () => {
    [press, view.trail] = [null, []];
    view.queue();
  });
  listen(parts.overlay, "pointerleave", () => press || view.lookAt(null));
}

/** A page that scrolls past the map shall not stop at it: the wheel zooms a map in use, or with Ctrl. */
function wheeled(view, event) {
  if (!event.ctrlKey && !event.metaKey && document.activeElement !== view.parts.overlay) return;
  event.preventDefault();
  zoomed(view, Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0015)), placeOfEvent(view, event));
}

/** To the next point, which comes into view; the first key goes to the one nearest to the middle. */
function step(view, arrow) {
  const start = nearestPoint(view.places, ...middleOf(view), Infinity);
  const next = view.looked === null ? start : nextPoint(view.places, view.looked, arrow);
  if (next === null) return;
  turn(view, bringing(view.camera, [view.places[2 * next], view.places[2 * next + 1]], view.size));
  view.lookAt(next);
}

function toggle(view) {
  const chosen = [...chosenOf(view)];
  choose(view, chosen.includes(view.looked) ? chosen.filter((i) => i !== view.looked) : [...chosen, view.looked]);
}

function keyed(view, event) {
  const { model, looked } = view;
  const arrow = arrowStep(event);
  const [down, right] = arrow ?? [0, 0];
  const actions = {
    "+": () => zoomed(view, 1.25),
    "=": () => zoomed(view, 1.25),
    "-": () => zoomed(view, 0.8),
    Home: () => turn(view, HOME),
    l: () => report(model, "lasso", !model.get("lasso")),
    Enter: () => looked !== null && report(model, "picked", looked),
    " ": () => looked !== null && toggle(view),
    Escape: () => {
      choose(view, []);
      report(model, "picked", null);
      view.lookAt(null);
    },
  };
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const moved = () => turn(view, panned(view.camera, [-STEP * right, -STEP * down], view.size));
  const action = arrow ? (event.shiftKey ? moved : () => step(view, arrow)) : actions[event.key];
  if (!action) return;
  event.preventDefault();
  event.stopPropagation();
  action();
}

/** Listen to pointer, wheel, keys and buttons. */
function embeddingTools(view, signal) {
  const { model, parts } = view;
  const listen = (element, type, action, options = {}) => element.addEventListener(type, action, { signal, ...options });
  pointed(view, listen);
  listen(parts.overlay, "wheel", (event) => wheeled(view, event), { passive: false });
  listen(parts.overlay, "keydown", (event) => keyed(view, event));
  listen(parts.lasso, "click", () => report(model, "lasso", !model.get("lasso")));
  listen(parts.nearer, "click", () => zoomed(view, 1.25));
  listen(parts.farther, "click", () => zoomed(view, 0.8));
  listen(parts.whole, "click", () => turn(view, HOME));
  listen(parts.clear, "click", () => {
    choose(view, []);
    parts.overlay.focus({ preventScroll: true }); // the button goes
  });
  listen(parts.legend, "click", ({ target }) => {
    const label = Number(target.closest("button")?.dataset.label ?? NaN);
    if (!Number.isNaN(label)) view.mute(label);
  });
}
