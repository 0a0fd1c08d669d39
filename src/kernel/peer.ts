/**
 * Who is at the other end of a Unix socket, as the kernel remembers it from the moment of connect(2)
 * (unix(7), SO_PEERCRED). Nothing that the peer says or does later changes it.
 */
import { getsockopt, SOL_SOCKET } from "./libc.ts";

export interface Peer {
  /** In our process namespace; 0 when it is not visible there. */
  readonly pid: number;
  /** Effective, in our user namespace. */
  readonly uid: number;
  readonly gid: number;
}

/** Of a connected descriptor; undefined when the kernel does not say. */
export function peerOf(fd: number): Peer | undefined {
  const bytes = new Uint8Array(UCRED_BYTES);
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, bytes) !== UCRED_BYTES) return undefined;
  const view = new DataView(bytes.buffer);
  return {
    pid: view.getInt32(0, true),
    uid: view.getUint32(4, true),
    gid: view.getUint32(8, true),
  };
}

const SO_PEERCRED = 17;
/** struct ucred: pid, uid and gid. */
const UCRED_BYTES = 12;
