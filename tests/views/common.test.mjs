import assert from "node:assert/strict";
import test from "node:test";

import { load } from "./modules.mjs";

const common = await load("StatusView");

test("decode honours the offset of the buffer", () => {
  const buffer = new Uint8Array([9, 9, 9, 1, 2, 3, 4, 5, 6, 9]).buffer;
  const { shape, data } = common.decode({ shape: [2, 3], dtype: "uint8", bytes: new DataView(buffer, 3, 6) });
  assert.deepEqual(shape, [2, 3]);
  assert.deepEqual([...data], [1, 2, 3, 4, 5, 6]);
});

test("decode takes floats from an address that is no multiple of four", () => {
  const buffer = new ArrayBuffer(9);
  new DataView(buffer).setFloat32(1, 0.5, true);
  new DataView(buffer).setFloat32(5, -2, true);
  const { data } = common.decode({ shape: [2], dtype: "float32", bytes: new DataView(buffer, 1, 8) });
  assert.deepEqual([...data], [0.5, -2]);
});

test("decode takes nothing and a bare buffer", () => {
  assert.equal(common.decode({ shape: [0, 0], dtype: "float32", bytes: new DataView(new ArrayBuffer(0)) }).data.length, 0);
  assert.deepEqual([...common.decode({ shape: [2], dtype: "uint8", bytes: new Uint8Array([7, 8]).buffer }).data], [7, 8]);
});

test("encode copies and decode gives it back", () => {
  const mask = new Uint8Array([0, 1, 1, 0, 0, 1]);
  const wire = common.encode(mask, [2, 3]);
  mask.fill(0);
  assert.deepEqual([...common.decode(wire).data], [0, 1, 1, 0, 0, 1]);
});

test("an array is decoded once for each value", () => {
  const wire = common.encode(new Uint8Array([1]), [1]);
  const model = { get: () => wire };
  assert.equal(common.arrayOf(model, "mask"), common.arrayOf(model, "mask"));
});

test("numbers are short and keep their size", () => {
  const written = [0, 0.0123456, -0.5, 12.3456, 999999, 1.2345e-5, 3.2e7, NaN, Infinity, -Infinity].map((v) => common.formatNumber(v));
  assert.deepEqual(written, ["0", "0.0123", "-0.5", "12.3", "999999", "1.23e-5", "3.20e+7", "not a number", "infinite", "-infinite"]);
});

test("requests of one turn run once, later ones again", async () => {
  let runs = 0;
  const draw = common.coalesced(() => (runs += 1));
  draw();
  draw();
  await null;
  assert.equal(runs, 1);
  draw();
  await null;
  assert.equal(runs, 2);
});

test("throttled runs at once, then no more than once a pause, and the last request is not lost", async () => {
  let value = 0;
  const seen = [];
  const send = common.throttled(() => seen.push(value), 30);
  for (value = 1; value <= 5; value += 1) send();
  value = 5;
  assert.deepEqual(seen, [1]);
  await new Promise((done) => setTimeout(done, 90));
  assert.deepEqual(seen, [1, 5]);
});

test("throttled sends nothing after the view is gone", async () => {
  const gone = new AbortController();
  let sent = 0;
  const send = common.throttled(() => (sent += 1), 10, gone.signal);
  send();
  send();
  gone.abort();
  await new Promise((done) => setTimeout(done, 40));
  assert.equal(sent, 1);
});

const key = (name, more = {}) => ({ key: name, ctrlKey: false, metaKey: false, altKey: false, ...more });

test("Ctrl+S and Cmd+S pass the guard, bare keys, text editing and AltGr do not", () => {
  assert.ok(common.passesGuard(key("s", { ctrlKey: true })));
  assert.ok(common.passesGuard(key("S", { metaKey: true })));
  const kept = [key("d"), key("a", { ctrlKey: true }), key("x", { ctrlKey: true }), key("s", { ctrlKey: true, altKey: true })];
  for (const event of kept) assert.ok(!common.passesGuard(event), JSON.stringify(event));
});

test("arrows move in a grid and stop at its ends", () => {
  const move = (name, index, columns) => common.movedIndex(key(name), index, 10, columns);
  assert.equal(move("ArrowDown", 2, 4), 6);
  assert.equal(move("ArrowUp", 2, 4), 2);
  assert.equal(move("ArrowDown", 8, 4), 8);
  assert.equal(move("ArrowRight", 9, 4), 9);
  assert.equal(move("End", 0, 4), 9);
  assert.equal(move("Home", 7, 4), 0);
  assert.equal(move("x", 7, 4), null);
  assert.equal(common.movedIndex(key("ArrowDown", { ctrlKey: true }), 1, 10), null);
});
