/**
 * The time of live packets: integer microseconds since 1970 that only ever go by the machine's own pace.
 *
 *     wall time      may be set, forwards and backwards, by whoever keeps it
 *     since boot     CLOCK_BOOTTIME: goes on through sleep, and nobody sets it
 *     packet time    the wall's when the watch began, and since boot's pace from there
 *
 * A packet's own stamp, where the kernel gave one, is the wall's; it is taken where it is near enough to
 * packet time to be no step. When the wall was set, packet time follows in one go at the next tick, and
 * whoever remembers packet times moves them by as much.
 */
export interface TimeSources {
  /** Milliseconds: since 1970; since boot, to hundredths of a second; steady and fine, from anywhere. */
  readonly wallMs: () => number;
  readonly sinceBootMs: () => number;
  readonly steadyMs: () => number;
}

export class LiveClock {
  readonly #sources: TimeSources;
  /** Microseconds that `steadyMs` is behind packet time. */
  #offsetUs: number;
  #bootMs: number;
  #steadyMs: number;

  constructor(sources: TimeSources) {
    this.#sources = sources;
    this.#bootMs = sources.sinceBootMs();
    this.#steadyMs = sources.steadyMs();
    this.#offsetUs = (sources.wallMs() - this.#steadyMs) * 1000;
  }

  nowUs(): number {
    return Math.floor(this.#sources.steadyMs() * 1000 + this.#offsetUs);
  }

  /** Packet time of a packet that the kernel stamped with wall time; `nowUs` is the time of reading it. */
  stamped(wallUs: number, nowUs: number): number {
    const age = nowUs - wallUs;
    return age >= 0 && age <= STAMP_AGE_MAX_US ? wallUs : nowUs;
  }

  /**
   * To be called every second or so. Follows the wall, and answers by how many microseconds what is
   * remembered of packet times has to be moved: 0 but when the wall was set.
   */
  tick(): number {
    const steadyMs = this.#sources.steadyMs();
    const bootMs = this.#sources.sinceBootMs();
    const sleptUs = (bootMs - this.#bootMs - (steadyMs - this.#steadyMs)) * 1000;
    this.#bootMs = bootMs;
    this.#steadyMs = steadyMs;
    // Sleep is time that has passed, and moves nothing.
    if (sleptUs > SLEPT_MIN_US) this.#offsetUs += Math.round(sleptUs);
    const behindUs = this.#sources.wallMs() * 1000 - (steadyMs * 1000 + this.#offsetUs);
    if (Math.abs(behindUs) <= SLEW_MAX_US) {
      this.#offsetUs += behindUs * SLEW_PART;
      return 0;
    }
    const stepUs = Math.round(behindUs);
    this.#offsetUs += stepUs;
    return stepUs;
  }
}

/** Longer than any packet waits to be read. */
const STAMP_AGE_MAX_US = 5_000_000;
/** The two clocks are read one after the other, and the one since boot in steps of 10 ms. */
const SLEPT_MIN_US = 100_000;
/** What time servers slew away is followed little by little; more is a step. */
const SLEW_MAX_US = 500_000;
const SLEW_PART = 0.1;
