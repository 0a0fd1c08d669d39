/**
 * ECHConfigList (RFC 9849 §4): what a server tells its clients to encrypt their ClientHello with.
 *
 *     list 2 + n   config   version 2 = 0xfe0d | length 2 | id 1 | KEM 2 | key 2 + n
 *                           suites 2 + n: (KDF 2, AEAD 2) ..
 *                           maximum_name_length 1 | public_name 1 + n | extensions 2 + n
 */
import { latin1, u16 } from "../tls/bytes.ts";

/** What a hello encrypted with it shows in clear. */
export interface EchConfig {
  readonly id: number;
  /** Goes into the outer hello as its server name. */
  readonly publicName: string;
}

/** Those of a known version, at most a few. A list that cannot be right has none. */
export function readEchConfigs(bytes: Uint8Array, from: number, to: number): readonly EchConfig[] {
  const configs: EchConfig[] = [];
  if (from + 2 > to || from + 2 + u16(bytes, from) !== to) return configs;
  for (let at = from + 2; at + 4 <= to && configs.length < CONFIGS_MAX; ) {
    const end = at + 4 + u16(bytes, at + 2);
    if (end > to) break;
    const config = u16(bytes, at) === VERSION ? readConfig(bytes, at + 4, end) : undefined;
    if (config !== undefined) configs.push(config);
    at = end;
  }
  return configs;
}

function readConfig(bytes: Uint8Array, from: number, to: number): EchConfig | undefined {
  if (from + 5 > to) return undefined;
  const suites = from + 5 + u16(bytes, from + 3);
  if (suites + 2 > to) return undefined;
  const name = suites + 2 + u16(bytes, suites) + 1;
  if (name >= to || name + 1 + bytes[name]! > to) return undefined;
  return { id: bytes[from]!, publicName: latin1(bytes, name + 1, name + 1 + bytes[name]!) };
}

const VERSION = 0xfe0d;
const CONFIGS_MAX = 8;
