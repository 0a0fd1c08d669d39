/** DNS messages, field by field (RFC 1035 §4, RFC 9460). */
import { concat, latin1, uint, vector } from "./bytes.ts";

export interface DnsShape {
  readonly id?: number;
  readonly name?: string;
  readonly type?: number;
  /** Of the header, without QR: `0x0100` asks for recursion. */
  readonly flags?: number;
  readonly answers?: readonly Uint8Array[];
  /** Bytes instead of a name. */
  readonly rawName?: Uint8Array;
}

export function dnsQuery(shape: DnsShape = {}): Uint8Array {
  return dnsMessage(shape, 0);
}

export function dnsAnswer(shape: DnsShape = {}): Uint8Array {
  return dnsMessage(shape, 0x8000);
}

function dnsMessage(shape: DnsShape, response: number): Uint8Array {
  const { id = 7, name = "a.example", type = 1, flags = 0x0100, answers = [], rawName } = shape;
  const header = [id, response | flags, 1, answers.length, 0, 0].map((value) => uint(value, 2));
  const question = concat(rawName ?? dnsName(name), uint(type, 2), uint(1, 2));
  return concat(...header, question, ...answers);
}

/** Uncompressed. */
export function dnsName(name: string): Uint8Array {
  const labels = name === "" ? [] : name.split(".").map((label) => vector(1, latin1(label)));
  return concat(...labels, uint(0, 1));
}

/** `name` as text, or raw bytes: `pointer(12)` is the question's. */
export function dnsRecord(
  name: string | Uint8Array,
  type: number,
  data: Uint8Array,
  ttl = 300,
): Uint8Array {
  const owner = typeof name === "string" ? dnsName(name) : name;
  return concat(owner, uint(type, 2), uint(1, 2), uint(ttl, 4), vector(2, data));
}

export function pointer(offset: number): Uint8Array {
  return uint(0xc000 | offset, 2);
}

/** ServiceMode of HTTPS and SVCB; params by key. */
export function serviceData(target: string, params: readonly [number, Uint8Array][]): Uint8Array {
  const list = params.map(([key, value]) => concat(uint(key, 2), vector(2, value)));
  return concat(uint(1, 2), dnsName(target), ...list);
}

/** An ECHConfigList of one configuration (RFC 9849 §4). */
export function echConfigList(id: number, publicName: string, version = 0xfe0d): Uint8Array {
  const contents = concat(
    uint(id, 1),
    uint(0x20, 2),
    vector(2, new Uint8Array(32)),
    vector(2, uint(1, 2), uint(1, 2)),
    uint(0, 1),
    vector(1, latin1(publicName)),
    vector(2),
  );
  return vector(2, concat(uint(version, 2), vector(2, contents)));
}
