/**
 * The fence: what keeps a workload's packets in its own network namespace, from inside that namespace.
 * *Refuse* ends one connection and drops its destination; *cut* drops everything.
 *
 * Facts that shape it:
 *
 *   1. A cut is one nf_tables transaction, written when the fence is opened and sent without a process,
 *      a file or an event loop in between. Everything else, the sockets too, comes behind it: drop
 *      first, then destroy, and not even a reset leaves.
 *   2. What stands is in the kernel, not here. A start reads it and replaces it in one transaction, so a
 *      cut outlives us, and a new version of us, without a gap. Nothing opens it but `release`.
 *   3. On Linux 6.9 and later the tables are owned: no other process may change them while we live, and
 *      the kernel keeps them when we die. Elsewhere `look` finds what others changed, and puts it back.
 *   4. An XDP socket passes every hook (measured). Where the workload may have one, and our channel is
 *      no connection of this namespace, a cut takes the links down as well; what that makes the kernel
 *      forget is kept beside the rules.
 *
 * Nothing here waits or throws, but `open`. What it cannot reach: sockets that were made in another
 * namespace and handed in, and AF_VSOCK, which belongs to none.
 */
import { performance } from "node:perf_hooks";
import type { Finding } from "../judge/finding.ts";
import { gateTamperedFinding } from "../judge/rules/gate-tampered.ts";
import { ipBytes, unmapped } from "../kernel/ip-bytes.ts";
import { destroySockets, findSocket, type SocketEnd } from "../kernel/sock-diag.ts";
import { attempt, closeAttempts, openAttempts } from "./fence/attempt.ts";
import { type Channel, openChannel } from "./fence/channel.ts";
import { type Found, findTables } from "./fence/found.ts";
import { downLinks, putBack, settingsToKeep, takeDown } from "./fence/links-down.ts";
import { problemsOf } from "./fence/problems.ts";
import { REFUSED_MAX, refusedKey } from "./fence/ruleset.ts";
import { endSockets } from "./fence/sockets.ts";
import { Standing } from "./fence/standing.ts";
import { Watch } from "./fence/watch.ts";
import type { Outcome } from "./outcome.ts";

export interface FenceOptions {
  /** Which run of which container: at most 64 characters of a name. */
  readonly instance: string;
  /** Lower-case hex. */
  readonly policySha256: string;
  /** The sidecar's own connection that a cut leaves open; absent: it has none in this namespace. */
  readonly channel?: Channel;
  /** The workload may send frames that no hook sees: it has CAP_NET_RAW, and XDP sockets exist. */
  readonly bypassable?: boolean;
  /** False leaves the rules to any process that may change rules, as before Linux 6.9. */
  readonly owned?: boolean;
}

export interface RefusedConnection {
  readonly transport: "tcp" | "udp";
  readonly client: { readonly ip: string; readonly port: number };
  readonly server: { readonly ip: string; readonly port: number };
}

export class Fence {
  readonly #standing: Standing;
  readonly #watch: Watch;
  readonly #attempts = openAttempts();
  #mayPass: boolean;

  private constructor(options: FenceOptions) {
    const { channel, bypassable = false } = options;
    const opened = channel && openChannel(channel);
    const denied = opened !== undefined && "denied" in opened ? opened.denied : undefined;
    const bound = opened !== undefined && "denied" in opened ? undefined : opened;
    this.#standing = new Standing(options, bound);
    if (denied !== undefined) this.#standing.remarks.push(`the channel is denied: ${denied}`);
    this.#mayPass = bypassable;
    const { nft, route, netdev, state } = this.#standing;
    this.#watch = new Watch(nft, route, netdev);
    this.#watch.settle();
    this.#watch.count(state.isCut);
  }

  /**
   * Reads what stands in this thread's network namespace, and puts this version's rules in its place. A
   * cut that it finds stays. Throws `KernelRefused`, which names the capability.
   */
  static open(options: FenceOptions): Fence {
    return new Fence(options);
  }

  state(): "open" | "cut" {
    return this.#standing.state.isCut ? "cut" : "open";
  }

  /** What stood in the kernel before us: another run's rules, of this version or not. */
  get found(): Found {
    return this.#standing.found;
  }

  /** What this fence cannot do here, a sentence each. */
  get remarks(): readonly string[] {
    return this.#standing.remarks;
  }

  /** How a workload could get past a cut; undefined where no way is known, or links go down for it. */
  get bypassable(): string | undefined {
    if (!this.#mayPass || this.#standing.channel === undefined) return undefined;
    const how = this.#standing.netdev ? "XDP sockets pass every hook" : "raw frames meet no hook";
    return `${how}, and the link stays up for the channel`;
  }

  /**
   * The workload may from now on send frames that no hook sees, or may no longer: a workload often starts
   * after its gate. A cut that stands takes the links down as well.
   */
  mayBePassed(is: boolean): void {
    const isNews = is && !this.#mayPass;
    this.#mayPass = is;
    if (isNews && this.state() === "cut") this.#takeLinksDown();
  }

  /** Ends this connection, and drops what goes to its destination from now on. */
  refuse({ transport, client, server }: RefusedConnection): Outcome {
    const began = performance.now();
    const [near, far] = [endOf(client), endOf(server)];
    if (near === undefined || far === undefined) {
      return failed("refuse", false, `${client.ip} and ${server.ip}: expected two IP addresses`);
    }
    const key = refusedKey(far.address, transport, far.port);
    const known = this.#standing.state.refused.has(Buffer.from(key).toString("hex"));
    const answer = known ? undefined : this.#standing.refuse(key);
    const { diag } = this.#standing;
    const socket = findSocket(diag, transport, near, far);
    const ended = socket && destroySockets(diag, [socket]);
    if (answer !== undefined && answer.error !== 0) {
      const full = `${REFUSED_MAX} destinations are refused already, the most there is room for`;
      const isFull = answer.error === -ENFILE;
      return failed("refuse", !isFull, `not refused: ${isFull ? full : answer.says}`);
    }
    const place = `${server.ip.includes(":") ? `[${server.ip}]` : server.ip}:${server.port}`;
    const was = known ? "was refused already" : "is refused";
    const also = socket === undefined ? "no connection to it was left" : "its connection was ended";
    return {
      rung: "refuse",
      status: known && socket === undefined ? "unneeded" : "done",
      verified: findSocket(diag, transport, near, far) === undefined,
      tookMs: since(began),
      detail: `${place} ${was}; ${ended?.failed ?? also}`,
      release: RELEASE,
    };
  }

  /**
   * Cuts the workload off, from memory and at once. Safe to repeat.
   *
   * @param because for the outcome's detail; text from the wire may be in it: sinks escape
   */
  cut(because: string): Outcome {
    const began = performance.now();
    const wasCut = this.state() === "cut";
    const says = wasCut ? undefined : this.#standing.cut();
    if (says !== undefined) return failed("fence", true, `the rules of the cut: ${says}`);
    const shutMs = since(began);

    const down = this.#takeLinksDown();
    const { diag, channel } = this.#standing;
    const ended = endSockets(diag, channel);
    if (!wasCut) {
      this.#watch.settle();
      this.#watch.count(true);
    }
    const tried = attempt(this.#attempts, this.#standing.netdev ? this.#standing.links() : []);
    const problems = problemsOf(this.#standing, tried, {
      socketsLeft: ended.left,
      linksDown: this.#mayPass && channel === undefined,
    });
    if (this.bypassable !== undefined) problems.push(`it can be passed: ${this.bypassable}`);
    const count = `${ended.destroyed} connection${ended.destroyed === 1 ? "" : "s"} ended`;
    return {
      rung: "fence",
      status: wasCut ? "unneeded" : "done",
      verified: problems.length === 0,
      tookMs: since(began),
      droppedAfterMs: shutMs,
      detail: [
        wasCut ? `was cut off already (${because})` : `cut off in ${shutMs} ms (${because})`,
        ended.failed === undefined ? count : `${count}, others not: ${ended.failed}`,
        ...down,
        ...(tried.is === "untried" ? [`no frame was tried (${tried.why})`] : []),
        ...problems,
      ].join("; "),
      release: RELEASE,
    };
  }

  /** Opens the fence: no cut, no refused destination, links as they were before. */
  release(): Outcome {
    const began = performance.now();
    const { state, diag, channel, route, nft } = this.#standing;
    if (!state.isCut && state.refused.size === 0) {
      return { rung: "fence", status: "unneeded", verified: true, detail: "nothing was held back" };
    }
    // What was called meanwhile must not get through now: the rules still stand while it ends.
    if (state.isCut) endSockets(diag, channel);
    const says = this.#standing.install({ isCut: false, refused: new Map(), taken: [] });
    if (says !== undefined) return failed("fence", true, `opening the fence: ${says}`);
    const problems = putBack(route, state.taken);
    this.#watch.settle();
    this.#watch.count(false);
    const found = findTables(nft);
    const isOpen = typeof found !== "string" && !found.isCut && found.refused.length === 0;
    return {
      rung: "fence",
      status: "done",
      verified: isOpen && problems.length === 0,
      tookMs: since(began),
      detail: [state.isCut ? "released" : "refused destinations released", ...problems].join("; "),
    };
  }

  /**
   * Looks whether the fence is as it was made: C10 for what others changed, which is put back; C09 for
   * packets that left although the workload is cut off. New interfaces get hooks of their own. To be
   * called when `onChange` says so, and from time to time.
   */
  look(): readonly Finding[] {
    const findings = [...this.#watch.tampered(), ...this.#raisedLinks()];
    const isNew = this.#standing.unhooked().length > 0;
    const left = this.#watch.left();
    if (findings.length > 0 || isNew || this.#watch.isUnsure) {
      const says = this.#standing.install({});
      if (this.state() === "cut") this.#takeLinksDown();
      // Not settled, the same is found the next time, and tried again.
      if (says !== undefined) {
        return [...findings, gateTamperedFinding(`The fence is not put back: ${says}`), ...left];
      }
      this.#watch.settle();
      this.#watch.count(this.state() === "cut");
    }
    return [...findings, ...left];
  }

  /** Calls back when the kernel tells of changed rules or interfaces: `look` finds out. */
  onChange(callback: () => void): { stop(): void } {
    return this.#watch.onChange(callback);
  }

  /** The rules say under which policy they stand. Undefined when all went well. */
  setPolicy(policySha256: string): string | undefined {
    const says = this.#standing.install({ policySha256 });
    this.#watch.settle();
    return says;
  }

  /** Leaves the rules as they are: whoever comes next finds them. */
  close(): void {
    this.#standing.close();
    this.#watch.close();
    closeAttempts(this.#attempts);
  }

  /** Takes an open fence's rules away, and closes. A cut stays: only `release` opens it. */
  remove(): void {
    if (this.state() === "open") this.#standing.remove();
    this.close();
  }

  /** Where no hook sees everything, and no channel needs the link. What happened, a sentence each. */
  #takeLinksDown(): string[] {
    if (!this.#mayPass || this.#standing.channel !== undefined) return [];
    const { route, state } = this.#standing;
    const links = this.#standing.links();
    const unkept = this.#standing.keep(settingsToKeep(route, links, state.taken));
    return [...takeDown(route, links), ...unkept];
  }

  /** Links that we took down and somebody else raised. */
  #raisedLinks(): Finding[] {
    if (this.state() === "open") return [];
    const down = downLinks(this.#standing.state.taken);
    return this.#standing
      .links()
      .filter(({ index, up }) => up && down.has(index))
      .map(({ name }) => gateTamperedFinding(`${name} was raised although the cut took it down`));
  }
}

function endOf({ ip, port }: { ip: string; port: number }): SocketEnd | undefined {
  const address = ipBytes(ip);
  // What a program calls ::ffff:192.0.2.1 goes over the wire to 192.0.2.1.
  return address && { address: unmapped(address), port };
}

function failed(rung: Outcome["rung"], retry: boolean, detail: string): Outcome {
  return { rung, status: "failed", verified: false, retry, detail };
}

/** Milliseconds, to the microsecond. */
function since(began: number): number {
  return Math.round((performance.now() - began) * 1000) / 1000;
}

const RELEASE = "portcullis release";
const ENFILE = 23;
