/** What `policy check` says of expectations that nothing can meet or reach. */
import { expect, test } from "vitest";
import { expectRemarks } from "../../../src/judge/check/check-expect.ts";
import { expecting } from "../encounter.ts";

const line = (to: string, more = "") => `  - {to: {${to}}, encryption: {by: tls${more}}}`;

test.each<[name: string, lines: string[], says: string[]]>([
  [
    "a suite that IANA does not have, with the nearest",
    [line("cidr: 10.0.0.0/8", ", ciphers: [aes-gcm, TLS_AES_265_GCM_SHA384]")],
    ["TLS_AES_265_GCM_SHA384 is the name of no suite, did you mean TLS_AES_256_GCM_SHA384?"],
  ],
  [
    "a group, and a kind of key",
    [line("cidr: 10.0.0.0/8", ", groups: X25519MLKEM786, keyTypes: [rsa-3072, ed2519]")],
    [
      "X25519MLKEM786 is the name of no group, did you mean X25519MLKEM768?",
      "ed2519 is the name of no kind of key, did you mean ed25519?",
    ],
  ],
  [
    "a line below a wider one",
    [line("cidr: 10.0.0.0/8"), line("cidr: 10.20.0.0/16, ports: [5432]")],
    ["line 4 covers all that this line covers, and stands first"],
  ],
  [
    "and nothing of a narrow line above a wide one, and of right names",
    [
      line("cidr: 10.20.0.0/16, ports: [5432]", ", groups: x25519, keyTypes: [ec, secp256r1]"),
      line("cidr: 10.0.0.0/8", ", ciphers: chacha20"),
    ],
    [],
  ],
])("%s", async (_, lines, says) => {
  const remarks = expectRemarks(await expecting(lines.join("\n")));
  expect(remarks.map((remark) => remark.says)).toEqual(says);
});
