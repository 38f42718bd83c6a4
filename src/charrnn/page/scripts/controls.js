"use strict";
/* The controls of the page: Write, Read, Look inside and Proof. */

const [SHORTEST, LONGEST] = [12, 250]; // ms of work before the browser may draw

/** Call `work` in slices until it returns false; `work` does a little at a time, or
    returns null to wait for the next slice. A slice takes three times as long as the
    drawing after the last one did. */
function inSlices(work, afterSlice) {
  return new Promise(resolve => {
    let ended = performance.now();
    const slice = () => {
      const began = performance.now();
      const end = began + Math.min(LONGEST, Math.max(SHORTEST, 3 * (began - ended)));
      let goesOn = true;
      while (goesOn && performance.now() < end) goesOn = work();
      ended = performance.now();
      afterSlice?.();
      if (goesOn === false) resolve();
      else requestAnimationFrame(slice);
    };
    slice();
  });
}

/** The first character of a text that the vocabulary lacks, as a sentence, or "". */
function unknownIn(network, text) {
  const all = [...text], at = all.findIndex(one => !network.idOf.has(one));
  return at < 0 ? "" : `character ${named(all[at])} (${codeOf(all[at])}) at position ${
    fixed(at, 0)} is not among the ${fixed(network.K, 0)} of the vocabulary`;
}

/** A text as a shell reads it. */
function quoted(text) {
  if (/^[\w.,:/+-]+$/.test(text)) return text;
  if (visible(text) === text && !/[\n\t]/.test(text))
    return `'${text.replaceAll("'", "'\\''")}'`;
  const escapes = { "\\": "\\\\", "'": "\\'", "\n": "\\n", "\t": "\\t" };
  return `$'${[...text].map(one => escapes[one] ?? (visible(one) === one ? one
    : `\\u${codeOf(one).slice(2)}`)).join("")}'`;
}

/** The words of the command that writes the same characters. */
function commandOf(settings) {
  const options = [
    ["prime", settings.prime && quoted(settings.prime)], ["length", settings.length],
    ["temperature", settings.temperature], ["top-k", settings.topK],
    ["top-p", settings.topP], ["seed", settings.seed],
  ].filter(([, value]) => value !== null && value !== "");
  return ["charrnn sample", ...options.map(([name, value]) => `--${name}=${value}`),
    ...(settings.zero ? ["--from-zero"] : [])];
}

// The fields of the form: what they hold, their rule, and the name in the address.
const FIELDS = [
  { id: "length", key: "length", rule: `a whole number, 1 to ${fixed(MOST_SHOWN, 0)}: ` +
      "the command line writes longer texts",
    holds: x => Number.isInteger(x) && x >= 1 && x <= MOST_SHOWN },
  { id: "temperature", key: "temperature", rule: "a number, 0 or above",
    holds: x => Number.isFinite(x) && x >= 0 },
  { id: "top_k", key: "topK", rule: "a whole number, 1 or above, or empty: all",
    mayBeEmpty: true, holds: x => Number.isInteger(x) && x >= 1 },
  { id: "top_p", key: "topP", rule: "a number above 0, at most 1, or empty: all",
    mayBeEmpty: true, holds: x => x > 0 && x <= 1 },
  { id: "seed", key: "seed", rule: "a whole number, 0 to 4,294,967,295",
    holds: x => Number.isInteger(x) && x >= 0 && x < 2 ** 32 },
];

/** Show what is wrong with a field, or that nothing is. */
function tellOf(id, message) {
  byId(`${id}-wrong`).textContent = message;
  byId(id).setAttribute("aria-invalid", String(message !== ""));
}

/** Write: the settings, the text as it is made, the address, the command. */
function writeSection(network, initial, units, levels) {
  const view = textView("write", network, levels);
  const [form, command, status] = ["form", "command", "write-status"].map(byId);
  const [stop, onwards] = ["stop", "go-on"].map(byId);
  let run = null, address = "";

  function readSettings() {
    const settings = { prime: byId("prime").value, zero: byId("zero").checked };
    const unknown = unknownIn(network, settings.prime);
    tellOf("prime", unknown);
    const wrong = unknown ? ["prime"] : [];
    for (const { id, key, rule, holds, mayBeEmpty } of FIELDS) {
      const typed = byId(id).value.trim().replaceAll(",", "");
      const value = typed === "" && mayBeEmpty ? null : Number(typed || NaN);
      const isRight = value === null || holds(value);
      tellOf(id, isRight ? "" : rule);
      if (!isRight) wrong.push(id);
      settings[key] = value;
    }
    if (wrong.length) byId(wrong[0]).focus();
    return wrong.length ? null : settings;
  }

  function fillIn(settings) {
    byId("prime").value = settings.prime;
    byId("zero").checked = settings.zero;
    for (const { id, key } of FIELDS) byId(id).value = settings[key] ?? "";
  }

  /** The settings in the address, beside the initial ones. */
  function ofAddress() {
    const given = new URLSearchParams(location.hash.slice(1)), settings = { ...initial };
    if (given.has("prime")) settings.prime = given.get("prime");
    if (given.has("zero")) settings.zero = given.get("zero") === "1";
    for (const { id, key } of FIELDS) if (given.has(id)) settings[key] = given.get(id);
    return settings;
  }

  function putInAddress(settings) {
    const pairs = [["prime", settings.prime], ["zero", settings.zero ? 1 : 0],
      ...FIELDS.map(({ id, key }) => [id, settings[key] ?? ""])];
    address = `#${new URLSearchParams(pairs)}`;
    history.replaceState(null, "", address);
  }

  function tell() {
    const made = run.trace.ids.length;
    const total = run.trace.bits.reduce((sum, bits) => sum + bits, 0);
    stop.disabled = !run.isRunning;
    onwards.disabled = run.isRunning || made >= MOST_SHOWN;
    status.textContent = run.isRunning ? "" : `${fixed(made, 0)} character${
      made > 1 ? "s" : ""}${made ? `, ${(total / made).toFixed(2)} bits each` : ""}`
      + (made < run.settings.length ? "; stopped" : "");
    command.replaceChildren(...commandOf(run.settings).flatMap((word, n) =>
      [...(n ? [" "] : []), make("span", "", word)]));
  }

  async function goOn() {
    const mine = run, began = performance.now(), pace = Number(byId("pace").value);
    const from = mine.trace.ids.length;
    mine.isRunning = true;
    tell();
    await inSlices(() => {
      const made = mine.trace.ids.length;
      if (!mine.isRunning || mine !== run || made >= mine.settings.length) return false;
      if (pace && made - from >= (performance.now() - began) / 1000 * pace) return null;
      const { id, nats, after } = mine.writer.next();
      mine.trace.add(network.characters[id], id, nats, after);
      return true;
    }, () => {
      if (mine !== run) return;
      view.grow();
      if (units.source() === "write") units.draw(mine.trace);
    });
    if (mine !== run) return;
    mine.isRunning = false;
    tell();
    units.offer("write", mine.trace);
  }

  function start() {
    const settings = readSettings();
    if (!settings) return Promise.resolve();
    putInAddress(settings);
    const made = writer(network, settings), p = new Float64Array(network.K);
    const trace = traceOf(network, made.first, o => {
      const total = weigh(network, o, settings, p);
      return p.map(one => one / total);
    });
    if (run) run.isRunning = false;
    run = { settings, writer: made, trace };
    view.begin(trace, settings.prime);
    return goOn();
  }

  form.addEventListener("submit", event => {
    event.preventDefault();
    start();
  });
  byId("another").addEventListener("click", () => {
    byId("seed").value = (Number(byId("seed").value) + 1) % 2 ** 32 || 0;
    start();
  });
  stop.addEventListener("click", () => {
    run.isRunning = false;
  });
  onwards.addEventListener("click", () => {
    const made = run.trace.ids.length;
    if (made >= run.settings.length) {
      const length = Math.min(MOST_SHOWN, made + Number(byId("length").value || made));
      run.settings.length = length;
      byId("length").value = length;
      putInAddress(run.settings);
    }
    goOn();
  });
  byId("copy").addEventListener("click", async () => {
    const said = byId("copied");
    try {
      await navigator.clipboard.writeText(command.textContent);
      said.textContent = "Copied.";
    } catch { // no clipboard over plain http, or not allowed
      getSelection().selectAllChildren(command);
      said.textContent = "Selected: copy with Ctrl+C or ⌘C.";
    }
  });
  addEventListener("hashchange", () => {
    if (!location.hash.includes("=") || location.hash === address) return;
    fillIn(ofAddress());
    start();
  });
  fillIn(ofAddress());
  return { start };
}

/** Read: the figures of `charrnn score`, and each character by its surprise. */
function readSection(network, units, levels) {
  const view = textView("read", network, levels), status = byId("read-status");
  let latest = 0;

  function tell(figures, unknown) {
    const left = unknown.reduce((sum, [, count]) => sum + count, 0);
    const most = unknown.slice(0, 10).map(([one, count]) =>
      `${named(one)} (${codeOf(one)}) ${fixed(count, 0)}`);
    if (unknown.length > 10) most.push(`and ${fixed(unknown.length - 10, 0)} more`);
    const rows = {
      characters: `${fixed(figures.characters, 0)} scored, all but the first`,
      nats: `${fixed(figures.nats, 4)} per character`,
      bits: `${fixed(figures.bits, 4)} per character`,
      perplexity: fixed(figures.perplexity, 3),
      accuracy: `${fixed(100 * figures.accuracy, 2)}${THIN}%`,
      unknown: left ? `${fixed(left, 0)} left out: ${most.join(", ")}` : "none",
    };
    for (const [name, value] of Object.entries(rows))
      byId(`read-${name}`).textContent = value;
  }

  async function start() {
    const mine = ++latest, zero = byId("read-zero").checked;
    const all = [...byId("read").value.replace(/^\ufeff/, "")];
    const counted = new Map(), losses = [], read = reader(network, zero);
    const trace = traceOf(network, read.first, o => network.softmax(o));
    let hits = 0, at = 0;
    const ids = all.map(one => network.idOf.get(one) ?? -1);
    all.forEach((one, n) => {
      if (ids[n] < 0) counted.set(one, (counted.get(one) ?? 0) + 1);
    });
    byId("read-figures").hidden = true;
    if (ids.filter(id => id >= 0).length < 2) {
      tellOf("read", "fewer than two characters that the model knows: nothing to predict");
      return;
    }
    tellOf("read", "");
    status.textContent = "Reading …";
    view.begin(trace, "");
    let state = read.first;
    await inSlices(() => {
      if (at >= all.length || mine !== latest) return false;
      const id = ids[at];
      let nats = null;
      if (id >= 0) {
        const found = read.next(id);
        [nats, state] = [found.nats, found.after];
        if (nats !== null) {
          losses.push(nats);
          hits += found.hit;
        }
      }
      if (at < MOST_SHOWN) trace.add(all[at], id, nats, state);
      at += 1;
      return true;
    }, () => {
      if (mine !== latest) return;
      view.grow();
      if (units.source() === "read") units.draw(trace);
    });
    if (mine !== latest) return;
    const figures = figuresOf(losses, hits);
    tell(figures, [...counted].sort(([one, n], [other, k]) =>
      k - n || one.codePointAt(0) - other.codePointAt(0)));
    byId("read-figures").hidden = false;
    status.textContent = `${figures.bits.toFixed(2)} bits per character`
      + (all.length > MOST_SHOWN
        ? `; below are the first ${fixed(MOST_SHOWN, 0)} characters` : "");
    units.offer("read", trace);
  }

  byId("read-form").addEventListener("submit", event => {
    event.preventDefault();
    start();
  });
  return { start };
}

/** Look inside: the text that was written or read. */
function lookSection(network, { edges, findings }) {
  const view = unitsView(network, edges, findings), source = byId("source");
  const traces = {};
  source.addEventListener("change", () => view.show(traces[source.value]));
  return {
    source: () => source.value,
    draw: view.draw,
    offer(name, trace) {
      traces[name] = trace;
      if (name === source.value) view.show(trace);
    },
  };
}

/** Proof: write the sample of the run again, and compare. */
function proofSection(network, model, proof, initial) {
  const verdict = byId("verdict"), details = byId("proof-details");
  const made = [];

  function tell(seconds) {
    const text = made.map(id => network.characters[id]).join("");
    const whole = proof.begin + text + proof.end;
    const found = { weights: sha256(bytesOf(model.arrays)), text: sha256(whole) };
    const holds = found.weights === proof.weights && found.text === proof.sha256;
    const count = fixed(made.length, 0);
    verdict.className = holds ? "holds" : "fails";
    verdict.textContent = holds
      ? `This browser writes the same ${count} characters as the run.`
      : `This browser does not write the ${count} characters of the run.`;
    const rows = [
      ["sha256 of the weights, in the run", proof.weights],
      ["sha256 of the weights, in this page", found.weights],
      [proof.of, proof.sha256],
      ["sha256 of what this browser wrote", found.text],
      ["time", `${seconds.toFixed(3)} s, ${fixed(Math.round(made.length / seconds), 0)} ` +
        "characters a second, SHA-256 not counted"],
    ];
    if (!holds) {
      const expected = [...proof.text];
      const at = expected.findIndex((one, n) => one !== network.characters[made[n]]);
      rows.push(["first difference", at < 0 ? "none in the text: the weights differ"
        : `character ${fixed(at + 1, 0)} is ${named(network.characters[made[at]])}, ` +
          `in the run ${named(expected[at])}`]);
    }
    details.replaceChildren(...rows.flatMap(([name, value]) =>
      [make("dt", "", name), make("dd", "", value)]));
  }

  async function start() {
    made.length = 0;
    const writing = writer(network, initial);
    let worked = 0;
    await inSlices(() => {
      const began = performance.now();
      for (let n = 0; n < 20 && made.length < proof.characters; n++)
        made.push(writing.next().id);
      worked += performance.now() - began;
      return made.length < proof.characters;
    });
    tell(Math.max(worked, 0.1) / 1000);
  }

  byId("prove").addEventListener("click", start);
  return { start };
}

async function main() {
  const content = JSON.parse(byId("content").textContent);
  const network = networkOf(content.model);
  const initial = { ...content.settings, zero: false };
  const units = lookSection(network, content);
  const write = writeSection(network, initial, units, content.levels);
  const read = readSection(network, units, content.levels);
  const proof = proofSection(network, content.model, content.proof, initial);
  await proof.start();
  await write.start();
  await read.start();
  document.documentElement.dataset.ready = "yes"; // tests wait for this
}

main();
