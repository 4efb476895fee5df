// A rectangle of the plane: a canvas for the colours of the score, SVG for all that lies over it.

const ROOM = { left: 52, right: 12, top: 10, bottom: 44 };
const HELP = "Arrow keys move the point, with Shift four times as far.";
const EMPTY = { shape: [0, 0, 3], data: new Uint8Array(0) };
const NAMED = 3; // styles of lines with a name

/** The box of the plot, its scales and ticks. */
export function planeLayout(limits, width, height) {
  const box = { left: ROOM.left, right: width - ROOM.right, top: ROOM.top, bottom: height - ROOM.bottom };
  const scales = [scale(limits[0], [box.left, box.right]), scale(limits[1], [box.bottom, box.top])];
  const ticks = limits.map((ends, axis) => ticksOf(ends, Math.max(2, [width, height][axis] / 90)));
  return { box, scales, ticks, labels: ticks.map(tickLabels) };
}

function axesOf({ box, scales, ticks, labels }, names) {
  const text = (attributes, content) => create("text", attributes, content);
  const [x, y] = [(box.left + box.right) / 2, (box.top + box.bottom) / 2];
  return [
    create("rect", { class: "xai-frame", x: box.left, y: box.top, width: box.right - box.left, height: box.bottom - box.top }),
    ...ticks[0].map((tick, i) => text({ x: scales[0](tick), y: box.bottom + 18, "text-anchor": "middle" }, labels[0][i])),
    ...ticks[1].map((tick, i) => text({ x: box.left - 7, y: scales[1](tick) + 4, "text-anchor": "end" }, labels[1][i])),
    text({ x, y: box.bottom + 36, "text-anchor": "middle" }, names[0]),
    text({ transform: `translate(14,${y}) rotate(-90)`, "text-anchor": "middle" }, names[1]),
  ];
}

/** A line drawn twice, the lower one wider and of the other tone, so that it shows on every colour. */
const twice = (attributes, style, below = "xai-halo") =>
  [below, style].map((name) => create("path", { ...attributes, class: name }));

const named = (d, k) => twice({ d }, `xai-line xai-line-${k % NAMED}`, k % NAMED ? "xai-halo" : "xai-casing");

function entryOf(drawn, label) {
  const key = create("svg", { class: "xai-key", width: 26, height: 16, viewBox: "0 0 26 16" }, ...drawn);
  return create("span", { class: "xai-entry" }, key, label);
}

function elements() {
  const [help, clip] = [uniqueId("help"), uniqueId("clip")];
  const frame = create("rect", {});
  const inside = () => create("g", { "clip-path": `url(#${clip})` });
  const parts = { frame, help: create("span", { class: "xai-hidden", id: help }, HELP) };
  parts.title = create("div", { class: "xai-title" });
  parts.pixels = create("canvas", { class: "xai-field", "aria-hidden": "true" });
  [parts.marks, parts.contour, parts.points, parts.over] = [create("g", { role: "img" }), inside(), inside(), inside()];
  parts.axes = create("g", {});
  parts.marks.append(parts.axes, parts.contour, parts.points, parts.over);
  parts.handle = guard(create("g", { class: "xai-handle", role: "application", tabindex: 0, "aria-describedby": help }));
  parts.svg = create("svg", { class: "xai-plot" }, create("clipPath", { id: clip }, frame), parts.marks, parts.handle);
  parts.stage = create("div", { class: "xai-stage" }, parts.pixels, parts.svg);
  parts.legend = create("div", { class: "xai-legend", "aria-hidden": "true" }); // the alternative text says it
  parts.spoken = create("div", { class: "xai-readout", role: "status" });
  parts.caption = create("div", { class: "xai-caption" });
  parts.notice = create("div", { class: "xai-notice" });
  parts.all = [parts.title, parts.stage, parts.legend, parts.spoken, parts.caption, parts.notice, parts.help];
  return parts;
}

function render({ model, el, signal }) {
  begin(el, "plane");
  const parts = elements();
  el.replaceChildren(...parts.all);
  let layout = null;
  let dragging = false;
  const limits = () => [model.get("x_limits"), model.get("y_limits")];
  const at = ([x, y]) => [layout.scales[0](x), layout.scales[1](y)].map((value) => value.toFixed(2));
  const segment = ([x0, y0, x1, y1]) => `M${at([x0, y0])}L${at([x1, y1])}`;
  const labels = () => [model.get("x_label"), model.get("y_label")];

  function draw() {
    el.style.width = `${model.get("width")}px`;
    const [width, height] = [el.clientWidth || model.get("width"), model.get("height")];
    layout = planeLayout(limits(), width, height);
    const { left, right, top, bottom } = layout.box;
    const size = { x: left, y: top, width: right - left, height: bottom - top };
    assign(parts.svg, { width, height, viewBox: `0 0 ${width} ${height}` });
    assign(parts.frame, size);
    const px = (value) => `${value}px`;
    Object.assign(parts.pixels.style, { left: px(left), top: px(top), width: px(size.width), height: px(size.height) });
    parts.axes.replaceChildren(...axesOf(layout, labels()));
    drawField();
    drawPoints();
    drawOver();
  }

  function drawField() {
    const [field, level] = [arrayOf(model, "field"), model.get("level")];
    const shifted = { shape: field.shape, data: field.data.map((value) => value - level) };
    paint(parts.pixels, compose(EMPTY, shifted, model.get("limit"), arrayOf(model, "table").data, 1));
    const d = contourOf(field, level, ...limits()).map(segment).join("");
    parts.contour.replaceChildren(...twice({ d }, "xai-contour"));
    drawPoint();
  }

  function drawPoints() {
    const { shape: [count], data } = arrayOf(model, "points");
    const [sizes, opacities, shapes] = ["sizes", "opacities", "shapes"].map((name) => arrayOf(model, name).data);
    const point = (i) => {
      const style = { class: `xai-point xai-shape-${shapes[i] ?? 0}`, opacity: opacities[i] ?? 1 };
      const place = at([data[2 * i], data[2 * i + 1]]);
      return create("path", { ...style, d: shapeOf(shapes[i] ?? 0, sizes[i] ?? 4), transform: `translate(${place})` });
    };
    parts.points.replaceChildren(...Array.from({ length: count }, (_, i) => point(i)));
  }

  function drawOver() {
    const [{ shape: [count], data }, most] = [arrayOf(model, "lines"), model.get("line_names").length];
    const line = (k) => {
      const part = lineWithin(data.subarray(3 * k, 3 * k + 3), ...limits());
      if (!part) return [];
      return k < most ? named(segment(part), k) : [create("path", { class: "xai-thin", d: segment(part) })];
    };
    // The thin lines lie below those with a name, and the first of these lies on top.
    parts.over.replaceChildren(...Array.from({ length: count }, (_, i) => line(count - 1 - i)).flat());
    drawLegend();
  }

  function drawLegend() {
    const stroke = "M2,8L24,8";
    const shape = (k) => create("path", { class: `xai-point xai-shape-${k}`, d: shapeOf(k, 5), transform: "translate(13,8)" });
    const contour = model.get("contour_name");
    const entries = contour ? [entryOf(twice({ d: stroke }, "xai-contour"), contour)] : [];
    model.get("line_names").forEach((name, k) => entries.push(entryOf(named(stroke, k), name)));
    model.get("shape_names").forEach((name, k) => entries.push(entryOf([shape(k)], name)));
    parts.legend.replaceChildren(...entries);
  }

  function drawPoint() {
    const [point, radius, movable] = [model.get("point"), model.get("radius"), model.get("movable")];
    parts.handle.style.display = point ? "" : "none";
    el.classList.toggle("xai-movable", Boolean(point) && movable);
    if (!point) return say(parts.spoken, "");
    const [cx, cy] = at(point);
    const [[left, right], [bottom, top]] = limits();
    const { box } = layout;
    const per = [(box.right - box.left) / (right - left), (box.bottom - box.top) / (top - bottom)];
    // A circle in the units of the plane, drawn as a path so that it may be wider than high.
    const [rx, ry] = per.map((pixels) => (radius * pixels).toFixed(2));
    const ring = `M${cx - rx},${cy}a${rx},${ry} 0 1 0 ${2 * rx},0a${rx},${ry} 0 1 0 ${-2 * rx},0Z`;
    parts.handle.replaceChildren(
      ...(radius > 0 ? twice({ d: ring, "clip-path": parts.contour.getAttribute("clip-path") }, "xai-ring") : []),
      create("circle", { class: "xai-grip", cx, cy, r: 14 }),
      create("circle", { class: "xai-dot", cx, cy, r: 7 }),
    );
    const where = point.map((value, axis) => `${labels()[axis]} ${formatNumber(value)}`).join(", ");
    const value = valueAt(arrayOf(model, "field"), point, ...limits());
    const text = Number.isNaN(value) ? where : `${where}: score ${formatNumber(value)}`;
    say(parts.spoken, text);
    const label = `${model.get("title") || model.get("alt")}, movable point: ${text}`;
    assign(parts.handle, { "aria-label": label, tabindex: movable ? 0 : -1, "aria-disabled": movable ? null : "true" });
  }

  function drawTexts() {
    say(parts.title, model.get("title"));
    say(parts.caption, model.get("caption"));
    say(parts.notice, model.get("notice"));
    parts.marks.setAttribute("aria-label", model.get("alt"));
  }

  function moveTo(point) {
    const kept = keptWithin(point, limits());
    if (String(kept) !== String(model.get("point"))) report(model, "point", kept);
  }

  function pointed(event) {
    const { left, top, width } = parts.svg.getBoundingClientRect();
    const zoom = parts.svg.viewBox.baseVal.width / width;
    const place = [(event.clientX - left) * zoom, (event.clientY - top) * zoom];
    const { box } = layout;
    const from = [[box.left, box.right], [box.bottom, box.top]];
    moveTo(place.map((value, axis) => scale(from[axis], limits()[axis])(value)));
  }

  const movable = () => model.get("movable") && model.get("point") !== null;

  function pressed(event) {
    if (event.button !== 0 || !movable()) return;
    dragging = true;
    parts.svg.setPointerCapture(event.pointerId);
    event.preventDefault();
    pointed(event);
    parts.handle.focus({ preventScroll: true });
  }

  function key(event) {
    const next = movable() && movedPoint(event, model.get("point"), limits());
    if (!next) return;
    event.preventDefault();
    event.stopPropagation();
    moveTo(next);
  }

  const listen = (element, type, action) => element.addEventListener(type, action, { signal });
  listen(parts.svg, "pointerdown", pressed);
  listen(parts.svg, "pointermove", (event) => dragging && pointed(event));
  for (const type of ["pointerup", "pointercancel"]) listen(parts.svg, type, () => (dragging = false));
  listen(parts.handle, "keydown", key);
  follow(model, ["title", "caption", "notice", "alt"], drawTexts, signal);
  follow(model, ["x_limits", "y_limits", "width", "height", "x_label", "y_label"], draw, signal);
  follow(model, ["field", "level", "limit", "table"], drawField, signal);
  follow(model, ["points", "sizes", "opacities", "shapes"], drawPoints, signal);
  follow(model, ["lines", "line_names", "shape_names", "contour_name"], drawOver, signal);
  follow(model, ["point", "radius", "movable", "title"], drawPoint, signal);
  const resized = new ResizeObserver(coalesced(() => signal.aborted || draw()));
  resized.observe(el);
  signal.addEventListener("abort", () => resized.disconnect());
}

export default { render };
