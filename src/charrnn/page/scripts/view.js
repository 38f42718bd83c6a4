"use strict";
/* What the page shows of a text: colours, the chances of each character, the units.

   Nothing here is part of the results: figures come from network.js. */

const MOST_SHOWN = 20000; // characters of a text on the page
const BLOCK = 400; // characters after which a new line begins a new block of the layout
const MOST_INSIDE = 1200; // characters whose states are shown
const KEPT_EVERY = 64; // characters between two states that are kept
const CELL = 4; // pixels of a column of the picture
const MOST_CHANCES = 6; // bars
const THIN = "\u202f";
const byId = id => document.getElementById(id);

/** Control characters as a page can show them: charrnn.errors.visible. */
function visible(text) {
  return text.replace(
    /[\0-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ufffe\uffff]/g, one => {
      const code = one.charCodeAt(0);
      if (code < 0x20) return String.fromCharCode(0x2400 + code);
      return code === 0x7f ? "\u2421" : `\\u${code.toString(16).padStart(4, "0")}`;
    });
}

/** A character on its own: one that has no width, such as U+200B, becomes its code. */
function shownAlone(character) {
  const shown = visible(character);
  return /^\p{Cf}$/u.test(shown) ? `\\u${codeOf(shown).slice(2).toLowerCase()}` : shown;
}

/** A character as a sentence names it. */
function named(character) {
  if (character === " ") return "a space";
  return character === "\n" ? "a newline" : `“${shownAlone(character)}”`;
}

function codeOf(character) {
  return `U+${character.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}`;
}

function percent(share) {
  const text = (100 * share).toFixed(1);
  return `${share > 0 && text === "0.0" ? `<${THIN}0.1` : text}${THIN}%`;
}

/** Make an element with a class and a content: a text, or elements. */
function make(tag, className, ...content) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...content);
  return element;
}

/** The index of the last bound that is at most the value. */
function levelOf(value, bounds) {
  let level = 0;
  while (level + 1 < bounds.length && value >= bounds[level + 1]) level += 1;
  return level;
}

/** A text that the network wrote or read, and what it takes to look at it again: the
    states after the last characters, and a state now and then. */
function traceOf(network, first, chancesAfter) {
  const kept = [first];
  const latest = Array.from({ length: MOST_INSIDE }, network.state);
  const trace = {
    characters: [], ids: [], bits: [],
    /** Add a character; its id is -1 and its bits are null if the network does not know
        it, and the state stays as it is. */
    add(character, id, nats, state) {
      const n = trace.ids.push(id) - 1;
      trace.characters.push(character);
      trace.bits.push(nats === null ? null : nats / Math.LN2);
      latest[n % MOST_INSIDE].set(state);
      if ((n + 1) % KEPT_EVERY === 0) kept.push(state.slice());
    },
    /** The state after one of the last characters, (m,). */
    stateAfter: n => latest[n % MOST_INSIDE],
    /** The probability of each character at a place, (K,): the same numbers as before. */
    chances(n) {
      let h = kept[Math.floor(n / KEPT_EVERY)].slice(), after = network.state();
      for (const id of trace.ids.slice(n - n % KEPT_EVERY, n)) {
        if (id < 0) continue;
        network.read(id, h, after);
        [h, after] = [after, h];
      }
      const o = network.logits();
      network.predict(h, o);
      return chancesAfter(o);
    },
  };
  return trace;
}

/** A text in colour, of which one character can be looked at: by pointer, touch or the
    slider. The elements are those of the macro `text_and_chances` in page.html. */
function textView(name, network, surpriseLevels) {
  const text = byId(`${name}-text`), slider = byId(`${name}-place`);
  const chances = byId(`${name}-chances`), looked = byId(`${name}-looked`);
  const inColour = byId(`${name}-colour`);
  let trace, spans, block, looking;

  /** Begin another text; `before` is shown before it. */
  function begin(newTrace, before) {
    [trace, spans, looking] = [newTrace, [], undefined];
    block = make("div", "");
    if (before) block.append(make("b", "", visible(before)));
    text.replaceChildren(block);
    grow();
  }

  /** Show the characters that have come to the trace. */
  function grow() {
    let fragment = document.createDocumentFragment(), size = spans.length && block.size;
    for (let n = spans.length; n < trace.ids.length; n++) {
      const character = trace.characters[n], bits = trace.bits[n];
      const level = bits === null ? 0 : levelOf(bits, surpriseLevels);
      const span = make("span", level ? `s${level}` : "", shownAlone(character));
      if (character === "\n") span.classList.add("end");
      if (trace.ids[n] < 0) span.className = "unknown";
      span.place = n;
      spans.push(span);
      fragment.append(span);
      size += 1;
      if (character === "\n" && size > BLOCK) {
        block.append(fragment);
        block = make("div", "");
        text.append(block);
        size = 0;
      }
    }
    block.append(fragment);
    block.size = size;
    slider.max = Math.max(spans.length, 1);
    slider.disabled = spans.length === 0;
    if (looking === undefined) look(trace.bits.findIndex(bits => bits !== null));
  }

  /** Show what else could have come at a place. */
  function look(n) {
    if (n === looking || !(n in spans)) return;
    spans[looking]?.classList.remove("looked");
    spans[n].classList.add("looked");
    looking = n;
    const id = trace.ids[n], bits = trace.bits[n], character = trace.characters[n];
    const what = id < 0 ? ", which the network does not know: it is left out"
      : bits === null ? ", which nothing comes before" : `: ${bits.toFixed(2)} bits`;
    const said = `Character ${fixed(n + 1, 0)} is ${named(character)}${what}.`;
    slider.value = n + 1;
    slider.setAttribute("aria-valuetext", said);
    looked.textContent = said;
    const p = bits === null ? null : trace.chances(n);
    chances.replaceChildren(...(p ? barsOf(p, id) : []));
  }

  function barsOf(p, id) {
    const order = [...p.keys()].filter(k => p[k] > 0).sort((i, j) => p[j] - p[i] || i - j);
    const shown = order.slice(0, MOST_CHANCES);
    if (!shown.includes(id)) shown.splice(-1, 1, id);
    const rest = order.length - shown.length;
    const bars = shown.map(k => {
      const bar = make("span", "bar");
      bar.style.width = `${100 * p[k] / p[order[0]]}%`;
      const item = make("li", k === id ? "came" : "", make("span", "name",
        named(network.characters[k]).replace(/^a |[“”]/g, "")),
        make("span", "track", bar), make("span", "figure", percent(p[k])));
      if (k === id) item.append(make("span", "unseen", ", the character that came"));
      return item;
    });
    if (rest) {
      const share = shown.reduce((sum, k) => sum - p[k], 1);
      bars.push(make("li", "rest", `${rest} other${rest > 1 ? "s" : ""}: ${
        percent(Math.max(share, 0))}`));
    }
    return bars;
  }

  const pointed = event => {
    const place = event.target.place;
    if (place !== undefined) look(place);
  };
  text.addEventListener("pointermove", pointed);
  text.addEventListener("pointerdown", pointed);
  slider.addEventListener("input", () => look(Number(slider.value) - 1));
  inColour.addEventListener("change", () => {
    text.classList.toggle("plain", !inColour.checked);
  });
  return { begin, grow };
}

/** The units by characters, as a picture, and a text coloured by one unit. */
function unitsView(network, edges, findings) {
  const canvas = byId("picture"), frame = byId("picture-frame"), row = byId("picture-row");
  const context = canvas.getContext("2d", { alpha: false });
  const choice = byId("unit"), text = byId("unit-text"), about = byId("unit-about");
  const summary = byId("picture-about"), pointedAt = byId("picture-pointed");
  const { m } = network, bounds = [-Infinity, ...edges];
  let trace, start = 0, columns = 0, colours;

  const option = (unit, label) => new Option(label, unit);
  if (findings.length) {
    const group = document.createElement("optgroup");
    group.label = "Found by the report";
    group.append(...findings.map(one => option(one.unit,
      `${one.unit}: ${one.name}, ${one.measure}`)));
    choice.append(group);
  }
  const all = document.createElement("optgroup");
  all.label = "All units";
  all.append(...Array.from({ length: m }, (_, unit) => option(unit, String(unit))));
  choice.append(all);

  /** The colours of the seven levels; the middle one is that of the page. */
  function readColours() {
    const style = getComputedStyle(document.documentElement);
    colours = Uint32Array.from([0, 1, 2, 3, 4, 5, 6], level => {
      const hex = style.getPropertyValue(level === 3 ? "--paper" : `--a${level}`).trim();
      const [red, green, blue] = [1, 3, 5].map(at => parseInt(hex.slice(at, at + 2), 16));
      return new Uint32Array(Uint8Array.of(red, green, blue, 255).buffer)[0];
    });
  }

  /** Draw the states after the last characters, a column each, in whole pixels. */
  function draw() {
    if (!trace) return;
    const n = trace.ids.length, height = Math.max(1, Math.round(300 / m));
    columns = Math.min(MOST_INSIDE, Math.floor(frame.clientWidth / CELL));
    start = Math.max(0, n - columns);
    [canvas.width, canvas.height] = [columns, m];
    canvas.style.width = `${CELL * columns}px`;
    canvas.style.height = `${height * m}px`;
    const image = context.createImageData(columns, m);
    const pixels = new Uint32Array(image.data.buffer);
    for (let column = 0; column < columns; column++) {
      const state = start + column < n ? trace.stateAfter(start + column) : network.zero;
      for (let unit = 0; unit < m; unit++)
        pixels[unit * columns + column] = colours[levelOf(state[unit], bounds)];
    }
    context.putImageData(image, 0, 0);
    row.style.top = `${height * choice.value}px`;
    row.style.height = `${height}px`;
  }

  /** Colour the last characters by the chosen unit, and say what is known of it. */
  function tell() {
    const unit = Number(choice.value), found = findings.filter(one => one.unit === unit);
    about.textContent = found.map(one => one.about).join(" ")
      || `Unit ${unit}: no property of the report is tracked best by this unit.`;
    if (!trace?.ids.length) return;
    const n = trace.ids.length, from = Math.max(0, n - MOST_INSIDE), runs = [];
    for (let at = from; at < n; at++) {
      const level = levelOf(trace.stateAfter(at)[unit], bounds);
      const shown = shownAlone(trace.characters[at]).replace("\n", "↵\n");
      if (runs.at(-1)?.level === level) runs.at(-1).text += shown;
      else runs.push({ level, text: shown });
    }
    text.replaceChildren(...runs.map(run => run.level === 3 ? run.text
      : make("span", `a${run.level}`, run.text)));
    let saturated = 0;
    for (let at = start; at < n; at++)
      for (const value of trace.stateAfter(at)) saturated += Math.abs(value) > 0.99;
    summary.textContent = `The activations of ${fixed(m, 0)} unit${m > 1 ? "s" : ""}, `
      + `one above the other, after characters ${fixed(start + 1, 0)} to ${fixed(n, 0)}: `
      + `${percent(saturated / (m * (n - start)))} of them are saturated, |h| > 0.99.`;
  }

  function show(another = trace) {
    trace = another;
    draw();
    tell();
  }

  const pointed = event => {
    const box = canvas.getBoundingClientRect();
    const at = start + Math.floor((event.clientX - box.left) / box.width * columns);
    const unit = Math.min(m - 1, Math.max(0, Math.floor(
      (event.clientY - box.top) / box.height * m)));
    if (!trace || at < 0 || at >= trace.ids.length) return undefined;
    pointedAt.textContent = `Unit ${unit} after ${named(trace.characters[at])}, character ${
      fixed(at + 1, 0)}: ${trace.stateAfter(at)[unit].toFixed(2)}`;
    return unit;
  };
  canvas.addEventListener("pointermove", pointed);
  canvas.addEventListener("click", event => {
    const unit = pointed(event);
    if (unit === undefined) return;
    choice.value = unit;
    show();
  });
  choice.addEventListener("change", () => show());
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    readColours();
    draw();
  });
  new ResizeObserver(draw).observe(frame);
  readColours();
  return { show, draw: another => { trace = another; draw(); } };
}
