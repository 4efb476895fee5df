// What is drawn over a picture: contours, the painted layer, the box, the cursor.

const PAINT = "#ffb000a0";
const [DARK, LIGHT] = ["#000b", "#fff"];
const BORDERS = new WeakMap(); // of label maps: worked out once, drawn at each move of the pointer

function bordersOf(regions) {
  if (!BORDERS.has(regions)) BORDERS.set(regions, borders(regions));
  return BORDERS.get(regions);
}

/** The marks over the pixels, in device pixels so that lines stay thin. */
function drawMarks(canvas, grid, { outline, regions, brushed, tinted, occluder, box, picked, cursor, radius }) {
  const context = canvas.getContext("2d");
  const [y, x] = [canvas.height / grid[0], canvas.width / grid[1]];
  const ratio = window.devicePixelRatio || 1;
  context.clearRect(0, 0, canvas.width, canvas.height);
  // Each line is drawn dark and wide, then light and narrow: it shows on every colour below.
  const stroke = (dash, path, widths = [3, 1.25]) => {
    for (const [colour, width] of [[DARK, widths[0]], [LIGHT, widths[1]]]) {
      context.setLineDash(colour === LIGHT ? dash.map((length) => length * ratio) : []);
      Object.assign(context, { strokeStyle: colour, lineWidth: width * ratio });
      context.beginPath();
      path();
      context.stroke();
    }
  };
  const segments = (list, [rows, columns] = grid) => () => {
    const [down, right] = [canvas.height / rows, canvas.width / columns];
    for (const [r0, c0, r1, c1] of list) {
      context.moveTo(c0 * right, r0 * down);
      context.lineTo(c1 * right, r1 * down);
    }
  };
  const rectangle = ([r0, c0, r1, c1]) => () => context.rect(c0 * x, r0 * y, (c1 - c0) * x, (r1 - r0) * y);
  if (regions.data.length) stroke([], segments(bordersOf(regions), regions.shape), [1.5, 0.6]);
  if (brushed.data.length) {
    context.fillStyle = PAINT;
    brushed.data.forEach((on, i) => {
      if (!tinted) return;
      const [row, column] = [Math.floor(i / brushed.shape[1]), i % brushed.shape[1]];
      if (on) context.fillRect(column * x, row * y, x, y);
    });
    stroke([], segments(contour(brushed)));
  }
  if (outline.data.length) stroke([], segments(contour(outline)));
  if (occluder) stroke([], segments(contour(occluder)));
  if (box) stroke([5, 3], rectangle(box));
  if (picked) stroke([], () => context.arc((picked[1] + 0.5) * x, (picked[0] + 0.5) * y, 6 * ratio, 0, 2 * Math.PI));
  if (cursor) stroke([], rectangle([cursor[0], cursor[1], cursor[0] + 1, cursor[1] + 1]));
  if (cursor && radius) {
    const centre = [(cursor[1] + 0.5) * x, (cursor[0] + 0.5) * y];
    stroke([2, 2], () => context.ellipse(...centre, (radius + 0.5) * x, (radius + 0.5) * y, 0, 0, 2 * Math.PI));
  }
}
