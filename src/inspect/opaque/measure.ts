/**
 * How readable bytes are, where no grammar says what they are: the part that is printable, and the
 * entropy in bits a byte.
 *
 * A short sample's entropy comes out too low: 64 bytes cannot show more than 6 bits. The Miller-Madow
 * correction adds (K - 1) / 2N nats for K different values among N bytes (G. A. Miller, "Note on the bias of
 * information estimates", 1955), which keeps text near its own entropy at any length. Whether bytes look
 * random is asked the other way round: is the uncorrected entropy what N random bytes would show?
 */

export interface Measured {
  /** Bits a byte, 0 to 8, corrected for the length. */
  readonly entropy: number;
  /** Part of the bytes that are printable ASCII, tab, line feed or carriage return, 0 to 1. */
  readonly printable: number;
  /** No further from random bytes than random bytes are from each other. */
  readonly random: boolean;
}

/** `undefined` for fewer than MEASURED_BYTES_MIN bytes, of which nothing can be said. */
export function measure(bytes: Uint8Array): Measured | undefined {
  const count = bytes.length;
  if (count < MEASURED_BYTES_MIN) return undefined;
  const counts = new Uint32Array(256);
  for (let at = 0; at < count; at++) counts[bytes[at]!]!++;
  let printable = 0;
  let different = 0;
  let plain = 0;
  for (let value = 0; value < 256; value++) {
    const times = counts[value]!;
    if (times === 0) continue;
    different++;
    plain -= (times / count) * Math.log2(times / count);
    if (isPrintable(value)) printable += times;
  }
  const corrected = plain + (different - 1) / (2 * count * Math.LN2);
  return {
    entropy: Math.min(corrected, 8),
    printable: printable / count,
    random: plain > entropyOfRandom(count) - toleranceOf(count),
  };
}

/**
 * What `count` uniformly random bytes show on average, uncorrected: the sum over the binomial
 * probabilities that a value comes k times.
 */
export function entropyOfRandom(count: number): number {
  const p = 1 / 256;
  let chance = (1 - p) ** count;
  let sum = 0;
  for (let k = 1; k <= count; k++) {
    chance *= ((count - k + 1) / k) * (p / (1 - p));
    if (k > count * p && chance < NEGLIGIBLE) break;
    sum -= 256 * chance * (k / count) * Math.log2(k / count);
  }
  return sum;
}

/**
 * Six standard deviations: 2 N ln2 times the missing entropy is about chi-square distributed with at most
 * 255 degrees of freedom, whose standard deviation is the root of 510. In short samples fewer values
 * show, and it is less.
 */
function toleranceOf(count: number): number {
  return (6 * Math.sqrt(2 * Math.min(255, count / 2))) / (2 * count * Math.LN2);
}

function isPrintable(value: number): boolean {
  return (value >= 0x20 && value < 0x7f) || value === 0x09 || value === 0x0a || value === 0x0d;
}

/** As B01 asks for: below it text and ciphertext overlap. */
export const MEASURED_BYTES_MIN = 64;
const NEGLIGIBLE = 1e-12;
