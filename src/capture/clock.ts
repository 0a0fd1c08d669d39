/**
 * An interface's clock in a pcapng file: how many units a second its 64-bit time stamps count
 * (`if_tsresol`), and what to add (`if_tsoffset`), to integer microseconds since 1970.
 *
 * A double holds 2^53, nanoseconds since 1970 need 2^61: so the high and low words stay apart
 * until the division is done.
 */
export class Clock {
  /** Units per microsecond where that is a whole number small enough to divide exactly, else 0. */
  readonly #divisor: number;
  /** Microseconds per unit where a unit is longer than one, else 0. */
  readonly #factor: number;
  readonly #unitsPerSecond: bigint;
  readonly #offsetUs: number;

  /**
   * @param resolution the if_tsresol byte: 10^-n, or 2^-n with the top bit set (default 6)
   * @param offsetSeconds if_tsoffset
   */
  constructor(resolution = 6, offsetSeconds = 0) {
    const binary = (resolution & 0x80) !== 0;
    const exponent = resolution & 0x7f;
    this.#offsetUs = offsetSeconds * 1_000_000;
    this.#unitsPerSecond = (binary ? 2n : 10n) ** BigInt(exponent);
    this.#divisor = !binary && exponent >= 6 && exponent <= 12 ? 10 ** (exponent - 6) : 0;
    this.#factor = !binary && exponent < 6 ? 10 ** (6 - exponent) : 0;
  }

  /** Never negative nor beyond 2^53, whatever a hostile file claims: not every number is a date. */
  toUs(high: number, low: number): number {
    return Math.min(Math.max(this.#convert(high, low), 0), Number.MAX_SAFE_INTEGER);
  }

  #convert(high: number, low: number): number {
    const divisor = this.#divisor;
    if (divisor === 1) return high * WORD + low + this.#offsetUs;
    if (divisor !== 0) {
      // high = whole * divisor + rest; rest * 2^32 + low stays below 2^53 for divisors to 10^6.
      const rest = high % divisor;
      const whole = (high - rest) / divisor;
      return whole * WORD + Math.floor((rest * WORD + low) / divisor) + this.#offsetUs;
    }
    if (this.#factor !== 0) return (high * WORD + low) * this.#factor + this.#offsetUs;
    const units = (BigInt(high) << 32n) | BigInt(low);
    return Number((units * 1_000_000n) / this.#unitsPerSecond) + this.#offsetUs;
  }
}

const WORD = 2 ** 32;
