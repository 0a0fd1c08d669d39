/**
 * What a person does about a finding: one sentence a rule, for the `do` line of the text output.
 *
 * Keyed by rule id (DETECTIONS); rules that are not here get the last sentence. `rules show` will tell
 * more at length.
 */
export function adviceFor(rule: string): string {
  return ADVICE[rule] ?? "Look at the connection in the capture, and at who opened it.";
}

const ADVICE: Readonly<Record<string, string | undefined>> = {
  A15:
    "Ask who runs this server. If it is meant to be reached, approve its issuer by key under " +
    "issuers.allow; if not, find what in the workload opened the connection.",
  A16:
    "Ask who runs this server. If it is yours, give it a certificate of an approved issuer, or approve " +
    "its key under issuers.allow; if not, find what in the workload opened the connection.",
  A18:
    "Not seen is not clean: nobody checked this certificate. A key log, a probe, or a capture that has " +
    "the first handshake shows it.",
  C01: "Stop the workload's connections to this server: the policy denies this issuer by name.",
  C02: "Have the certificate renewed. If it expired long ago, ask why the client accepts it.",
  C03: "The client asked for another name than the certificate holds: a wrong address, a wrong server, or someone between.",
  C04: "Have the certificate replaced by one with a key and a signature of today.",
  C08:
    "The same bytes of the stream were sent twice with different content, which hides one version from " +
    "an inspector. Keep the capture and look at both.",
};
