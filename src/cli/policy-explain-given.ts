/** What the options of `policy explain` give: checked here, so that the judge need not doubt it. */
import { readFileSync } from "node:fs";
import { isIP } from "node:net";
import type { Given } from "../judge/explain/explain-assume.ts";
import { parseHash } from "../judge/policy/policy-text.ts";
import { pemCertificates } from "../trust/anchors.ts";
import { canonical } from "../trust/host-name.ts";
import { parseDn } from "../trust/name.ts";
import { type Chain, ChainStore } from "../trust/store.ts";
import { type Call, given, Misuse } from "./options.ts";
import { codeOf } from "./output.ts";
import { timeOf } from "./policy-time.ts";

/** Throws `Misuse`. */
export function givenIn(call: Call): Given {
  const name = given(call, "name");
  if (name !== undefined && canonical({ kind: "dns", value: name }) === undefined) {
    throw new Misuse(`--name ${name}: expected a DNS name, api.example.net`);
  }
  const issuer = given(call, "issuer");
  const issuerKey = issuer === undefined ? undefined : parseDn(issuer);
  if (issuer !== undefined && (issuerKey ?? "") === "") {
    throw new Misuse(`--issuer ${issuer}: expected a name, "CN=Corp CA,O=Example Corp"`);
  }
  const hash = given(call, "spki");
  const spki = hash === undefined ? undefined : parseHash(hash);
  if (hash !== undefined && spki === undefined) {
    throw new Misuse(`--spki ${hash}: expected 64 hexadecimal digits or sha256/ and Base64`);
  }
  const file = given(call, "chain");
  const chain = file === undefined ? undefined : chainIn(file);
  if (chain !== undefined) agree(chain, { issuer, issuerKey, spki });
  const workload = given(call, "workload");
  return { name, ...serverOf(call), workload, issuer, issuerKey, spki, chain, ...timeOf(call) };
}

function serverOf(call: Call): { ip?: string; port?: number } {
  const text = given(call, "server");
  if (text === undefined) return {};
  const match = SERVER.exec(text);
  const address = isIP(text) > 0 ? text : (match?.groups?.v6 ?? match?.groups?.v4 ?? "");
  const ip = canonical({ kind: "ip", value: address });
  const digits = isIP(text) > 0 ? undefined : match?.groups?.port;
  const port = digits === undefined ? undefined : Number(digits);
  if (ip === undefined || port === 0 || (port ?? 0) > 65535) {
    throw new Misuse(
      `--server ${text}: expected an address and a port, 192.0.2.7:443 or [::1]:443`,
    );
  }
  return port === undefined ? { ip } : { ip, port };
}

function chainIn(file: string): Chain {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    throw new Misuse(`--chain ${file}: cannot be read (${codeOf(error) ?? error})`);
  }
  const pem = Buffer.from(bytes).toString("latin1");
  const ders = bytes[0] === DER_SEQUENCE ? [bytes] : pemCertificates(pem);
  if (ders.length === 0) throw new Misuse(`--chain ${file}: found no certificate, expected PEM`);
  return new ChainStore().get(ders.slice(0, CHAIN_MAX));
}

/** A chain says all there is about issuers and keys; what else is given must be in it. */
function agree(
  { certificates }: Chain,
  { issuer, issuerKey, spki }: Pick<Given, "issuer" | "issuerKey" | "spki">,
): void {
  const names = certificates.flatMap((one) => [one.issuerKey, one.subjectKey]);
  if (issuerKey !== undefined && !names.includes(issuerKey)) {
    throw new Misuse(`--issuer ${issuer}: no certificate of --chain has this issuer`);
  }
  if (spki !== undefined && !certificates.some((one) => one.spkiSha256 === spki)) {
    throw new Misuse(`--spki: no certificate of --chain has this key`);
  }
}

const SERVER = /^(?:\[(?<v6>[^\]]+)\]|(?<v4>[^:[\]]+))(?::(?<port>\d{1,5}))?$/;
const DER_SEQUENCE = 0x30;
/** More than any server sends. */
const CHAIN_MAX = 100;
