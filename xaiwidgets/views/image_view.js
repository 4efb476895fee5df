// A picture under a map of values, with pointer tools. Python holds the state; this draws it and reports.

const HOVER = "xaiwidgets:hover"; // between views of one group, in the same page
const MOVED = "xaiwidgets:moved"; // the same for their windows

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

  /** Where the fill is seen instead of the image: under the window, and where the brush was. */
  function occluder() {
    const [middle, tool] = [model.get("middle"), model.get("tool")];
    if (tool === "brush") return arrayOf(model, "brushed");
    return tool === "occlude" && middle && windowMask(grid(), middle, model.get("window"), model.get("window_shape"));
  }

  function shownImage() {
    const [image, fill, mask] = [arrayOf(model, "image"), arrayOf(model, "fill"), occluder()];
    const fits = mask && fill.data.length === image.data.length && 3 * mask.data.length === image.data.length;
    return fits ? replaced(image, fill, mask) : image;
  }

  const used = () => parts.overlay.matches(":hover, :focus");

  function drawPixels() {
    const [image, heatmap] = [shownImage(), arrayOf(model, "heatmap")];
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
      regions: arrayOf(model, "regions"),
      brushed: arrayOf(model, "brushed"),
      tinted: !arrayOf(model, "fill").data.length,
      occluder: tool === "occlude" && occluder(),
      box: model.get("box"),
      picked: model.get("picked"),
      cursor: tool === "drag" || tool === "occlude" ? null : hovered,
      radius: tool === "brush" && model.get("radius"),
    });
    drawLine();
  }

  function drawLine() {
    const cell = hovered;
    const window = () => (used() ? windowText(model.get("middle")) : "");
    const place = { drag: () => movedText(model.get("offset")), occlude: window };
    const inside = cell && cell[0] < grid()[0] && cell[1] < grid()[1];
    const [image, heatmap, regions] = ["image", "heatmap", "regions"].map((name) => arrayOf(model, name));
    const text = inside ? readout(cell, image, heatmap, grid(), regions) : "";
    sayInParts(parts.spoken, place[model.get("tool")]?.() || text);
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
  const tellPlace = () => {
    const detail = [model.get("group"), model.get("middle"), el];
    if (detail[0]) window.dispatchEvent(new CustomEvent(MOVED, { detail }));
  };
  // Not saved: Python hears it from the view that was moved, once.
  const movedElsewhere = ({ detail: [group, middle, source] }) =>
    group === model.get("group") && source !== el && model.set("middle", middle);
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
    if (tool === "occlude") report(model, "middle", null);
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
    if (tool === "occlude") report(model, "middle", cell);
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
    if (tool === "occlude") report(model, "middle", cell);
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
    const far = step?.map((way) => way * (event.shiftKey ? 4 : 1));
    if (step && tool === "drag") {
      moveTo(model.get("offset").map((start, axis) => start + far[axis]));
    } else if (step && tool === "occlude") {
      const middle = model.get("middle");
      report(model, "middle", middle ? movedCell(middle, far, grid()) : centre);
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
  listen(window, MOVED, movedElsewhere);
  model.on("change:middle", () => signal.aborted || tellPlace());
  listen(window, "resize", drawPixels); // a zoomed page has other device pixels
  // Only the picture in use speaks: linked pictures read out the same pixel silently.
  const quiet = () => parts.spoken.setAttribute("aria-live", used() ? "polite" : "off");
  for (const type of ["focus", "blur", "pointerenter", "pointerleave"]) listen(parts.overlay, type, quiet);
  quiet();
  follow(model, ["title", "caption", "notice", "alt", "tool", "busy"], drawTexts, signal);
  follow(model, ["hovered"], () => adopt(model.get("hovered")), signal);
  const marks = ["picked", "box", "offset", "outline", "show_outline", "regions", "radius"];
  follow(model, marks, drawOverlay, signal);
  const covering = ["fill", "middle", "window", "window_shape", "brushed", "tool"];
  follow(model, ["image", "heatmap", "limit", "table", "opacity", "size", ...covering], drawPixels, signal);
}

export default { render };
