/** Why a connection is opaque: what it is called when nothing said what it is. */
import { clientOf } from "../../flow/client.ts";
import type { Flow } from "../../flow/event.ts";
import type { OpaqueObservation } from "../observation.ts";
import type { Said } from "../plaintext/said.ts";
import { MEASURED_BYTES_MIN, type Measured, measure } from "./measure.ts";

export interface Unrecognised {
  readonly flow: Flow;
  readonly sides: readonly [Said, Said];
  /** Bytes at the beginning, or soon behind it, were lost. */
  readonly gap: boolean;
  /** What is known to encrypt, though what it does was not seen. */
  readonly encryption?: string | undefined;
}

/** What is said of it, or nothing where nobody said anything. */
export function opaque(seen: Unrecognised): OpaqueObservation | undefined {
  const { flow, sides, encryption } = seen;
  if (sides[0].length + sides[1].length === 0 && !seen.gap && encryption === undefined)
    return undefined;
  const measured = encryption === undefined ? measureSides(sides) : undefined;
  return {
    kind: "opaque",
    flow,
    client: clientOf(flow),
    atUs: flow.openedAtUs,
    why: whyOf(seen, measured),
    ...(encryption !== undefined && { encryption }),
    ...(measured && { entropy: measured.entropy, printable: measured.printable }),
  };
}

/** The side that gives more away: that one is in clear is not undone by the other. */
function measureSides([one, other]: readonly [Said, Said]): Measured | undefined {
  const first = one.length < MEASURED_BYTES_MIN ? undefined : measure(one.bytes);
  const second = other.length < MEASURED_BYTES_MIN ? undefined : measure(other.bytes);
  if (first === undefined || second === undefined) return first ?? second;
  return second.entropy < first.entropy ? second : first;
}

/** What was not seen goes before what was not understood. */
function whyOf(seen: Unrecognised, measured: Measured | undefined): OpaqueObservation["why"] {
  if (seen.gap) return "gap";
  // TLS whose beginning was seen would have an observation of its own.
  if (seen.encryption === "tls" && seen.flow.opener === undefined) return "joined-midstream";
  if (seen.encryption !== undefined) return "encrypted-unknown";
  if (measured?.random === true && measured.printable < PRINTABLE_MAX) return "encrypted-unknown";
  return seen.flow.opener === undefined ? "joined-midstream" : "unknown-protocol";
}

/** Random bytes are printable by 38 in 100; short base64 is as even as they are, and all of it is. */
const PRINTABLE_MAX = 0.8;
