/**
 * The one shape every pure part of Portcullis has: give it input, get output, never wait.
 *
 * A stage holds no timer, reads no clock and opens nothing, and it never throws because of what it
 * was given: bytes that cannot be right come out as a `Malformed`, like any other output.
 */
export interface Stage<In, Out> {
  push(input: In): Out[];
  /** No more input will come. Returns whatever was still owed. */
  end(): Out[];
}

/** Bytes that cannot be right. Output like any other: the stage goes on, or says that it gave up. */
export interface Malformed {
  readonly kind: "malformed";
  /** Which reader says so, as `tls-record` or `pcapng-block`. */
  readonly at: string;
  /** What was found and what was expected: `18433 byte record, expected at most 18432`. */
  readonly reason: string;
  /** Bytes from the start of what that reader reads: a direction of a connection, a file. */
  readonly offset: number;
}
