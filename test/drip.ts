/**
 * TCP keeps order but not boundaries, so whatever reads a stream must answer the same however it was
 * cut. These are the ways of cutting that find a reader that does not.
 */

export interface Piece {
  readonly bytes: Uint8Array;
}

/**
 * The same bytes, sliced: byte by byte, in small pieces, and cut in two at every place. What else a
 * piece says (who sent it) is kept. Each slicing comes with a name to tell it by.
 */
export function* slicings<P extends Piece>(said: readonly P[]): Generator<[string, P[]]> {
  for (const size of SIZES) yield [`in pieces of ${size}`, said.flatMap((one) => chop(one, size))];
  for (const [which, piece] of said.entries()) {
    for (let at = 1; at < piece.bytes.length; at++) {
      const cut = [
        ...said.slice(0, which),
        { ...piece, bytes: piece.bytes.subarray(0, at) },
        { ...piece, bytes: piece.bytes.subarray(at) },
        ...said.slice(which + 1),
      ];
      yield [`piece ${which} cut at ${at}`, cut];
    }
  }
}

/**
 * What `read` makes of each slicing that differs from what it makes of the whole, by name: nothing, if
 * all is well. Compared as JSON, so that a chain's bytes count and object identity does not.
 */
export function differences<P extends Piece>(
  said: readonly P[],
  read: (said: readonly P[]) => unknown,
): Record<string, unknown> {
  const whole = JSON.stringify(read(said));
  const differing: Record<string, unknown> = {};
  for (const [name, pieces] of slicings(said)) {
    const answer = JSON.stringify(read(pieces));
    if (answer !== whole) differing[name] = { whole, answer };
    if (Object.keys(differing).length >= TOLD_MAX) break;
  }
  return differing;
}

function chop<P extends Piece>(piece: P, size: number): P[] {
  // A piece without bytes says something else, as that some were lost.
  if (piece.bytes.length === 0) return [piece];
  const pieces: P[] = [];
  for (let at = 0; at < piece.bytes.length; at += size) {
    pieces.push({ ...piece, bytes: piece.bytes.subarray(at, at + size) });
  }
  return pieces;
}

/** One byte, and sizes that share no factor with headers of 4 and 5 bytes or with each other. */
const SIZES = [1, 2, 3, 7, 61];
const TOLD_MAX = 3;
