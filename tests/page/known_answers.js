"use strict";
// node tests/page/known_answers.js: the scripts of the page give docs/known_answers.json.
const assert = require("node:assert/strict");
const { readFileSync } = require("node:fs");
const { join } = require("node:path");
const { runInThisContext } = require("node:vm");

const root = join(__dirname, "../..");
for (const name of ["exact", "random", "network"]) {
  const file = join(root, "src/charrnn/page/scripts", `${name}.js`);
  runInThisContext(readFileSync(file, "utf8"), { filename: file });
}
const answers = JSON.parse(readFileSync(join(root, "docs/known_answers.json"), "utf8"));
const numbers = list => list.map(one =>
  ({ inf: Infinity, "-inf": -Infinity, nan: NaN })[one] ?? one);

const precisions = runInThisContext("({ float32: FLOAT32, float64: FLOAT64 })");
for (const [precision, { x, ...expected }] of Object.entries(answers.functions)) {
  const functions = functionsOf(precisions[precision]);
  for (const [name, values] of Object.entries(expected))
    assert.deepEqual(numbers(x).map(functions[name]), numbers(values), name);
}
for (const { entropy, words, uniforms } of answers.draws) {
  assert.deepEqual(seedWords(entropy, words.length), words);
  const draw = uniformDraws(entropy);
  assert.deepEqual(uniforms.map(() => draw()), uniforms);
}
for (const { model, read, written } of answers.networks) {
  const network = networkOf(model), reading = reader(network, false);
  const found = [...read.text].map(one => {
    const { nats, hit } = reading.next(network.idOf.get(one));
    return { nats, hit };
  }).slice(1);
  assert.deepEqual(found.map(one => one.nats), read.nats);
  assert.deepEqual(found.map(one => one.hit), read.hits);
  for (const { settings, text } of written) {
    const writing = writer(network, settings);
    assert.equal([...text].map(() => network.characters[writing.next().id]).join(""), text);
  }
}
console.log("the known answers");
