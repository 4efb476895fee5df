// A picture under a map of values, with pointer tools. Python holds the state; this draws it and reports.

const HELP = {
  look: "Arrow keys read out pixels.",
  pick: "Arrow keys move the cursor, Enter picks the pixel, Escape lets it go.",
  drag: "Arrow keys move the picture by one pixel, with Shift by four, Escape puts it back.",
  box: "Arrow keys move the cursor, Shift and arrow keys draw a box from there, Escape removes it.",
  brush: "Arrow keys move the cursor, Space paints or erases there, Escape clears all.",
};
const RESET = { drag: "Put back", box: "Remove box", brush: "Clear", pick: "Let go" };

/** What the line under the picture says about a cell of the grid. */
export function readout([row, column], image, heatmap, grid) {
  const where = `row ${row}, column ${column}`;
  if (heatmap.data.length) {
    const value = heatmap.data[cellIndex(row, column, heatmap.shape, grid)];
    return `${where} · value ${formatNumber(value)}`;
  }
  if (!image.data.length) return where;
  const pixel = 3 * cellIndex(row, column, image.shape, grid);
  return `${where} · colour ${image.data.slice(pixel, pixel + 3).join(", ")}`;
}

/** How far the picture has been dragged, in words; "" where it has not. */
export function movedText([down, right]) {
  const words = [];
  if (down) words.push(`${Math.abs(down)} ${down > 0 ? "down" : "up"}`);
  if (right) words.push(`${Math.abs(right)} ${right > 0 ? "right" : "left"}`);
  return words.length ? `moved ${words.join(", ")}` : "";
}

/** Write a text whose lines break at its dots only. */
function sayInParts(element, text) {
  if (element.textContent === text) return;
  element.replaceChildren(...text.split(/(?<= · )/).map((part) => create("span", {}, part)));
}

const HOVER = "xaiwidgets:hover"; // between views of one group, in the same page

function elements() {
  const help = uniqueId("help");
  const pixels = create("canvas", { class: "xai-pixels", role: "img" });
  const overlay = create("canvas", { class: "xai-overlay", tabindex: 0, role: "application" });
  overlay.setAttribute("aria-describedby", help);
  const parts = {
    pixels,
    overlay: guard(overlay),
    stage: create("div", { class: "xai-stage" }, pixels, overlay),
    title: create("div", { class: "xai-title" }),
    caption: create("div", { class: "xai-caption" }),
    notice: create("span", { class: "xai-notice" }),
    spoken: create("span", { role: "status" }),
    reset: guard(create("button", { class: "xai-button xai-reset", type: "button" })),
    help: create("span", { class: "xai-hidden", id: help }),
  };
  parts.line = create("div", { class: "xai-readout" }, parts.spoken, parts.notice);
  parts.all = [parts.stage, parts.title, parts.caption, parts.line, parts.reset, parts.help];
  return parts;
}

function render({ model, el, signal }) {
  begin(el, "image");
  const parts = elements();
  el.replaceChildren(...parts.all);
  const grid = () => gridOf(arrayOf(model, "image"), arrayOf(model, "heatmap"));
  const painted = () => {
    const { shape, data } = arrayOf(model, "brushed");
    const [rows, columns] = grid();
    return shape[0] === rows && shape[1] === columns ? data.slice() : new Uint8Array(rows * columns);
  };
  const save = () => model.save_changes();
  const saveSoon = { hovered: throttled(save, 50, signal), brushed: throttled(save, 100, signal) };
  let hovered = null; // stays in the page: a message for each pixel on the way would hold up those that matter
  let press = null; // what the pointer began: { cell, value, offset }
  let anchor = null; // where a box began by keyboard

  function drawPixels() {
    const [image, heatmap] = [arrayOf(model, "image"), arrayOf(model, "heatmap")];
    const [limit, table, opacity] = [model.get("limit"), arrayOf(model, "table").data, model.get("opacity")];
    paint(parts.pixels, compose(image, heatmap, limit, table, opacity));
    const [width, height] = fitted(grid(), model.get("size"));
    Object.assign(parts.stage.style, { width: `${width}px`, height: `${height}px` });
    el.style.setProperty("--xai-size", `${model.get("size")}px`);
    const ratio = window.devicePixelRatio || 1;
    // Setting a size clears the canvas, which is drawn next anyway.
    Object.assign(parts.overlay, { width: Math.round(width * ratio), height: Math.round(height * ratio) });
    drawOverlay();
  }

  function drawOverlay() {
    const tool = model.get("tool");
    const none = { shape: [0, 0], data: [] };
    drawMarks(parts.overlay, grid(), {
      outline: model.get("show_outline") ? arrayOf(model, "outline") : none,
      brushed: arrayOf(model, "brushed"),
      box: model.get("box"),
      picked: model.get("picked"),
      cursor: tool === "drag" ? null : hovered,
      radius: tool === "brush" && model.get("radius"),
    });
    drawLine();
  }

  function drawLine() {
    const cell = hovered;
    const way = model.get("tool") === "drag" ? movedText(model.get("offset")) : "";
    const inside = cell && cell[0] < grid()[0] && cell[1] < grid()[1];
    const text = inside ? readout(cell, arrayOf(model, "image"), arrayOf(model, "heatmap"), grid()) : "";
    sayInParts(parts.spoken, way || text);
    say(parts.notice, parts.spoken.textContent ? "" : model.get("notice"));
  }

  function drawTexts() {
    const [tool, title] = [model.get("tool"), model.get("title")];
    say(parts.title, title);
    say(parts.caption, model.get("caption"));
    say(parts.help, HELP[tool]);
    say(parts.reset, RESET[tool] ?? "");
    parts.reset.hidden = !RESET[tool] || tool === "pick";
    parts.reset.setAttribute("aria-label", `${RESET[tool] ?? ""}: ${title || model.get("alt")}`);
    parts.pixels.setAttribute("aria-label", model.get("alt"));
    parts.overlay.setAttribute("aria-label", `${title || "Picture"}, pixels`);
    assign(el, { "data-tool": tool, "aria-busy": String(model.get("busy")) });
    drawLine();
  }

  const adopt = (cell) => {
    hovered = cell;
    drawOverlay();
  };
  const hover = (cell) => {
    adopt(cell);
    if (model.get("group")) window.dispatchEvent(new CustomEvent(HOVER, { detail: [model.get("group"), cell, el] }));
    if (!model.get("reports_hover")) return;
    model.set("hovered", cell);
    saveSoon.hovered();
  };
  const hoveredElsewhere = ({ detail: [group, cell, source] }) => {
    if (group === model.get("group") && source !== el) adopt(cell);
  };
  const brush = (mask, finished) => {
    model.set("brushed", encode(mask, grid()));
    finished ? save() : saveSoon.brushed();
  };
  const moveTo = (offset) => {
    const clamped = clampedOffset(offset, grid());
    if (String(clamped) !== String(model.get("offset"))) report(model, "offset", clamped);
  };
  const cellOf = (event) => {
    const { left, top, width, height } = parts.overlay.getBoundingClientRect();
    return cellAt(event.clientX - left, event.clientY - top, width, height, grid());
  };

  function reset() {
    const tool = model.get("tool");
    if (tool === "drag") report(model, "offset", [0, 0]);
    if (tool === "box") report(model, "box", null);
    if (tool === "brush") report(model, "brushed", encode(new Uint8Array(0), [0, 0]));
    if (tool === "pick") report(model, "picked", null);
    if (tool === "look") hover(null);
    anchor = null;
  }

  function pressed(event) {
    if (event.button !== 0) return;
    const [cell, tool] = [cellOf(event), model.get("tool")];
    parts.overlay.focus({ preventScroll: true });
    parts.overlay.setPointerCapture(event.pointerId);
    press = { cell, x: event.clientX, y: event.clientY, offset: model.get("offset"), value: event.shiftKey ? 0 : 1 };
    anchor = null;
    if (tool === "pick") report(model, "picked", cell);
    if (tool === "box") report(model, "box", boxBetween(cell, cell));
    if (tool === "brush") stroke(cell, cell);
    if (tool !== "look") event.preventDefault();
  }

  function stroke(from, to) {
    const mask = painted();
    paintStroke(mask, grid(), from, to, model.get("radius"), press.value);
    brush(mask, false);
  }

  function moved(event) {
    const [cell, tool] = [cellOf(event), model.get("tool")];
    if (String(cell) !== String(hovered)) hover(cell);
    if (!press) return;
    if (tool === "box") report(model, "box", boxBetween(press.cell, cell));
    if (tool === "brush") stroke(press.cell, cell);
    if (tool === "brush") press.cell = cell;
    if (tool === "drag") {
      const pixel = parts.overlay.clientWidth / grid()[1];
      const way = [(event.clientY - press.y) / pixel, (event.clientX - press.x) / pixel];
      moveTo(press.offset.map((start, axis) => start + way[axis]));
    }
  }

  function released() {
    if (press && model.get("tool") === "brush") save();
    press = null;
  }

  function key(event) {
    const [tool, step] = [model.get("tool"), arrowStep(event)];
    const cursor = hovered;
    const centre = grid().map((length) => Math.floor(length / 2));
    if (step && tool === "drag") {
      const [down, right] = model.get("offset");
      const far = event.shiftKey ? 4 : 1;
      moveTo([down + far * step[0], right + far * step[1]]);
    } else if (step) {
      const next = cursor ? movedCell(cursor, step, grid()) : centre;
      anchor = tool === "box" && event.shiftKey ? (anchor ?? cursor ?? centre) : null;
      hover(next);
      if (anchor) report(model, "box", boxBetween(anchor, next));
    } else if (event.key === "Escape") reset();
    else if ((event.key === " " || event.key === "Enter") && tool === "pick") report(model, "picked", cursor ?? centre);
    else if (event.key === " " && tool === "brush" && cursor) {
      const mask = painted();
      paintDisc(mask, grid(), cursor, model.get("radius"), mask[cursor[0] * grid()[1] + cursor[1]] ? 0 : 1);
      brush(mask, true);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  const listen = (element, type, action) => element.addEventListener(type, action, { signal });
  listen(parts.overlay, "pointerdown", pressed);
  listen(parts.overlay, "pointermove", moved);
  listen(parts.overlay, "pointerup", released);
  listen(parts.overlay, "pointercancel", released);
  listen(parts.overlay, "pointerleave", () => press || hover(null));
  listen(parts.overlay, "blur", () => hover(null));
  listen(parts.overlay, "keydown", key);
  listen(parts.reset, "click", reset);
  listen(window, HOVER, hoveredElsewhere);
  listen(window, "resize", drawPixels); // a zoomed page has other device pixels
  // Only the picture in use speaks: linked pictures read out the same pixel silently.
  const used = () => parts.overlay.matches(":hover, :focus");
  const quiet = () => parts.spoken.setAttribute("aria-live", used() ? "polite" : "off");
  for (const type of ["focus", "blur", "pointerenter", "pointerleave"]) listen(parts.overlay, type, quiet);
  quiet();
  follow(model, ["title", "caption", "notice", "alt", "tool", "busy"], drawTexts, signal);
  follow(model, ["hovered"], () => adopt(model.get("hovered")), signal);
  const marks = ["picked", "box", "offset", "brushed", "outline", "show_outline", "tool", "radius"];
  follow(model, marks, drawOverlay, signal);
  follow(model, ["image", "heatmap", "limit", "table", "opacity", "size"], drawPixels, signal);
}

export default { render };
