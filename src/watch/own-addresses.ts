/**
 * The addresses of this network namespace, as of now: loopback is among them. They are read again when a
 * connection has neither of its ends among them, which is how a new one shows, but not more often than
 * some times a second, since anybody can send packets between strangers past us.
 */
import { networkInterfaces } from "node:os";

export class OwnAddresses {
  readonly #read: () => Iterable<string>;
  readonly #steadyMs: () => number;
  #own: ReadonlySet<string>;
  #readMs: number;

  /**
   * @param read default: what the kernel tells of this namespace's interfaces
   * @param steadyMs a clock that nobody sets
   */
  constructor(
    read: () => Iterable<string> = interfaceAddresses,
    steadyMs: () => number = () => performance.now(),
  ) {
    this.#read = read;
    this.#steadyMs = steadyMs;
    this.#own = new Set(read());
    this.#readMs = steadyMs();
  }

  has(ip: string): boolean {
    return this.#own.has(ip) || ip.startsWith("127.");
  }

  /** Reads them again, if that was not done just now. */
  refresh(): void {
    const nowMs = this.#steadyMs();
    if (nowMs - this.#readMs < READ_EVERY_MS) return;
    this.#readMs = nowMs;
    this.#own = new Set(this.#read());
  }
}

function interfaceAddresses(): string[] {
  return Object.values(networkInterfaces()).flatMap((all) =>
    (all ?? []).map(({ address }) => address),
  );
}

const READ_EVERY_MS = 200;
