// The elements of a map of points, and what is drawn over the points.

const LOOK = "xaiwidgets:point"; // between views of one group, in the same page
const HELP =
  "Arrow keys go to the next point, Enter picks it, Space adds it to the chosen points or takes it out, plus and minus " +
  "zoom, Shift and an arrow move the map, Home shows all of it, L takes up the lasso, Escape lets go.";
const HINT = "Hover to enlarge, click to pick, drag to move"; // while no point is looked at
const CARD = 92; // CSS pixels of the large picture

function embeddingElements() {
  const help = uniqueId("help");
  const button = (label, text) =>
    guard(create("button", { class: "xai-button", type: "button", "aria-label": label, title: label }, text));
  const parts = { title: create("div", { class: "xai-title" }), help: create("span", { class: "xai-hidden", id: help }, HELP) };
  parts.lasso = button("Lasso: drag around points", "Lasso");
  parts.nearer = button("Zoom in", "+");
  parts.farther = button("Zoom out", "−");
  parts.whole = button("Show the whole map", "Whole map");
  parts.clear = button("Let go of the chosen points", "Clear");
  parts.tools = create("div", { class: "xai-tools", role: "group" });
  parts.tools.append(parts.lasso, parts.nearer, parts.farther, parts.whole, parts.clear);
  parts.pixels = create("canvas", { class: "xai-pixels", role: "img" });
  parts.overlay = guard(create("canvas", { class: "xai-overlay", role: "application", tabindex: 0, "aria-describedby": help }));
  parts.large = create("canvas", { class: "xai-pixels" });
  parts.words = create("div", {});
  parts.card = create("div", { class: "xai-card", "aria-hidden": "true", hidden: true }, parts.large, parts.words);
  parts.stage = create("div", { class: "xai-stage" }, parts.pixels, parts.overlay, parts.card);
  parts.spoken = create("div", { class: "xai-readout", role: "status", "data-hint": HINT });
  parts.legend = create("div", { class: "xai-legend", role: "group", "aria-label": "Classes: press to hide or show" });
  parts.caption = create("div", { class: "xai-caption" });
  parts.notice = create("div", { class: "xai-notice" });
  const { title, tools, stage, spoken, legend, caption, notice } = parts;
  parts.all = [title, tools, stage, spoken, legend, caption, notice, parts.help];
  return parts;
}

/** Frames `{ place, half, round }` and the lasso, in CSS pixels, each line dark and wide below, light above. */
function drawFrames(canvas, ratio, frames, lasso) {
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, canvas.width, canvas.height);
  const stroke = (path, width, dash = []) => {
    for (const [colour, wide] of [["#000c", width + 2], ["#fff", width]]) {
      context.setLineDash(colour === "#fff" ? dash : []);
      Object.assign(context, { strokeStyle: colour, lineWidth: wide });
      context.beginPath();
      path();
      context.stroke();
    }
  };
  for (const { place: [x, y], half, round } of frames) {
    if (round) stroke(() => context.arc(x, y, half, 0, 2 * Math.PI), 2.5);
    else stroke(() => context.rect(x - half, y - half, 2 * half, 2 * half), 1.5);
  }
  const line = () => {
    for (let i = 0; i < lasso.length; i += 2) context.lineTo(lasso[i], lasso[i + 1]);
    context.closePath();
  };
  if (lasso.length > 2) stroke(line, 1.5, [6, 4]);
}

/** The large picture of a point beside it, within the stage. */
function showCard(parts, images, index, words, [x, y], [width, height]) {
  const pictured = index < images.shape[0];
  parts.large.hidden = !pictured;
  if (pictured) {
    const [, rows, columns] = images.shape;
    const { data } = pictureSprite(images, index, Math.max(rows, columns));
    Object.assign(parts.large, { width: columns, height: rows });
    parts.large.getContext("2d").putImageData(new ImageData(data, columns, rows), 0, 0);
    const scale = CARD / Math.max(rows, columns);
    Object.assign(parts.large.style, { width: `${columns * scale}px`, height: `${rows * scale}px` });
  }
  say(parts.words, words);
  parts.card.hidden = false;
  const [wide, high] = [parts.card.offsetWidth, parts.card.offsetHeight];
  const left = x + 18 + wide > width ? x - 18 - wide : x + 18;
  const top = Math.min(Math.max(y - high / 2, 0), Math.max(0, height - high));
  Object.assign(parts.card.style, { left: `${Math.max(0, left)}px`, top: `${top}px` });
}

/** A button for each class, with its letter on its colour. */
function drawClasses(legend, names, { letters, colourOf }, muted) {
  const entry = (name, label) => {
    const key = create("span", { class: "xai-key", "aria-hidden": "true" }, letters[label]);
    key.style.background = `rgb(${colourOf(label)})`;
    const pressed = { "aria-pressed": String(!muted.has(label)), "data-label": label };
    const text = create("span", { class: letters[label] === name ? "xai-hidden" : null }, name);
    return guard(create("button", { class: "xai-button xai-entry", type: "button", ...pressed }, key, text));
  };
  const focused = legend.contains(document.activeElement) ? document.activeElement.dataset.label : null;
  legend.replaceChildren(...names.map(entry));
  if (focused !== null) legend.querySelector(`[data-label="${focused}"]`)?.focus();
}
