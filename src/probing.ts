/**
 * What a probe adds to a connection that hid its certificate: the chain that the server shows when it is asked
 * with the same hello, and whether that can have been in the connection.
 */
import type { TlsObservation } from "./inspect/observation.ts";
import type { Policy } from "./judge/policy/policy.ts";
import { ask } from "./probe/ask.ts";
import { matchFlights } from "./probe/flight-match.ts";
import { Prober } from "./probe/prober.ts";

/** Whether there is something to ask about: TLS 1.3 over TCP, its hello known, and nothing resumed. */
export function isProbeable({ transport, hello, certificates, early }: TlsObservation): boolean {
  return (
    transport === "tcp" && hello !== undefined && early !== true && certificates.why === "encrypted"
  );
}

/** For the captures of one call. */
export function proberOf({ never = [], perHour }: NonNullable<Policy["probe"]> = {}): Prober {
  const limits = { never, ...(perHour !== undefined && { perHour }) };
  return new Prober({ ask, nowMs: () => performance.now(), ...limits });
}

/**
 * The observation with what a probe was shown in the certificates' place; as it was when none was asked or
 * answered. A difference is looked at once more: a name may stand for several servers.
 */
export async function probedWith(
  prober: Pick<Prober, "probe" | "forget">,
  observation: TlsObservation,
): Promise<TlsObservation> {
  const once = await seenBy(prober, observation);
  if (once?.probed !== "differs") return once ?? observation;
  const { flow, client, hello } = observation;
  const { ip, port } = flow.ends[client === 0 ? 1 : 0];
  prober.forget({ ip, port, hello: hello! });
  return (await seenBy(prober, observation)) ?? once;
}

async function seenBy(
  prober: Pick<Prober, "probe">,
  observation: TlsObservation,
): Promise<TlsObservation | undefined> {
  const { flow, client, hello } = observation;
  const { ip, port } = flow.ends[client === 0 ? 1 : 0];
  const result = await prober.probe({ ip, port, hello: hello!, approved: false });
  const seen = result.asked ? result.answer.seen : undefined;
  if (seen === undefined || seen.certificates.chain.length === 0) return undefined;
  const { proof, unproved, stapled } = seen;
  const match = matchFlights(observation.flight, seen.flight);
  const compared = match === undefined ? "incomparable" : match.match ? "equal" : "differs";
  return {
    ...observation,
    certificates: { seen: "probe", chain: seen.certificates.chain },
    probed: compared,
    ...(proof !== undefined && { proof }),
    ...(unproved !== undefined && { unproved }),
    ...(stapled !== undefined && { stapled }),
  };
}
