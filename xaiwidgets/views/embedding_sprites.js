// The sprites for the points of a map, in the colours of the theme.

const COLOURS = 8;
const TONES = 2; // of each colour
const MOST = 2 ** 24; // pixels of sprites that are kept: 64 MB

/** The ground and the colours of the theme as bytes: [ground, text, colour 0, …], the second tones nearer to the text. */
function themeColours(el) {
  const names = ["ground", "text", ...Array.from({ length: COLOURS }, (_, k) => `colour-${k}`)];
  const style = getComputedStyle(el);
  const canvas = Object.assign(create("canvas"), { width: names.length, height: 1 });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  names.forEach((name, i) => {
    context.fillStyle = style.getPropertyValue(`--xai-${name}`).trim();
    context.fillRect(i, 0, 1, 1);
  });
  const bytes = context.getImageData(0, 0, names.length, 1).data;
  const [ground, text, ...first] = names.map((_, i) => Array.from(bytes.subarray(4 * i, 4 * i + 3)));
  const second = first.map((colour) => colour.map((value, k) => Math.round(0.55 * value + 0.45 * text[k])));
  return [ground, text, ...first, ...second];
}

/** A letter as a sprite: in its colour, or `on` a filled square of it. */
function letterSprite(letter, side, colour, on = null) {
  const canvas = Object.assign(create("canvas"), { width: side, height: side });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (on) {
    context.fillStyle = `rgb(${colour})`;
    context.fillRect(0, 0, side, side);
  }
  context.fillStyle = `rgb(${on ?? colour})`;
  context.font = `700 ${Math.round(side * 0.95)}px sans-serif`;
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.fillText(letter, side / 2, side * 0.56);
  const { data } = context.getImageData(0, 0, side, side);
  return { rows: side, columns: side, data, words: new Uint32Array(data.buffer) };
}

/** Sprites for the points of a view, made when first asked for and kept until something about them changes. */
function spriteMaker(model, colours) {
  const letters = lettersOf(model.get("class_names"));
  const [images, shown, ink] = [arrayOf(model, "images"), model.get("shown"), model.get("ink")];
  const colourOf = (label) => (label < 0 ? colours[1] : colours[2 + (label % (TONES * COLOURS))]);
  const pictured = (index) => shown === "pictures" && index < images.shape[0];
  // Of one size at a time: of points by index, and of classes (and their badges) by label + 1.
  let [size, pixels, points, classes, badges] = [0, 0, [], [], []];

  function badge(label, side) {
    const on = [Math.round(side * 0.4), colourOf(label), colours[0]];
    return (badges[label + 1] ??= letterSprite(letters[label] ?? "•", ...on));
  }

  function ofClass(label, side) {
    if (shown === "letters" && label >= 0) return letterSprite(letters[label] ?? "•", side, colourOf(label));
    return markSprite(shapeOfClass(label), side, colourOf(label));
  }

  function ofPoint(index, label, side) {
    const sprite = pictureSprite(images, index, side, ink ? colourOf(label) : null);
    pixels += side * side;
    if (label < 0) return sprite;
    if (!ink) framed(sprite, colourOf(label));
    const corner = side < BADGED ? null : badge(label, side);
    if (corner) blit(sprite, corner, corner.columns / 2, corner.rows / 2);
    return sprite;
  }

  return {
    colours,
    colourOf,
    letters,
    ground: new Uint32Array(Uint8Array.from([...colours[0], 255]).buffer)[0],
    sprite(index, label, side) {
      if (side !== size || pixels > MOST) [size, pixels, points, classes, badges] = [side, 0, [], [], []];
      if (pictured(index)) return (points[index] ??= ofPoint(index, label, side));
      return (classes[label + 1] ??= ofClass(label, side));
    },
  };
}
