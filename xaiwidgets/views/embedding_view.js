// A map of points that pans, zooms and moves with its positions. Python holds the state; this draws it.

const LONGEST = 250; // milliseconds that points glide from one frame to the next
const REST = 20; // milliseconds between drawings of gliding points: every second frame of the screen is enough
const MUTED = 0.12; // opacity of a class that is switched off
const UNCHOSEN = 0.25; // the same of points beside those of the lasso

/** Positions on their way to those that came last, over as long as the last two were apart. */
function glide() {
  let [from, to, begun, pace] = [new Float32Array(0), new Float32Array(0), -Infinity, 0];
  const part = (now) => (pace ? Math.min((now - begun) / pace, 1) : 1);
  return {
    aim(next, now, jumps) {
      from = between(from, to, part(now));
      pace = jumps || from.length !== next.length ? 0 : Math.min(now - begun, LONGEST);
      [begun, to] = [now, next];
    },
    at: (now) => between(from, to, part(now)),
    arrived: (now) => part(now) >= 1,
    count: () => to.length / 2,
  };
}

/** The points, drawn into the pixels of a canvas; weak ones lie below. */
function drawPoints(canvas, ratio, places, labels, length, maker, opacityOf) {
  const { width: columns, height: rows } = canvas;
  const pixels = new ImageData(columns, rows);
  const target = { rows, columns, data: pixels.data, words: new Uint32Array(pixels.data.buffer) };
  target.words.fill(maker.ground);
  for (const strong of opacityOf ? [false, true] : [true]) {
    for (let i = 0; 2 * i < places.length; i += 1) {
      const opacity = opacityOf?.(i) ?? 1;
      if ((opacity === 1) !== strong) continue;
      const [x, y] = [places[2 * i] * ratio, places[2 * i + 1] * ratio];
      const inside = x > -length && x < columns + length && y > -length && y < rows + length;
      if (inside) blit(target, maker.sprite(i, labels[i] ?? -1, length), x, y, opacity);
    }
  }
  canvas.getContext("2d").putImageData(pixels, 0, 0);
}

function render({ model, el, signal }) {
  begin(el, "embedding");
  const parts = embeddingElements();
  el.replaceChildren(...parts.all);
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  const points = glide();
  let maker = null;
  let queued = false;
  const view = {
    model, parts, queue, lookAt, mute,
    camera: HOME,
    size: [model.get("width"), model.get("height")], // of the stage, in CSS pixels
    places: new Float32Array(0), // on the screen, as drawn last
    looked: null, // the point under the pointer, or where the keys are
    led: false, // whether another view of the group said so
    trail: [], // of the lasso
    muted: new Set(), // classes that are switched off
    side: () => pixelSide() / ratio(),
  };
  const ratio = () => window.devicePixelRatio || 1;
  const pixelSide = () => {
    const base = model.get("size") || sizeFor(points.count(), ...view.size);
    return spriteSize(base * ratio(), view.camera.zoom);
  };

  /** Draw at the next frame of the screen, however often it is asked for. */
  function queue() {
    if (queued) return;
    queued = true;
    requestAnimationFrame(() => {
      queued = false;
      if (!signal.aborted) draw(performance.now());
    });
  }

  function draw(now) {
    const positions = points.at(now);
    view.places = project(positions, boundsOf(positions), view.camera, view.size);
    const labels = arrayOf(model, "labels").data;
    const chosen = new Set(arrayOf(model, "lassoed").data);
    const opacityOf = (i) => (view.muted.has(labels[i]) ? MUTED : chosen.size && !chosen.has(i) ? UNCHOSEN : 1);
    const some = view.muted.size || chosen.size;
    drawPoints(parts.pixels, ratio(), view.places, labels, pixelSide(), maker, some ? opacityOf : null);
    drawOver();
    if (!points.arrived(now)) setTimeout(queue, REST);
  }

  function drawOver() {
    const half = view.side() / 2 + 2;
    const place = (i) => [view.places[2 * i], view.places[2 * i + 1]];
    const frames = [...arrayOf(model, "highlighted").data].map((i) => ({ place: place(i), half }));
    const picked = model.get("picked");
    if (picked !== null) frames.push({ place: place(picked), half: half * 1.3, round: true });
    if (view.looked !== null) frames.push({ place: place(view.looked), half });
    drawFrames(parts.overlay, ratio(), frames.filter((each) => Number.isFinite(each.place[0])), view.trail);
    parts.card.hidden = view.looked === null || view.led;
    if (!parts.card.hidden) {
      showCard(parts, arrayOf(model, "images"), view.looked, nameOf(view.looked), place(view.looked), view.size);
    }
  }

  function nameOf(index) {
    const label = arrayOf(model, "labels").data[index] ?? -1;
    const name = label < 0 ? "" : (model.get("class_names")[label] ?? `class ${label}`);
    return [name, `number ${index + 1}`].filter(Boolean).join(", ");
  }

  function resize() {
    el.style.width = `${model.get("width")}px`;
    const [width, height] = [(el.clientWidth || model.get("width")) - 2, model.get("height") - 2]; // within the border
    view.size = [width, height];
    Object.assign(parts.stage.style, { width: `${width + 2}px`, height: `${height + 2}px` });
    for (const canvas of [parts.pixels, parts.overlay]) {
      Object.assign(canvas, { width: Math.round(width * ratio()), height: Math.round(height * ratio()) });
    }
    queue();
  }

  /** The theme may have changed, or the element have come to the page, whose colours it takes. */
  function recolour() {
    if (String(themeColours(el)) !== String(maker.colours)) restyle();
  }

  function restyle() {
    maker = spriteMaker(model, themeColours(el));
    drawClasses(parts.legend, model.get("class_names"), maker, view.muted);
    queue();
  }

  function drawTexts() {
    for (const name of ["title", "caption", "notice"]) say(parts[name], model.get(name));
    const title = model.get("title") || model.get("alt");
    parts.pixels.setAttribute("aria-label", model.get("alt"));
    parts.overlay.setAttribute("aria-label", `${title}, points`);
    parts.tools.setAttribute("aria-label", `${title}, tools`);
    parts.tools.hidden = !model.get("tools");
    parts.legend.hidden = !model.get("legend") || !model.get("class_names").length;
  }

  function drawState() {
    const chosen = arrayOf(model, "lassoed").data.length;
    parts.lasso.setAttribute("aria-pressed", String(model.get("lasso")));
    el.classList.toggle("xai-lassoing", model.get("lasso"));
    parts.clear.disabled = !chosen;
    const told = view.looked === null ? "" : nameOf(view.looked) + (view.looked === model.get("picked") ? ", picked" : "");
    say(parts.spoken, told || (chosen ? `${chosen} of ${points.count()} points chosen` : ""));
    queue();
  }

  function look(index, led = false) {
    if (index === view.looked && led === view.led) return;
    [view.looked, view.led] = [index, led];
    drawState();
  }

  function tell() {
    const detail = { group: model.get("group"), index: view.looked, muted: view.muted, el };
    if (detail.group) window.dispatchEvent(new CustomEvent(LOOK, { detail }));
  }

  /** Look at a point, here and in the views of the same group. */
  function lookAt(index) {
    if (index === view.looked && !view.led) return;
    look(index);
    tell();
  }

  /** Switch a class off or on again, here and in the views of the same group. */
  function mute(label) {
    view.muted = new Set([...view.muted].filter((other) => other !== label).concat(view.muted.has(label) ? [] : [label]));
    restyle();
    tell();
  }

  function joined({ detail }) {
    if (!detail.group || detail.group !== model.get("group") || detail.el === el) return;
    look(detail.index < points.count() ? detail.index : null, detail.index !== null);
    if (detail.muted === view.muted) return;
    view.muted = detail.muted;
    restyle();
  }

  function move() {
    points.aim(arrayOf(model, "positions").data, performance.now(), still.matches);
    if (view.looked >= points.count()) view.looked = null;
    drawState();
  }

  embeddingTools(view, signal);
  window.addEventListener(LOOK, joined, { signal });
  follow(model, ["title", "caption", "notice", "alt", "tools", "legend", "class_names"], drawTexts, signal);
  follow(model, ["images", "labels", "class_names", "shown", "ink"], restyle, signal);
  follow(model, ["positions"], move, signal);
  follow(model, ["width", "height", "size"], resize, signal);
  follow(model, ["highlighted", "picked", "lassoed", "lasso"], drawState, signal);
  const sized = () => {
    resize();
    recolour();
  };
  const resized = new ResizeObserver(coalesced(() => signal.aborted || sized()));
  resized.observe(el);
  const themed = new MutationObserver(recolour);
  for (const element of [document.documentElement, document.body]) themed.observe(element, { attributes: true });
  signal.addEventListener("abort", () => [resized, themed].forEach((observer) => observer.disconnect()));
}

export default { render };
