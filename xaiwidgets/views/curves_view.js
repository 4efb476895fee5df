// Line curves as SVG, with labels at their ends and an optional marker that reads them out.

const DASHES = ["", "7 4", "2 3", "9 3 2 3", "12 4", "4 2", "1 4", "9 3 2 3 2 3"];
const LINE = 16; // height of a line of text

/** What is read out at the marker. */
export function readoutAt(index, xs, series, names, label, bands = []) {
  const values = names.map((name, k) => {
    const width = bands[k * xs.length + index];
    const band = Number.isFinite(width) ? ` ± ${formatNumber(width, 2)}` : "";
    return `${name} ${formatNumber(series.data[k * xs.length + index])}${band}`;
  });
  return `${label || "x"} ${formatNumber(xs[index])}: ${values.join(" · ")}`;
}

/** Where everything stands: limits, scales, ticks, and the labels at the ends. */
export function layoutOf({ x, series, bands, names, yLimits, width, height, texts, widthOf }) {
  const rowsOf = (data) => names.map((_, k) => data.subarray(k * x.length, (k + 1) * x.length));
  const rows = rowsOf(series.data);
  const limits = { x: extentOf(x), y: yLimits ?? extentOf(endsOf(series.data, bands), 0.05) };
  const ticks = { x: ticksOf(limits.x, Math.max(2, width / 90)), y: ticksOf(limits.y, Math.max(2, height / 50)) };
  const labels = { x: tickLabels(ticks.x), y: tickLabels(ticks.y) };
  const longest = (list) => Math.max(0, ...list.map(widthOf));
  const left = 12 + longest(labels.y) + (texts.y ? LINE + 4 : 0);
  const right = Math.min(width / 2, 34 + longest(names));
  const box = { left, right: width - right, top: 10, bottom: height - LINE - 8 - (texts.x ? LINE + 2 : 0) };
  const scales = { x: scale(limits.x, [box.left, box.right]), y: scale(limits.y, [box.bottom, box.top]) };
  const ends = rows.map((row) => (lastFinite(row) < 0 ? box.bottom : scales.y(row[lastFinite(row)])));
  const shown = { rows, widths: bands.length ? rowsOf(bands) : [], limits, ticks, labels, box, scales };
  return { ...shown, places: spread(ends, LINE, [box.top + 4, box.bottom - 2]) };
}

function axes({ ticks, labels, box, scales }, texts) {
  const parts = [];
  const text = (attributes, content) => parts.push(create("text", attributes, content));
  ticks.y.forEach((tick, i) => {
    const y = scales.y(tick);
    const style = { class: tick === 0 ? "xai-base" : "xai-grid" };
    parts.push(create("line", { ...style, x1: box.left, x2: box.right, y1: y, y2: y }));
    text({ x: box.left - 8, y: y + 4, "text-anchor": "end" }, labels.y[i]);
  });
  ticks.x.forEach((tick, i) => {
    const x = scales.x(tick);
    parts.push(create("line", { class: "xai-tick", x1: x, x2: x, y1: box.bottom, y2: box.bottom + 4 }));
    text({ x, y: box.bottom + LINE + 2, "text-anchor": "middle" }, labels.x[i]);
  });
  parts.push(create("line", { class: "xai-tick", x1: box.left, x2: box.right, y1: box.bottom, y2: box.bottom }));
  const [x, y] = [(box.left + box.right) / 2, (box.top + box.bottom) / 2];
  if (texts.x) text({ x, y: box.bottom + 2 * LINE + 6, "text-anchor": "middle" }, texts.x);
  if (texts.y) text({ transform: `translate(${LINE - 2},${y}) rotate(-90)`, "text-anchor": "middle" }, texts.y);
  return parts;
}

function curve(layout, xs, name, k, clip) {
  const { rows, box, scales, places } = layout;
  const style = { class: `xai-curve xai-colour-${k}`, "stroke-dasharray": DASHES[k] };
  const sample = { ...style, x1: box.right + 6, x2: box.right + 26, y1: places[k], y2: places[k] };
  return [
    create("path", { ...style, d: pathOf(xs, rows[k], scales.x, scales.y), "clip-path": `url(#${clip})` }),
    create("line", sample),
    create("text", { class: "xai-name", x: box.right + 30, y: places[k] + 4 }, name),
  ];
}

/** The bands of all curves, to stand under the curves. */
function bandsOf({ rows, widths, scales }, xs, clip) {
  const path = (row, k) => bandOf(xs, row, widths[k], scales.x, scales.y);
  const style = (k) => ({ class: `xai-band xai-colour-${k}`, "clip-path": `url(#${clip})` });
  return widths.length ? rows.map((row, k) => create("path", { ...style(k), d: path(row, k) })) : [];
}

function render({ model, el, signal }) {
  begin(el, "curves");
  const title = create("div", { class: "xai-title" });
  const clip = uniqueId("clip");
  const frame = create("rect", {}); // a curve beyond given limits ends at the edge
  const drawing = create("g", { role: "img" });
  const handle = guard(create("g", { class: "xai-marker", role: "slider", tabindex: 0 }));
  const svg = create("svg", { class: "xai-plot" }, create("clipPath", { id: clip }, frame), drawing, handle);
  const line = create("div", { class: "xai-readout" });
  el.replaceChildren(title, svg, line);
  let layout = null;
  let dragging = false;

  const pen = create("canvas").getContext("2d");
  const widthOf = (text) => {
    pen.font = `600 12px ${getComputedStyle(el).fontFamily}`;
    return pen.measureText(text).width;
  };
  const xs = () => arrayOf(model, "x").data;
  const bands = () => {
    const [{ shape }, { shape: other, data }] = [arrayOf(model, "series"), arrayOf(model, "bands")];
    return String(shape) === String(other) ? data : []; // of the curves that come with the next message
  };
  const names = () => {
    const series = arrayOf(model, "series");
    const given = model.get("names");
    return Array.from({ length: series.shape[0] }, (_, k) => given[k] ?? `curve ${k + 1}`);
  };

  function draw() {
    el.style.width = `${model.get("width")}px`;
    const width = el.clientWidth || model.get("width"); // less where there is less room
    const height = model.get("height");
    const texts = { x: model.get("x_label"), y: model.get("y_label") };
    const series = arrayOf(model, "series");
    const fits = series.shape[1] === xs().length && xs().length > 0;
    const shape = { width, height, texts, widthOf };
    const data = { x: xs(), series, bands: bands(), names: fits ? names() : [], yLimits: model.get("y_limits"), ...shape };
    layout = layoutOf(data);
    assign(svg, { width, height, viewBox: `0 0 ${width} ${height}` });
    const { left, right, top, bottom } = layout.box;
    assign(frame, { x: left, y: top - 2, width: right - left, height: bottom - top + 4 });
    drawing.setAttribute("aria-label", model.get("alt"));
    const lines = data.names.flatMap((name, k) => curve(layout, xs(), name, k, clip));
    drawing.replaceChildren(...axes(layout, texts), ...bandsOf(layout, xs(), clip), ...lines);
    say(title, model.get("title"));
    drawMarker();
  }

  function drawMarker() {
    const marker = model.get("marker");
    const shown = marker !== null && xs().length > 0 && layout.rows.length > 0;
    const movable = shown && model.get("movable");
    handle.style.display = shown ? "" : "none";
    handle.classList.toggle("xai-movable", movable);
    line.hidden = !shown;
    if (!shown) return;
    const index = nearestIndex(xs(), marker);
    const { box, scales, rows } = layout;
    const x = scales.x(Math.min(Math.max(marker, layout.limits.x[0]), layout.limits.x[1]));
    const dots = rows.map((row, k) => [row[index], k]).filter(([value]) => Number.isFinite(value));
    const dot = ([value, k]) => {
      const place = { cx: scales.x(xs()[index]), cy: scales.y(value), r: 4 };
      return create("circle", { class: `xai-dot xai-colour-${k}`, ...place });
    };
    const grip = { x: x - 9, y: box.top - 4, width: 18, height: box.bottom - box.top + 8, rx: 4 };
    handle.replaceChildren(
      create("rect", { class: "xai-grip", ...grip }),
      create("line", { class: "xai-rule", x1: x, x2: x, y1: box.top, y2: box.bottom }),
      ...dots.map(dot),
    );
    const text = readoutAt(index, xs(), arrayOf(model, "series"), names(), model.get("x_label"), bands());
    const [low, high] = layout.limits.x;
    assign(handle, {
      "aria-label": `${model.get("title") || model.get("alt")}, marker`,
      "aria-valuemin": low,
      "aria-valuemax": high,
      "aria-valuenow": marker,
      "aria-valuetext": text,
      "aria-disabled": movable ? null : "true",
      tabindex: movable ? 0 : -1,
    });
    say(line, text);
  }

  const moveTo = (index) => report(model, "marker", xs()[Math.min(Math.max(index, 0), xs().length - 1)]);
  const movable = () => model.get("movable") && model.get("marker") !== null && xs().length > 0;

  function pointed(event) {
    if (!movable()) return;
    const { left, width } = svg.getBoundingClientRect();
    const { box, limits } = layout;
    const at = ((event.clientX - left) / width) * svg.viewBox.baseVal.width;
    moveTo(nearestIndex(xs(), scale([box.left, box.right], limits.x)(at)));
  }

  function pressed(event) {
    if (event.button !== 0 || !movable()) return;
    dragging = true;
    svg.setPointerCapture(event.pointerId);
    event.preventDefault();
    pointed(event);
    handle.focus({ preventScroll: true });
  }

  function key(event) {
    const now = nearestIndex(xs(), model.get("marker"));
    const step = arrowStep(event);
    const far = event.shiftKey ? 10 : 1;
    const next = step ? now + far * (step[1] - step[0]) : movedIndex(event, now, xs().length);
    if (next === null || !movable()) return;
    event.preventDefault();
    event.stopPropagation();
    moveTo(next);
  }

  const listen = (element, type, action) => element.addEventListener(type, action, { signal });
  listen(svg, "pointerdown", pressed);
  listen(svg, "pointermove", (event) => dragging && pointed(event));
  for (const type of ["pointerup", "pointercancel"]) listen(svg, type, () => (dragging = false));
  listen(handle, "keydown", key);
  const traits = ["x", "series", "bands", "names", "title", "x_label", "y_label", "y_limits", "alt", "width", "height"];
  follow(model, traits, draw, signal);
  follow(model, ["marker", "movable"], drawMarker, signal);
  const resized = new ResizeObserver(coalesced(() => signal.aborted || draw()));
  resized.observe(el);
  signal.addEventListener("abort", () => resized.disconnect());
}

export default { render };
