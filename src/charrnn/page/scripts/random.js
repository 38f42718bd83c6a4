"use strict";
/* The draws of numpy.random.default_rng, and SHA-256: arithmetic of whole numbers. */

/** So many words of 32 bits from numpy.random.SeedSequence(entropy), words of 32 bits
    (M. E. O'Neill's seed_seq_fe; NumPy's bit_generator.pyx). */
function seedWords(entropy, length) {
  let factor = 0x43b0d7e5;
  const hash = (value, multiplier) => {
    value ^= factor;
    factor = Math.imul(factor, multiplier);
    value = Math.imul(value, factor);
    return value ^ (value >>> 16);
  };
  const mixed = (x, y) => {
    const value = Math.imul(0xca01f9dd, x) - Math.imul(0x4973f715, y) | 0;
    return value ^ (value >>> 16);
  };
  const pool = [0, 1, 2, 3].map(i => hash(entropy[i] ?? 0, 0x931e8875));
  for (let from = 0; from < 4; from++)
    for (let to = 0; to < 4; to++)
      if (from !== to) pool[to] = mixed(pool[to], hash(pool[from], 0x931e8875));
  for (const word of entropy.slice(4))
    for (let to = 0; to < 4; to++) pool[to] = mixed(pool[to], hash(word, 0x931e8875));
  factor = 0x8b51f9dd;
  return Array.from({ length }, (_, i) => hash(pool[i % 4], 0x58f38ded) >>> 0);
}

/** Return a function that gives the next uniform draw from [0, 1), as Generator.random
    does: PCG64, XSL-RR (M. E. O'Neill, PCG, 2014): s = a s + c mod 2^128. */
function uniformDraws(entropy) {
  const words = seedWords(entropy, 8).map(BigInt);
  const [high, low, streamHigh, streamLow] = [0, 2, 4, 6].map(
    i => words[i] | words[i + 1] << 32n);
  const A = 0x2360ed051fc65da44385df649fccf645n;
  const C = BigInt.asUintN(128, (streamHigh << 64n | streamLow) << 1n | 1n);
  const next = s => BigInt.asUintN(128, s * A + C);
  let s = next(C + (high << 64n | low));
  return () => {
    s = next(s);
    const x = BigInt.asUintN(64, s >> 64n ^ s), turn = s >> 122n;
    const bits = BigInt.asUintN(64, x >> turn | x << 64n - turn);
    return Number(bits >> 11n) / 2 ** 53;
  };
}

/** The SHA-256 of a text in UTF-8, or of bytes, in hexadecimal digits (FIPS 180-4).
    The browser's own is missing where a page is served over plain http. */
function sha256(content) {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  // The first 32 bits of the fractional parts of roots of the first primes.
  const primes = [];
  for (let n = 2; primes.length < 64; n++) if (primes.every(p => n % p)) primes.push(n);
  const fraction = (p, k) => { // of the k-th root of p, in whole numbers
    const scaled = BigInt(p) << BigInt(32 * k);
    let root = BigInt(Math.floor(p ** (1 / k) * 2 ** 32));
    while (root ** BigInt(k) > scaled) root -= 1n;
    while ((root + 1n) ** BigInt(k) <= scaled) root += 1n;
    return Number(BigInt.asIntN(32, root));
  };
  const K = primes.map(p => fraction(p, 3));
  const state = primes.slice(0, 8).map(p => fraction(p, 2));

  const blocks = Math.ceil((bytes.length + 9) / 64);
  const padded = new Uint8Array(64 * blocks);
  padded.set(bytes);
  padded[bytes.length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setBigUint64(64 * blocks - 8, BigInt(bytes.length) * 8n);
  const turn = (x, n) => (x >>> n) | (x << (32 - n));
  const W = new Int32Array(64);
  for (let block = 0; block < blocks; block++) {
    for (let t = 0; t < 16; t++) W[t] = view.getInt32(64 * block + 4 * t);
    for (let t = 16; t < 64; t++) {
      const x = W[t - 15], y = W[t - 2];
      W[t] = W[t - 16] + (turn(x, 7) ^ turn(x, 18) ^ (x >>> 3))
        + W[t - 7] + (turn(y, 17) ^ turn(y, 19) ^ (y >>> 10));
    }
    let [a, b, c, d, e, f, g, h] = state;
    for (let t = 0; t < 64; t++) {
      const first = h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + (e & f ^ ~e & g)
        + K[t] + W[t] | 0;
      const second = (turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + (a & b ^ a & c ^ b & c) | 0;
      [h, g, f, e, d, c, b, a] = [g, f, e, d + first | 0, c, b, a, first + second | 0];
    }
    [a, b, c, d, e, f, g, h].forEach((word, i) => { state[i] = state[i] + word | 0; });
  }
  return state.map(word => (word >>> 0).toString(16).padStart(8, "0")).join("");
}
