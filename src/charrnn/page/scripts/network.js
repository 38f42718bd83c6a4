"use strict";
/* The network: reading, predicting and drawing characters, with the bits of
   charrnn.network. K distinct characters, m hidden units.

     h_t = tanh(W h_{t-1} + U[:, x_t] + b)    o_t = V h_t + c    p_t = softmax(o_t)

   Sums run in the order of their index. */

const PURPOSE_OF_SAMPLES = 3; // charrnn.network.streams

/** The bytes of a text in base64. */
function bytesOf(base64) {
  return Uint8Array.from(atob(base64), character => character.charCodeAt(0));
}

/** Make a network of {characters, hidden_size, precision, arrays}: the last are the bytes
    of b, c, U, W, V and h in base64, one after another, by rows, little-endian. */
function networkOf(model) {
  const characters = [...model.characters];
  const precision = model.precision === "float32" ? FLOAT32 : FLOAT64;
  const { Numbers, round } = precision, { exp, log, tanh } = functionsOf(precision);
  const K = characters.length, m = model.hidden_size;
  const all = new Numbers(bytesOf(model.arrays).buffer);
  let at = 0;
  const take = size => {
    at += size;
    return all.subarray(at - size, at);
  };
  const transposed = (matrix, rows) => {
    const columns = matrix.length / rows;
    return matrix.map((_, i) => matrix[(i % rows) * columns + Math.floor(i / rows)]);
  };
  const b = take(m), c = take(K);
  const UT = transposed(take(K * m), m), WT = transposed(take(m * m), m);
  const VT = transposed(take(K * m), K), trained = take(m);

  /** out = out + M x, out (width,), x (m,), M (width, m) by columns. Four columns at a
      time: an element adds its terms in the same order, but is loaded and stored less. */
  function addProduct(out, M, x) {
    const width = out.length;
    let j = 0, at = 0;
    for (; j + 4 <= m; j += 4, at += 4 * width) {
      const p = x[j], q = x[j + 1], r = x[j + 2], s = x[j + 3];
      for (let i = at, n = 0; n < width; i++, n++) {
        let sum = round(out[n] + round(M[i] * p));
        sum = round(sum + round(M[i + width] * q));
        sum = round(sum + round(M[i + 2 * width] * r));
        out[n] = sum + round(M[i + 3 * width] * s);
      }
    }
    for (; j < m; j++, at += width)
      for (let n = 0; n < width; n++) out[n] += round(M[at + n] * x[j]);
  }

  /** Fill `after`, (m,), with the state after reading the id x in the state `before`. */
  function read(x, before, after) {
    for (let i = 0; i < m; i++) after[i] = UT[x * m + i] + b[i];
    addProduct(after, WT, before);
    for (let i = 0; i < m; i++) after[i] = tanh(after[i]);
  }

  /** Fill o, (K,), with the logits of the next character. */
  function predict(h, o) {
    o.set(c);
    addProduct(o, VT, h);
  }

  /** The id with the highest logit; of equal ones the lowest. */
  function likeliest(o) {
    let best = 0;
    for (let k = 1; k < K; k++) if (o[k] > o[best]) best = k;
    return best;
  }

  const powers = new Numbers(K);

  /** Fill `powers` with e^(o_k - max o), and return their sum. */
  function sumOfPowers(o) {
    const highest = o[likeliest(o)];
    let total = 0;
    for (let k = 0; k < K; k++) {
      powers[k] = exp(round(o[k] - highest));
      total = round(total + powers[k]);
    }
    return total;
  }

  /** -ln p[y] in nats. */
  function lossOf(o, y) {
    return round(log(sumOfPowers(o)) - round(o[y] - o[likeliest(o)]));
  }

  /** p = softmax(o), (K,). */
  function softmax(o) {
    const total = sumOfPowers(o);
    return powers.map(power => power / total);
  }

  return {
    characters, K, m, round, trained, zero: new Numbers(m), read, predict, likeliest,
    lossOf, softmax, state: () => new Numbers(m), logits: () => new Numbers(K),
    idOf: new Map(characters.map((character, k) => [character, k])),
    opening: characters.includes("\n") ? "\n" : characters[0],
  };
}

/** Set all of p, (K,), to 0 but the `topK` greatest, and of these all but as few as have
    `topP` of their sum; of equal ones the lowest id counts as greater. */
function keepLikeliest(p, topK, topP) {
  const K = p.length, isTaken = new Uint8Array(K);
  const take = () => {
    let best = -1;
    for (let k = 0; k < K; k++) if (!isTaken[k] && (best < 0 || p[k] > p[best])) best = k;
    isTaken[best] = 1;
    return p[best];
  };
  const dropOthers = () => {
    for (let k = 0; k < K; k++) if (!isTaken[k]) p[k] = 0;
  };
  if (topK < K) {
    for (let i = 0; i < topK; i++) take();
    dropOthers();
  }
  if (topP < 1) {
    let total = 0;
    for (let k = 0; k < K; k++) total += p[k];
    isTaken.fill(0);
    for (let i = 1, kept = take(); i < topK && kept < topP * total; i++) kept += take();
    dropOthers();
  }
}

const exp64 = functionsOf(FLOAT64).exp;

/** Fill p, (K,) float64, with what a character is drawn from, and return its sum. */
function weigh(network, o, { temperature, topK, topP }, p) {
  const best = network.likeliest(o), K = p.length;
  const most = Math.min(topK ?? K, K), share = topP ?? 1;
  for (let k = 0; k < K; k++)
    p[k] = temperature
      ? exp64(network.round(o[k] - o[best]) / temperature) : Number(k === best);
  if (most < K || share < 1) keepLikeliest(p, most, share);
  let total = 0;
  for (let k = 0; k < K; k++) total += p[k];
  return total;
}

/** The network in a state, which `step` changes: what a writer and a reader have. */
function walkOf(network, zero) {
  const walk = {
    h: network.state(), before: network.state(), o: network.logits(),
    step(x) {
      network.read(x, walk.h, walk.before);
      [walk.h, walk.before] = [walk.before, walk.h];
    },
  };
  walk.h.set(zero ? network.zero : network.trained);
  return walk;
}

/** A text that the network writes, as charrnn.network.sampling: each character is drawn
    where the cumulative sum of p passes a uniform draw, and read next.

    settings: {prime, temperature, topK, topP, seed, zero}; the prime is in the vocabulary,
    topK and topP may be null. `next()` returns {id, nats, before, after}: nats is -ln of
    the probability that the network gave to the character, the others are the states
    before and after it, valid until the next call. */
function writer(network, settings) {
  const walk = walkOf(network, settings.zero), { o } = walk, { K } = network;
  const draw = uniformDraws([settings.seed, PURPOSE_OF_SAMPLES]);
  const p = new Float64Array(K);
  for (const one of settings.prime || network.opening) walk.step(network.idOf.get(one));
  return {
    first: walk.h.slice(),
    next() {
      network.predict(walk.h, o);
      const threshold = weigh(network, o, settings, p) * draw();
      let id = 0;
      for (let passed = p[0]; passed <= threshold; passed += p[id]) id += 1;
      walk.step(id);
      return { id, nats: network.lossOf(o, id), before: walk.before, after: walk.h };
    },
  };
}

/** A text that the network reads, as charrnn.network.scoring. `next(id)` returns
    {id, nats, hit, before, after}; the first character is not predicted: its nats are
    null. */
function reader(network, zero) {
  const walk = walkOf(network, zero), { o } = walk;
  let isFirst = true;
  return {
    first: walk.h.slice(),
    next(id) {
      let nats = null, hit = false;
      if (!isFirst) {
        network.predict(walk.h, o);
        nats = network.lossOf(o, id);
        hit = network.likeliest(o) === id;
      }
      isFirst = false;
      walk.step(id);
      return { id, nats, hit, before: walk.before, after: walk.h };
    },
  };
}

/** The figures of `charrnn score`: of losses in nats, (N,), and the number of hits. */
function figuresOf(losses, hits) {
  const { exp, log } = functionsOf(FLOAT64), nats = exactSum(losses) / losses.length;
  return { characters: losses.length, nats, bits: nats / log(2), perplexity: exp(nats),
    accuracy: hits / losses.length };
}
