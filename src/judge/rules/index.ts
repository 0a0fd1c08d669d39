/** Every rule there is, in the order of DETECTIONS. Nothing loads itself: a rule has a line here. */
import type { Rule } from "../finding.ts";
import { belowFloor } from "./below-floor.ts";
import { certificateDivergence } from "./certificate-divergence.ts";
import { cipherOrder } from "./cipher-order.ts";
import { deniedIssuer } from "./denied-issuer.ts";
import { evasion } from "./evasion.ts";
import { gateTampered } from "./gate-tampered.ts";
import { hsmIdentity } from "./hsm-identity.ts";
import { hsmSilent } from "./hsm-silent.ts";
import { linkVanished } from "./link-vanished.ts";
import { notValidAtTime } from "./not-valid-at-time.ts";
import { plaintextExpectedEncrypted } from "./plaintext-expected-encrypted.ts";
import { possessionFailed } from "./possession.ts";
import { readableRecords } from "./readable-records.ts";
import { selfSigned } from "./self-signed.ts";
import { trafficAfterCut } from "./traffic-after-cut.ts";
import { unbound } from "./unbound.ts";
import { uninspectable } from "./uninspectable.ts";
import { unknownIssuer } from "./unknown-issuer.ts";
import { weakOrMalformed } from "./weak-or-malformed.ts";
import { wrongName } from "./wrong-name.ts";

export type { Rule } from "../finding.ts";

export const RULES: readonly Rule[] = [
  unknownIssuer,
  selfSigned,
  uninspectable,
  plaintextExpectedEncrypted,
  linkVanished,
  readableRecords,
  cipherOrder,
  belowFloor,
  hsmSilent,
  hsmIdentity,
  deniedIssuer,
  notValidAtTime,
  wrongName,
  weakOrMalformed,
  possessionFailed,
  certificateDivergence,
  unbound,
  evasion,
  trafficAfterCut,
  gateTampered,
];

/** `id` as DETECTIONS has it, `A15`. */
export function ruleById(id: string): Rule | undefined {
  return RULES.find((rule) => rule.id === id);
}
