import assert from "node:assert/strict";
import test from "node:test";

import { load } from "./modules.mjs";

const { centredCut, refusal, withoutAlpha } = await load("GalleryView");

test("the cut is centred, as large as it can be, and of the wanted proportions", () => {
  assert.deepEqual(centredCut(300, 100, 64, 64), [100, 0, 100, 100]);
  assert.deepEqual(centredCut(100, 300, 64, 64), [0, 100, 100, 100]);
  assert.deepEqual(centredCut(400, 200, 10, 20), [0, 0, 400, 200]);
});

test("alpha is dropped, the order of pixels and channels kept", () => {
  assert.deepEqual([...withoutAlpha(Uint8ClampedArray.of(1, 2, 3, 255, 4, 5, 6, 0))], [1, 2, 3, 4, 5, 6]);
});

test("an empty and a huge file are refused by name", () => {
  assert.equal(refusal({ name: "cat.png", size: 1000 }), "");
  assert.match(refusal({ name: "cat.png", size: 0 }), /^cat\.png is empty/);
  assert.match(refusal({ name: "cat.png", size: 2 ** 30 }), /^cat\.png has 1024 MB; the largest allowed is 64 MB/);
});
