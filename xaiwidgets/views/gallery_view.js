// Thumbnails to choose from: a listbox whose options are small canvases.

/** The RGBA drawing of picture `index` of an (N, H, W, 3) array. */
export function thumbnail({ shape: [, rows, columns], data }, index) {
  const start = index * rows * columns * 3;
  const image = { shape: [rows, columns], data: data.subarray(start, start + rows * columns * 3) };
  return compose(image, { shape: [0, 0], data: [] }, 1, [], 0);
}

/** How many options stand in the first row: the columns as they are laid out. */
export function columnsOf(tops) {
  const first = tops.findIndex((top) => top > tops[0] + 1);
  return first < 0 ? Math.max(tops.length, 1) : first;
}

function render({ model, el, signal }) {
  begin(el, "gallery");
  const list = create("div", { class: "xai-list", role: "listbox" });
  const shape = () => arrayOf(model, "images").shape.slice(1, 3);
  const add = (rgb) => report(model, "added", encode(rgb, [...shape(), 3]));
  el.replaceChildren(list, ...(model.get("upload") ? [uploader(shape, add, signal)] : []));

  function option(index, images, size) {
    const canvas = create("canvas", { class: "xai-pixels", "aria-hidden": "true" });
    paint(canvas, thumbnail(images, index));
    const [width, height] = fitted(images.shape.slice(1, 3), size);
    Object.assign(canvas.style, { width: `${width}px`, height: `${height}px` });
    const label = model.get("labels")[index];
    const text = label ? [create("span", { class: "xai-label" }, label)] : [];
    const name = label ? `${index + 1}: ${label}` : `picture ${index + 1}`;
    const attributes = { class: "xai-option", role: "option", "aria-label": name, "data-index": index };
    return guard(create("div", attributes, canvas, ...text));
  }

  let built = ""; // the shape of the pictures that the options were made for

  function build() {
    const images = arrayOf(model, "images");
    built = String(images.shape);
    const [columns, height] = [model.get("columns"), model.get("height")];
    const focused = list.contains(document.activeElement);
    list.setAttribute("aria-label", model.get("label"));
    list.classList.toggle("xai-columns", columns > 0);
    list.style.gridTemplateColumns = columns ? `repeat(${columns}, max-content)` : "";
    list.style.maxHeight = height ? `${height}px` : "";
    list.replaceChildren(...Array.from({ length: images.shape[0] }, (_, i) => option(i, images, model.get("size"))));
    mark();
    if (focused) list.querySelector('[tabindex="0"]')?.focus();
  }

  /** New pixels of as many pictures of the same size go into the canvases that are there. */
  function show() {
    const images = arrayOf(model, "images");
    const canvases = [...list.querySelectorAll("canvas")];
    if (String(images.shape) !== built) build();
    else canvases.forEach((canvas, index) => paint(canvas, thumbnail(images, index)));
  }

  function mark() {
    const selected = model.get("selected");
    [...list.children].forEach((element, index) => {
      element.setAttribute("aria-selected", String(index === selected));
      element.tabIndex = index === (selected ?? 0) ? 0 : -1;
    });
  }

  function select(index) {
    if (index !== model.get("selected")) report(model, "selected", index);
    list.children[index]?.focus();
  }

  function key(event) {
    const current = [...list.children].indexOf(document.activeElement);
    const columns = columnsOf([...list.children].map((element) => element.offsetTop));
    const chosen = event.key === " " || event.key === "Enter" ? current : null;
    const next = chosen ?? movedIndex(event, current, list.children.length, columns);
    if (next === null || current < 0) return;
    event.preventDefault();
    event.stopPropagation();
    select(next);
  }

  const click = (event) => {
    const element = event.target.closest(".xai-option");
    if (element) select(Number(element.dataset.index));
  };
  list.addEventListener("click", click, { signal });
  list.addEventListener("keydown", key, { signal });
  follow(model, ["selected"], mark, signal);
  follow(model, ["labels", "label", "columns", "size", "height"], build, signal);
  follow(model, ["images"], show, signal);
}

export default { render };
