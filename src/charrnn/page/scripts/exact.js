"use strict";
/* exp, log and tanh with the bits of charrnn.exact, for float32 or float64; exact sums.

   A number of JavaScript is a float64, and + - * / are correctly rounded. For float32
   each operation is rounded once more, by Math.fround: that gives the same bits as the
   operation in float32, since float64 has more than twice its digits (Figueroa 1995).
   docs/contract.md has each step. */

const FLOAT32 = {
  Numbers: Float32Array, round: Math.fround, digits: 23, bias: 127,
  ln2: [6.9314575195e-1, 1.4286067653e-6], limits: [-105, 90, 10],
  exp: [0.00019790271, 0.0013944703, 0.008333498, 0.041666295, 0.16666666, 0.5],
  log: [0.2987306, 0.39977497, 0.66666776],
  tanh: [-0.006179794, 0.02100745, -0.05383743, 0.13332452, -0.33333313],
};
const FLOAT64 = {
  Numbers: Float64Array, round: x => x, digits: 52, bias: 1023,
  ln2: [0.6931471803691238, 1.9082149292705877e-10], limits: [-746, 710, 20],
  exp: [
    2.0826565597723035e-9, 2.511208429721546e-8, 2.7557582336933143e-7,
    2.755723472855828e-6, 2.4801586925656126e-5, 0.000198412698965142,
    0.001388888888911639, 0.008333333333316983, 0.041666666666666095,
    0.16666666666666682, 0.5,
  ],
  log: [
    0.14797530846926463, 0.15313900983995005, 0.18183569825234705,
    0.22222198474444835, 0.2857142874327562, 0.39999999999411057, 0.6666666666666735,
  ],
  tanh: [
    7.204609335964403e-6, -3.253344087797114e-5, 9.363292557851352e-5,
    -0.00023806607091928585, 0.0005897916041240159, -0.001455798217329421,
    0.0035921242303089173, -0.008863235261802127, 0.02186948852410015,
    -0.05396825396793566, 0.1333333333333291, -0.3333333333333333,
  ],
};

/** Return {exp, log, tanh} of one precision: FLOAT32 or FLOAT64. */
function functionsOf(precision) {
  const { Numbers, round, digits, bias } = precision;
  const [EXP, LOG, TANH] = [precision.exp, precision.log, precision.tanh].map(
    coefficients => coefficients.map(round));
  const [LN2_HIGH, LN2_LOW] = precision.ln2.map(round);
  const [LEAST, MOST, FAR] = precision.limits;
  const LOG2E = round(1.4426950408889634);
  const ROOT2 = round(2 * round(0.7071067811865476));
  // Adding this rounds to a whole number; the low bits of the sum are that number + bias.
  const MAGIC = 1.5 * 2 ** digits + bias;
  const LEAST_NORMAL = 2 ** (1 - bias);

  // The bits of one number; the last word holds the sign and the exponent.
  const number = new Numbers(1), words = new Int32Array(number.buffer);
  const top = words.length - 1, shift = digits % 32;

  /** 2^n, given n + MAGIC. */
  function power(sum) {
    number[0] = sum;
    const low = words[0];
    words[0] = 0;
    words[top] = low << shift;
    return number[0];
  }

  /** c[0] x^n + ... + c[n], by Horner's rule. */
  function polynomial(c, x) {
    let p = c[0];
    for (let i = 1; i < c.length; i++) p = round(round(p * x) + c[i]);
    return p;
  }

  /** x - k ln 2, ln 2 in two parts. */
  function remainder(x, k) {
    return round(round(x - round(k * LN2_HIGH)) - round(k * LN2_LOW));
  }

  /** e^r - 1 = r + r^2 P(r), for |r| <= ln(2) / 2. */
  function growth(r) {
    return round(r + round(round(r * r) * polynomial(EXP, r)));
  }

  /** e^x = 2^k e^r, with k = x / ln 2 to the nearest whole number (Cody and Waite 1980). */
  function exp(x) {
    x = Math.min(Math.max(x, LEAST), MOST);
    const k = round(round(round(x * LOG2E) + MAGIC) - MAGIC);
    const y = round(1 + growth(remainder(x, k)));
    // 2^k in two factors: 2^k may be out of range where y 2^k is not.
    const first = round(round(k * 0.5) + MAGIC);
    const second = round(round(k - round(first - MAGIC)) + MAGIC);
    return round(round(y * power(first)) * power(second));
  }

  /** ln x = k ln 2 + ln(1 + f), sqrt(1/2) <= 1 + f < sqrt(2), s = f / (2 + f) (fdlibm). */
  function log(x) {
    if (!(x > 0)) return x === 0 ? -Infinity : NaN;
    if (x === Infinity) return x;
    const denormal = x < LEAST_NORMAL;
    number[0] = denormal ? x * 2 ** digits : x;
    let k = (words[top] >>> shift) - bias - (denormal ? digits : 0);
    words[top] = (words[top] & ((1 << shift) - 1)) | (bias << shift);
    let mantissa = number[0]; // 1 to 2
    if (mantissa >= ROOT2) {
      mantissa /= 2;
      k += 1;
    }
    const f = mantissa - 1, s = round(f / round(2 + f)), z = round(s * s);
    const h = round(0.5 * round(f * f));
    const product = round(s * round(h + round(z * polynomial(LOG, z))));
    const tail = round(product + round(k * LN2_LOW));
    return round(round(k * LN2_HIGH) - round(round(h - tail) - f));
  }

  /** tanh x: a polynomial up to 9/16, above it 1 - 2 / (e^2x + 1) (Cephes; Dekker 1971). */
  function tanh(x) {
    const a = Math.abs(x);
    if (!(a > 0.5625)) {
      if (a === 0) return x;
      const z = round(a * a);
      const near = round(a + round(a * round(z * polynomial(TANH, z))));
      return x < 0 ? -near : near;
    }
    const b = round(2 * Math.min(a, FAR));
    const whole = round(round(b * LOG2E) + MAGIC), k = round(whole - MAGIC);
    // e^2a = 2^k + tail; both sums are corrected by their rounding errors.
    const high = power(whole), tail = round(high * growth(remainder(b, k)));
    const base = round(high + 1), divisor = round(base + tail);
    const error = round(round(base - divisor) + tail);
    const q = round(2 / divisor), rest = round(1 - q);
    const lost = round(round(1 - rest) - q);
    const far = round(rest + round(lost + round(round(q * q) * round(0.5 * error))));
    return x < 0 ? -far : far;
  }

  return { exp, log, tanh };
}

/** The sum of float64 numbers, rounded once, as math.fsum gives it (Shewchuk 1997). */
function exactSum(values) {
  const parts = []; // whose exact sum is that of the values so far; no two overlap
  for (let x of values) {
    let kept = 0;
    for (let y of parts) {
      if (Math.abs(x) < Math.abs(y)) [x, y] = [y, x];
      const high = x + y, low = y - (high - x);
      if (low) parts[kept++] = low;
      x = high;
    }
    parts.length = kept;
    parts.push(x);
  }
  let high = 0, low = 0;
  while (parts.length && !low) {
    const x = high, y = parts.pop();
    high = x + y;
    low = y - (high - x);
  }
  // Half-way cases are rounded by the sign of what is below.
  const below = parts.length ? parts[parts.length - 1] : 0;
  if ((low < 0 && below < 0) || (low > 0 && below > 0)) {
    const x = high + 2 * low;
    if (2 * low === x - high) high = x;
  }
  return high;
}

/** A number with so many decimals, half to even, and commas: as Python writes it. */
function fixed(number, decimals) {
  const long = number.toFixed(Math.min(100, decimals + 60));
  let text = number.toFixed(decimals);
  const cut = long.length - (Math.min(100, decimals + 60) - decimals);
  const isTie = /^50*$/.test(long.slice(cut));
  if (isTie && "13579".includes(text.at(-1))) text = long.slice(0, cut).replace(/\.$/, "");
  const [whole, rest] = text.split(".");
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  return rest === undefined ? grouped : `${grouped}.${rest}`;
}
