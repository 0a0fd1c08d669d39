/**
 * Chooses how to capture: the first way that the kernel grants.
 *
 *     nflog      the first 64 KiB of each connection: nearly nothing is lost and nothing is slowed down
 *     ring       everything, in memory shared with the kernel; takes CAP_NET_RAW alone
 *     tcpdump    everything, through a pipe: where system calls of our own are not possible
 */
import { KernelRefused } from "../../kernel/libc.ts";
import type { LiveClock } from "./live-clock.ts";
import { openNflog } from "./nflog.ts";
import { openRing } from "./ring.ts";
import type { Tap, TapListener, TapMethod } from "./tap.ts";
import { openTcpdump } from "./tcpdump.ts";

export type TapChoice = TapMethod | "auto";

export interface TapOptions {
  readonly clock: LiveClock;
  readonly choice: TapChoice;
  /** Room for what was not read yet; default: as is right for each way. */
  readonly bufferBytes?: number | undefined;
}

export interface Opened {
  readonly tap: Tap;
  /** What was chosen, and why nothing before it: to be said at the start. */
  readonly why: string;
}

/** Begins to capture. Throws `KernelRefused` where no way is granted that was asked for. */
export function openTap(listener: TapListener, options: TapOptions): Opened {
  const { clock, choice, bufferBytes } = options;
  const refused: string[] = [];
  const methods = choice === "auto" ? METHODS : [choice];
  for (const method of methods) {
    const tap = OPENERS[method](listener, { clock, bufferBytes });
    if (typeof tap !== "string") return { tap, why: whyOf(method, choice, refused) };
    refused.push(`${method}: ${tap}`);
  }
  const needs = "CAP_NET_ADMIN for nflog, or CAP_NET_RAW for the ring and for tcpdump";
  throw new KernelRefused(`capturing packets (${refused.join("; ")})`, -EPERM, needs);
}

function whyOf(method: TapMethod, choice: TapChoice, refused: readonly string[]): string {
  if (choice !== "auto") return `${method}: asked for`;
  if (refused.length === 0) return `${method}: ${ADVANTAGE}`;
  return `${method}, because of what is better the kernel refuses ${refused.join("; ")}`;
}

const METHODS: readonly TapMethod[] = ["nflog", "ring", "tcpdump"];
const OPENERS = { nflog: openNflog, ring: openRing, tcpdump: openTcpdump };
const ADVANTAGE = "the first 64 KiB of each connection, which costs least and loses least";
const EPERM = 1;
