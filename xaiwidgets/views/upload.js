// A picture of the reader's own: decoded, cut to the shape of the gallery's pictures and scaled in the browser, so
// that a huge file never travels, and a damaged one is answered here.

const LARGEST = 64 * 2 ** 20; // bytes of a file

/** The largest centred rectangle of a `width` x `height` picture with the proportions of rows x columns. */
export function centredCut(width, height, rows, columns) {
  const scale = Math.min(width / columns, height / rows);
  const [w, h] = [columns * scale, rows * scale];
  return [(width - w) / 2, (height - h) / 2, w, h];
}

/** RGB of RGBA bytes. */
export function withoutAlpha(rgba) {
  const rgb = new Uint8Array((rgba.length / 4) * 3);
  for (let i = 0, j = 0; i < rgba.length; i += 4) {
    for (let channel = 0; channel < 3; channel += 1) rgb[j++] = rgba[i + channel];
  }
  return rgb;
}

/** Why a file cannot be shown, or "". */
export function refusal({ name, size }) {
  if (size === 0) return `${name} is empty.`;
  return size > LARGEST ? `${name} has ${Math.round(size / 2 ** 20)} MB; the largest allowed is ${LARGEST / 2 ** 20} MB.` : "";
}

async function pixelsOf(file, rows, columns) {
  const bitmap = await createImageBitmap(file);
  const canvas = new OffscreenCanvas(columns, rows);
  const context = canvas.getContext("2d");
  context.imageSmoothingQuality = "high";
  context.fillStyle = "white"; // where the picture is transparent
  context.fillRect(0, 0, columns, rows);
  context.drawImage(bitmap, ...centredCut(bitmap.width, bitmap.height, rows, columns), 0, 0, columns, rows);
  bitmap.close();
  return withoutAlpha(context.getImageData(0, 0, columns, rows).data);
}

/** A button and its message; `added` gets the RGB bytes of the chosen picture, `shape()` says how large. */
export function uploader(shape, added, signal) {
  const input = create("input", { type: "file", accept: "image/*", hidden: true, tabindex: -1, "aria-hidden": "true" });
  const button = guard(create("button", { class: "xai-button", type: "button" }, "Add a picture"));
  const message = create("div", { class: "xai-message", role: "status" });
  const chosen = async () => {
    const [file] = input.files;
    input.value = ""; // so that the same file can be chosen again
    if (!file) return;
    say(message, refusal(file));
    if (message.textContent) return;
    try {
      added(await pixelsOf(file, ...shape()));
      say(message, `${file.name} added, cut to the middle and scaled.`);
    } catch {
      say(message, `${file.name} cannot be read as a picture: the file is damaged, too large, or of another kind.`);
    }
  };
  button.addEventListener("click", () => input.click(), { signal });
  input.addEventListener("change", chosen, { signal });
  return create("div", { class: "xai-upload" }, button, input, message);
}
