/**
 * What is wrong with the bytes of a certificate: a value, because attackers send garbage and garbage
 * is data. The finding table says what each name is worth; here they are only collected.
 */
import type { FaultName } from "./finding.ts";

export interface Fault {
  readonly name: FaultName;
  /** What was found and what was expected. May hold hostile text: escape before printing. */
  readonly detail: string;
  /** Bytes from the start of the certificate. */
  readonly offset: number;
}

/** Collects the first faults of one certificate; the rest are counted, so memory stays bounded. */
export class Faults {
  readonly list: Fault[] = [];
  dropped = 0;

  add(name: FaultName, offset: number, detail: string): void {
    if (this.list.length < FAULTS_MAX) this.list.push({ name, detail, offset });
    else this.dropped++;
  }
}

/** A certificate with more faults than this is not better understood by listing them. */
const FAULTS_MAX = 16;
