/**
 * Who meets whom: of one connection its direction, the workload that it is counted for, and where it
 * goes, as the judge's steps ask for them.
 */
import type { Flow, Side } from "../flow/event.ts";
import { canonical } from "../trust/host-name.ts";
import type { Bindings } from "./binding.ts";
import type { Direction } from "./case.ts";
import type { Destination } from "./destination.ts";
import { type IsNamed, meshLegAt } from "./expectation.ts";
import { Memo } from "./memo.ts";
import type { Policy } from "./policy/policy.ts";
import { type WorkloadEntry, Workloads } from "./workloads.ts";

export interface Meeting {
  readonly destination: Destination;
  readonly direction: Direction;
  /** IP of the client. */
  readonly client: string;
  readonly workload: string | undefined;
  readonly isNamed: IsNamed;
}

export interface Meeters {
  readonly flow: Flow;
  readonly client: Side;
  readonly atUs: number;
  /** As the client sent it. Hostile text. */
  readonly serverName?: string;
}

/** Which way a connection goes, seen from the hosts that are ours. */
export type DirectionOf = (flow: Flow, client: Side) => Direction;

export class Meetings {
  #policy: Policy;
  readonly #directionOf: DirectionOf;
  readonly #workloads: Workloads;
  #bindings: Bindings;
  readonly #names = new Memo<string>(NAMES_MAX);

  constructor(
    policy: Policy,
    directionOf: DirectionOf,
    workloads: readonly WorkloadEntry[],
    bindings: Bindings,
  ) {
    this.#policy = policy;
    this.#directionOf = directionOf;
    this.#workloads = new Workloads(workloads);
    this.#bindings = bindings;
  }

  adopt(policy: Policy, bindings: Bindings): void {
    this.#policy = policy;
    this.#bindings = bindings;
  }

  of({ flow, client, atUs, serverName }: Meeters): Meeting {
    const { ip, port } = flow.ends[client === 0 ? 1 : 0];
    const from = flow.ends[client].ip;
    const name = serverName === undefined ? undefined : this.#nameOf(serverName);
    const direction = this.#direction(flow, client, port);
    const workload = this.#workloads.of(direction === "ingress" ? ip : from);
    return {
      destination: { serverName, name, ip, port, workload },
      direction,
      client: from,
      workload,
      isNamed: (asked) => this.#bindings.of(asked, ip, from, atUs) === "bound",
    };
  }

  /** As lower-case A-labels; what cannot be a name is none. The same few are asked for all the time. */
  #nameOf(serverName: string): string | undefined {
    if (serverName.length > NAME_MAX) return undefined;
    const known = this.#names.get(serverName);
    if (known !== undefined) return known || undefined;
    const name = canonical({ kind: "dns", value: serverName });
    this.#names.set(serverName, name ?? "");
    return name;
  }

  /** A leg to the proxy of a mesh stays inside, wherever its address says it goes. */
  #direction(flow: Flow, client: Side, port: number): Direction {
    if (meshLegAt(this.#policy.mesh, port) !== undefined) return "internal";
    return this.#directionOf(flow, client);
  }
}

/** RFC 1035 §2.3.4, and a trailing dot. */
const NAME_MAX = 254;
const NAMES_MAX = 16_384;
