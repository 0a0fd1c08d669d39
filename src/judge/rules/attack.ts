/** Tags of MITRE ATT&CK. Both strategies of DETECTIONS name one technique; behaviour has its own. */
import type { Attack } from "../finding.ts";

/** One tag for each technique that the behaviour really is. */
export function tagged(strategy: string, techniques: readonly string[]): readonly Attack[] {
  return Object.freeze(
    techniques.map((is) => Object.freeze({ strategy, is, version: ATTACK_VERSION })),
  );
}

/** "Install digital certificate", the source of the A rules. */
export const INSTALL_CERTIFICATE = "T1608.003";
/** "Disable crypto hardware", the source of the B rules. */
export const DISABLE_CRYPTO_HARDWARE = "T1600.002";
const ATTACK_VERSION = "18.1";
