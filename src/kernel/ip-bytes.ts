/** Addresses as the kernel has them: 4 or 16 bytes in the order of the wire. */
import { isIP } from "node:net";

/** The bytes of a dotted IPv4 or an RFC 4291 IPv6 address, without a zone; undefined if it is none. */
export function ipBytes(text: string): Uint8Array | undefined {
  const version = text.includes("%") ? 0 : isIP(text);
  if (version === 4) return Uint8Array.from(text.split("."), Number);
  if (version !== 6) return undefined;
  const dotted = text.lastIndexOf(".") < 0 ? undefined : text.slice(text.lastIndexOf(":") + 1);
  const last = dotted === undefined ? [] : [...ipBytes(dotted)!];
  const groups =
    dotted === undefined ? text : text.slice(0, -dotted.length).replace(/([^:]):$/, "$1");
  const [head = "", tail] = groups.split("::");
  const [left, right] = [head, tail ?? ""].map((part) =>
    part.split(":").flatMap((group) => {
      const number = Number.parseInt(group, 16);
      return Number.isNaN(number) ? [] : [number >> 8, number & 0xff];
    }),
  ) as [number[], number[]];
  const bytes = new Uint8Array(16);
  bytes.set(left);
  bytes.set([...right, ...last], 16 - right.length - last.length);
  return bytes;
}

/** 4 bytes as they are, and those that `::ffff:a.b.c.d` maps: what goes over the wire as IPv4. */
export function unmapped(bytes: Uint8Array): Uint8Array {
  const mapped =
    bytes.length === 16 && bytes.subarray(0, 12).every((byte, i) => byte === MAPPED[i]);
  return mapped ? bytes.subarray(12) : bytes;
}

/** 127.0.0.0/8 and ::1, mapped or not. */
export function isLoopback(bytes: Uint8Array): boolean {
  const plain = unmapped(bytes);
  if (plain.length === 4) return plain[0] === 127;
  return plain.every((byte, i) => byte === (i === 15 ? 1 : 0));
}

const MAPPED = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];
