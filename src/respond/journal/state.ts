/**
 * What a journal says about the workload: is it cut, why and since when, or who released it.
 *
 * Records are folded one after another, and only their epochs decide. A cut stands until a release
 * that carries its epoch or a later one, so a release that was given before a newer cut was known
 * does not undo it: the concurrent cut wins, in whatever order the two reached the disk.
 *
 * A slot that cannot be read may have been a cut, and nobody would know: it counts as one. Where it was
 * a release that was being written when the machine stopped, the cut before it still stands, which is
 * the same answer. So nothing that happens to a disk can release a workload.
 */
import type { JournalRecord, Slot } from "./record.ts";

export interface JournalState {
  /** Of the newest cut that is known of, 0 when there was none: what cut and release compare and swap. */
  readonly epoch: number;
  /** Absent when the workload is not cut. */
  readonly cut?: Cut;
  /** The last release; absent when there was none. */
  readonly released?: Release;
  /** Slots that were not empty, and those of them that are no record. */
  readonly slots: number;
  readonly damaged: number;
  /** The highest sequence number that was read. */
  readonly sequence: number;
}

export interface Cut {
  /** Of the newest cut that was made while it was cut: what a release has to name. */
  readonly epoch: number;
  /** Microseconds since 1970; NaN where the record of it cannot be read. */
  readonly sinceUs: number;
  readonly atUs: number;
  readonly rule: string;
  readonly by: string;
  readonly because: string;
  readonly policySha256: string;
  readonly instance: string;
}

export interface Release {
  readonly epoch: number;
  readonly atUs: number;
  readonly by: string;
  readonly because: string;
}

export const NOTHING_RECORDED: JournalState = { epoch: 0, slots: 0, damaged: 0, sequence: 0 };

/** The state behind one more slot, in the order in which they lie in the journal. */
export function fold(state: JournalState, slot: Slot): JournalState {
  if (slot.is === "empty") return state;
  const counted = { ...state, slots: state.slots + 1 };
  if (slot.is === "damaged") return suppose(counted, slot.reason);
  const sequence = Math.max(state.sequence, slot.sequence);
  return foldRecord({ ...counted, sequence }, slot.record);
}

/** The state behind one more record. */
export function foldRecord(state: JournalState, record: JournalRecord): JournalState {
  const epoch = Math.max(state.epoch, record.epoch);
  return record.kind === "cut"
    ? cutBy({ ...state, epoch }, record)
    : releasedBy({ ...state, epoch }, record);
}

/** The record that says all of a state that matters later: what a new segment begins with. */
export function carry(state: JournalState, instance: string): JournalRecord | undefined {
  const { cut, released } = state;
  if (cut !== undefined) {
    const sinceUs = Number.isNaN(cut.sinceUs) ? cut.atUs : cut.sinceUs;
    return { kind: "cut", ...cut, sinceUs, carried: true };
  }
  if (released === undefined) return undefined;
  const { atUs } = released;
  const nobody = { policySha256: "", rule: "", instance };
  return { kind: "release", ...nobody, ...released, sinceUs: atUs, carried: true };
}

function cutBy(state: JournalState, record: JournalRecord): JournalState {
  if (record.epoch <= (state.released?.epoch ?? 0)) return state;
  const { cut } = state;
  if (cut !== undefined && cut.epoch > record.epoch) return state;
  const known = cut !== undefined && !Number.isNaN(cut.sinceUs) ? cut.sinceUs : record.sinceUs;
  const { epoch, atUs, rule, by, because, policySha256, instance } = record;
  const sinceUs = Math.min(known, record.sinceUs);
  return {
    ...state,
    cut: { epoch, sinceUs, atUs, rule, by, because, policySha256, instance },
  };
}

function releasedBy(state: JournalState, record: JournalRecord): JournalState {
  const { epoch, atUs, by, because } = record;
  if (epoch < (state.released?.epoch ?? 0)) return state;
  const { cut, ...rest } = { ...state, released: { epoch, atUs, by, because } };
  return cut === undefined || cut.epoch <= epoch ? rest : { ...rest, cut };
}

function suppose(state: JournalState, reason: string): JournalState {
  const damaged = state.damaged + 1;
  if (state.cut !== undefined) return { ...state, damaged };
  const epoch = state.epoch + 1;
  const because = `a record of the journal cannot be read (${reason}), and may be a cut`;
  const unknown = { rule: "", by: "", policySha256: "", instance: "" };
  const cut = { epoch, sinceUs: Number.NaN, atUs: 0, ...unknown, because };
  return { ...state, epoch, damaged, cut };
}
