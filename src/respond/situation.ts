/**
 * What the order of a cut is decided by (sequence.ts): what may happen, what is to be done, and how
 * things stand in between.
 */
import type { JournalRecord } from "./journal/record.ts";
import type { Cut, JournalState } from "./journal/state.ts";
import type { Outcome } from "./outcome.ts";

/** Why a workload is to be cut. Texts may be hostile: whoever prints them escapes them. */
export interface Because {
  /** By the wall clock, integer microseconds since 1970. */
  readonly atUs: number;
  /** Id of the finding's rule; "" by hand. */
  readonly rule: string;
  /** The person who asked for it; "" for the gate itself. */
  readonly by: string;
  readonly because: string;
  readonly policySha256: string;
  /** The connection that proved it, as lines name it; absent by hand. */
  readonly flow?: string;
}

export interface ReleaseWanted {
  /** Names the question, for its answer. */
  readonly id: number;
  readonly atUs: number;
  /** Of the newest cut that the person knows of. */
  readonly epoch: number;
  readonly by: string;
  readonly because: string;
}

export type SequenceEvent =
  /** The first of all: what was read back, and what stands in the kernel. */
  | {
      readonly is: "started";
      readonly journal: JournalState;
      readonly fence: "open" | "cut";
      readonly atUs: number;
    }
  | { readonly is: "cut-wanted"; readonly because: Because }
  | { readonly is: "fenced"; readonly epoch: number; readonly outcome: Outcome }
  | {
      readonly is: "recorded";
      readonly kind: "cut" | "release";
      readonly epoch: number;
      readonly durable: boolean;
      readonly why?: string;
    }
  /** The journal had its time. */
  | { readonly is: "late"; readonly epoch: number }
  /** The pause after a fence that failed is over. */
  | { readonly is: "again" }
  | ({ readonly is: "release-wanted" } & ReleaseWanted)
  | { readonly is: "opened"; readonly epoch: number; readonly outcome: Outcome };

export type Command =
  | { readonly do: "fence"; readonly epoch: number; readonly because: string }
  | { readonly do: "append"; readonly record: JournalRecord }
  | { readonly do: "wait"; readonly ms: number; readonly event: SequenceEvent }
  | ({ readonly do: "tell" } & Tidings)
  | { readonly do: "keep"; readonly epoch: number; readonly flows: readonly string[] }
  | { readonly do: "open"; readonly epoch: number }
  | {
      readonly do: "answer";
      readonly id: number;
      readonly status: Answer;
      readonly detail: string;
    };

/** What is told of a cut: once when it was fenced and the journal had its time, and when that changes. */
export interface Tidings {
  readonly epoch: number;
  readonly rule: string;
  readonly by: string;
  readonly because: string;
  /** Cuts that were recorded together, and the connections that proved them, the first few. */
  readonly times: number;
  readonly flows: readonly string[];
  readonly outcome: Outcome;
  readonly durable: boolean;
  /** Why it is not durable. */
  readonly why?: string;
}

export type Answer = "released" | "unneeded" | "refused" | "waiting" | "failed";

export interface Situation {
  /** Stands in each record. */
  readonly instance: string;
  /** Of the newest cut, 0 before the first. */
  readonly epoch: number;
  /** Absent when the workload is not to be cut. */
  readonly cut?: Cut;
  /** What the last command to the fence came to. */
  readonly fence: "open" | "cut" | "failing";
  /** Cuts that were not recorded yet: one that the journal writes, one that waits for it. */
  readonly cases: readonly Case[];
  /** A release that is being recorded. */
  readonly releasing?: ReleaseWanted;
  /** A release that is recorded while the fence did not open yet. */
  readonly opening?: ReleaseWanted;
}

/** A cut on its way to the journal. */
export interface Case {
  readonly phase: "fencing" | "queued" | "writing";
  readonly epoch: number;
  readonly because: Because;
  readonly times: number;
  readonly flows: readonly string[];
  readonly outcome?: Outcome;
  readonly wasTold: boolean;
}

export interface Step {
  readonly situation: Situation;
  readonly commands: readonly Command[];
}

/** Between tries of a fence that failed. */
export const FENCE_AGAIN_MS = 250;
