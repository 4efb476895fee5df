// Units in columns and the lines between them: a canvas for the lines, a focusable element for each unit.

const [ROW, SIDE, TOP, BOTTOM] = [27, 92, 30, 40]; // CSS pixels
const [NEGATIVE, POSITIVE] = [44, 212]; // rows of the table of colours that show on light and on dark ground
const RADIUS = 10;
const QUIET = 0.12; // opacity of the lines that do not touch the unit in use
const WHAT = { flows: "Relevance", weights: "Weight" };

const colourOf = (table, value) => {
  const row = 3 * (value < 0 ? NEGATIVE : POSITIVE);
  return `rgb(${table[row]}, ${table[row + 1]}, ${table[row + 2]})`;
};

function drawLines(canvas, layers, places, values, table, used) {
  const context = canvas.getContext("2d");
  const ratio = window.devicePixelRatio || 1;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, canvas.width, canvas.height);
  const limit = largest(values);
  const touches = ({ column, from, to }) =>
    (used[0] === column && used[1] === from) || (used[0] === column + 1 && used[1] === to);
  // The strong ones last: they lie above.
  const lines = linesOf(layers).sort((a, b) => Math.abs(values[a.index]) - Math.abs(values[b.index]));
  for (const line of lines) {
    const value = values[line.index];
    const width = widthOf(value, limit);
    if (!width) continue;
    const [[x0, y0], [x1, y1]] = [places[line.column][line.from], places[line.column + 1][line.to]];
    const middle = (x0 + x1) / 2;
    const strength = 0.35 + 0.6 * Math.min(Math.abs(value) / limit, 1);
    context.globalAlpha = !used ? strength : touches(line) ? 0.95 : QUIET;
    context.strokeStyle = colourOf(table, value);
    context.lineWidth = width;
    context.setLineDash(value < 0 ? [5, 4] : []);
    context.beginPath();
    context.moveTo(x0, y0);
    context.bezierCurveTo(middle, y0, middle, y1, x1, y1);
    context.stroke();
  }
}

function unitElement(column, place, last) {
  const disc = create("span", { class: "xai-disc", "aria-hidden": "true" });
  const label = create("span", { class: "xai-name", "aria-hidden": "true" });
  const attributes = { class: "xai-unit", role: "option", "data-column": column, "data-place": place };
  const element = guard(create("div", attributes, disc, label));
  element.classList.toggle("xai-left", column === 0 && !last);
  return { element, disc, label };
}

function render({ model, el, signal }) {
  begin(el, "network");
  const title = create("div", { class: "xai-title", id: uniqueId("title") });
  const canvas = create("canvas", { class: "xai-lines", role: "img" });
  const stage = create("div", { class: "xai-stage", role: "group", "aria-labelledby": title.id }, canvas);
  const spoken = create("div", { class: "xai-readout", role: "status" });
  const legend = create("div", { class: "xai-legend" });
  const notice = create("div", { class: "xai-notice" });
  el.replaceChildren(title, notice, stage, spoken, legend);
  let columns = []; // of { heading, list, more, units }
  let used = null; // [column, place] of the unit under the pointer or with the focus
  let current = [0, 0]; // the one that Tab reaches
  const layers = () => model.get("layers");
  const numbers = (name) => arrayOf(model, name).data;
  const what = () => (model.get("lines") === "flows" && numbers("flows").length ? "flows" : "weights");
  const values = () => numbers(what());
  const saveSoon = throttled(() => model.save_changes(), 50, signal);
  const traitOf = (place) => place && [place[0], layers()[place[0]].units[place[1]]];

  function size() {
    const rows = Math.max(...layers().map(({ units }) => units.length), 1);
    const width = Math.min(model.get("width"), el.clientWidth || model.get("width"));
    return [width, TOP + BOTTOM + rows * ROW];
  }

  function build() {
    const focused = stage.contains(document.activeElement);
    columns = layers().map(({ name, units }, column) => {
      const heading = create("div", { class: "xai-heading", id: uniqueId("column") }, name);
      const made = units.map((_, place) => unitElement(column, place, layers().length === 1));
      const list = create("div", { class: "xai-column", role: "listbox", "aria-labelledby": heading.id });
      list.append(...made.map(({ element }) => element));
      return { heading, list, more: create("div", { class: "xai-more" }), units: made };
    });
    stage.replaceChildren(canvas, ...columns.flatMap(({ heading, list, more }) => [heading, list, more]));
    stage.hidden = spoken.hidden = legend.hidden = !columns.length;
    used = null;
    if (!columns[current[0]]?.units[current[1]]) current = [0, 0];
    if (focused) columns[current[0]]?.units[current[1]]?.element.focus();
  }

  function place(element, x, y) {
    Object.assign(element.style, { left: `${x}px`, top: `${y}px` });
  }

  function fill(parts, at, where, strongest, limit) {
    const [activation, relevance] = [numbers("activations")[at], numbers("relevance")[at] ?? 0];
    const share = Math.min(Math.abs(activation) / strongest, 1) || 0;
    parts.disc.style.setProperty("--xai-filled", `${Math.round(70 * share)}%`);
    const width = widthOf(relevance, limit);
    const { style } = parts.disc;
    style.setProperty("--xai-ring", width ? colourOf(arrayOf(model, "table").data, relevance) : "");
    style.borderWidth = `${Math.max(1, Math.min(width, 5))}px`;
    style.borderStyle = relevance < 0 && width ? "dashed" : "solid";
    parts.disc.classList.toggle("xai-below", activation < 0);
    say(parts.label, layers()[where[0]].labels[where[1]]);
    const words = unitWords(layers(), where, numbers("activations"), numbers("relevance"));
    const chosen = String(model.get("selected")) === String(traitOf(where));
    assign(parts.element, {
      "aria-label": words,
      "aria-selected": String(chosen),
      tabindex: String(where) === String(current) ? 0 : -1,
    });
  }

  function draw() {
    const known = layers();
    say(title, model.get("title"));
    say(notice, known.length ? "" : model.get("notice"));
    if (!known.length) return;
    const [width, height] = size();
    const ratio = window.devicePixelRatio || 1;
    Object.assign(stage.style, { width: `${width}px`, height: `${height}px` });
    Object.assign(canvas, { width: Math.round(width * ratio), height: Math.round(height * ratio) });
    const places = placesOf(known, width, height, [SIDE, TOP, BOTTOM]);
    const limit = largest(numbers("relevance"));
    startsOf(known).forEach((start, column) => {
      const { heading, more, units } = columns[column];
      const strongest = largest(numbers("activations").subarray(start, start + units.length));
      units.forEach((parts, i) => {
        place(parts.element, places[column][i][0] - RADIUS - 2, places[column][i][1] - RADIUS - 2);
        fill(parts, start + i, [column, i], strongest, limit);
      });
      place(heading, places[column][0]?.[0] ?? 0, 0);
      place(more, places[column][0]?.[0] ?? 0, height - BOTTOM + 4);
      say(more, moreOf(known[column]));
    });
    drawLines(canvas, known, places, values(), arrayOf(model, "table").data, used);
    canvas.setAttribute("aria-label", model.get("alt"));
    const rings = numbers("relevance").length ? " Ring: relevance, red for, blue and dashed against." : "";
    say(legend, `Fill: activation.${rings} Lines: ${WHAT[what()].toLowerCase()}, wider is larger, dashed is negative.`);
    drawWords();
  }

  function drawWords() {
    const text = used
      ? [
          unitWords(layers(), used, numbers("activations"), numbers("relevance")),
          lineWords(layers(), used, values(), WHAT[what()]),
        ].filter(Boolean)
      : [];
    say(spoken, text.join(" · "));
  }

  function use(where) {
    if (String(where) === String(used)) return;
    used = where;
    draw();
    model.set("hovered", traitOf(where));
    saveSoon();
  }

  function focusOn([column, at]) {
    current = [column, at];
    columns[column].units[at].element.focus();
    draw();
  }

  const whereOf = (event) => {
    const unit = event.target.closest?.(".xai-unit");
    return unit ? [Number(unit.dataset.column), Number(unit.dataset.place)] : null;
  };

  function choose(where) {
    const next = traitOf(where);
    report(model, "selected", String(next) === String(model.get("selected")) ? null : next);
    focusOn(where);
  }

  function key(event) {
    const where = whereOf(event);
    if (!where) return;
    if (event.key === "Enter" || event.key === " ") choose(where);
    else if (event.key === "Escape") report(model, "selected", null);
    else {
      const next = neighbourOf(event, where, layers());
      if (!next) return;
      focusOn(next);
    }
    event.preventDefault();
    event.stopPropagation();
  }

  const listen = (type, action) => stage.addEventListener(type, action, { signal });
  listen("click", (event) => whereOf(event) && choose(whereOf(event)));
  listen("keydown", key);
  listen("focusin", (event) => use(whereOf(event)));
  listen("focusout", () => use(null));
  listen("pointerover", (event) => use(whereOf(event)));
  listen("pointerleave", () => use(null));
  window.addEventListener("resize", draw, { signal });
  const names = () => layers().map(({ name, units }) => `${name}:${units.length}`).join();
  let built = null;
  const show = () => {
    if (built !== names()) build();
    built = names();
    draw();
  };
  const traits = ["layers", "activations", "relevance", "weights", "flows", "lines", "table", "selected"];
  follow(model, [...traits, "title", "notice", "alt", "width"], show, signal);
}

export default { render };
