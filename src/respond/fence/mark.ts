/**
 * What our tables say of themselves, in the comment that nft(8) shows: whose they are, of which
 * version, and under which policy. A later start reads it and goes on from there.
 *
 *     portcullis fence 1 instance=web-7f9 policy=<64 hex digits>
 *
 * Versions may change everything but three things, by which a cut is known in any of them: the table's
 * name, the first two words of this mark, and the comment `cut` on a rule that a base chain has only
 * while the workload is cut.
 */

export interface Mark {
  readonly version: number;
  /** Which run of which container; at most 64 characters of a name. */
  readonly instance: string;
  readonly policySha256: string;
}

/** @throws when the instance or the policy's hash could not be read back: a caller's mistake */
export function writeMark({ version, instance, policySha256 }: Mark): string {
  const text = `portcullis fence ${version} instance=${instance} policy=${policySha256}`;
  if (readMark(text) === undefined) {
    throw new Error(
      `instance ${JSON.stringify(instance)}, policy ${JSON.stringify(policySha256)}: expected 1 to 64 ` +
        "characters of A-Z a-z 0-9 . _ : / - and a SHA-256 in lower-case hex",
    );
  }
  return text;
}

/** Undefined for anything that no version has written. */
export function readMark(text: string | undefined): Mark | undefined {
  const groups = text === undefined ? undefined : MARK.exec(text)?.groups;
  if (groups === undefined) return undefined;
  const { version, instance = "", policy = "" } = groups;
  return { version: Number(version), instance, policySha256: policy };
}

const MARK =
  /^portcullis fence (?<version>\d{1,6}) instance=(?<instance>[\w.:/-]{1,64}) policy=(?<policy>[0-9a-f]{64})$/;
/** Of the rules in ruleset.ts. This version reads the one before it and none later. */
export const VERSION = 1;
/** The comment of the rules that are there only while the workload is cut. */
export const CUT = "cut";
export const TABLE = "portcullis";
