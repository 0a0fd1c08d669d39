/** The last verdict about each place that was connected to: what `portcullis why` remembers. */
import type { Decision } from "../judge/policy/policy.ts";
import type { Place } from "./admin/answer.ts";
import type { Judged } from "./live-verdicts.ts";

export interface Sighting {
  /** `ip:port`, IPv6 in brackets. */
  readonly server: string;
  /** Of the certificate, if it was seen: wildcards among them. */
  readonly names: readonly string[];
  readonly atUs: number;
  readonly decision: Decision;
  /** The decision before audit or a guard lowered it. */
  readonly would?: Decision | undefined;
  /** Why, in the words of the step that decided. */
  readonly says: string;
  readonly findings: readonly string[];
}

export class Recent {
  /** By server, the one that was seen longest ago first. */
  readonly #sightings = new Map<string, Sighting>();

  /** A verdict about a connection, as the gate comes to it. */
  judged({ place, atUs, verdict, chain }: Judged): void {
    const { decision, would, reason, findings } = verdict;
    const said = reason.find(({ step }) => step !== "possession") ?? reason[0];
    const names = chain?.certificates[0]?.names ?? [];
    const { server } = place;
    this.add({ server, names, atUs, decision, would, says: said?.says ?? "", findings });
  }

  add(sighting: Sighting): void {
    this.#sightings.delete(sighting.server);
    this.#sightings.set(sighting.server, sighting);
    if (this.#sightings.size <= PLACES_MAX) return;
    for (const oldest of this.#sightings.keys()) {
      this.#sightings.delete(oldest);
      return;
    }
  }

  /** Those about a place, the newest first, at most `TOLD_MAX`. */
  about({ name, ip, port }: Place): readonly Sighting[] {
    return [...this.#sightings.values()]
      .filter(({ server, names }) => {
        const at = server.lastIndexOf(":");
        if (port !== undefined && Number(server.slice(at + 1)) !== port) return false;
        if (ip !== undefined) return server.slice(0, at).replace(/^\[|\]$/g, "") === ip;
        return name !== undefined && names.some((one) => covers(one, name));
      })
      .reverse()
      .slice(0, TOLD_MAX);
  }
}

/** RFC 6125 §6.4.3, as far as finding what a person means takes it. */
function covers(pattern: string, name: string): boolean {
  const lower = pattern.toLowerCase();
  if (!lower.startsWith("*.")) return lower === name;
  return name.slice(name.indexOf(".")) === lower.slice(1);
}

/** A workload that speaks to more places is a crawler. */
const PLACES_MAX = 512;
const TOLD_MAX = 5;
