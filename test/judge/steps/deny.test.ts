/** Step `deny`, as a table. */
import { describe } from "vitest";
import { chains, hashesOf, root } from "../scene.ts";
import { alone, check, DN, issuing } from "../table.ts";

describe("deny", () => {
  check([
    {
      name: "cuts on a denied key",
      policy: `deny: [{spki: ${issuing.spki}}]`,
      chain: "good",
      decision: "cut",
      rules: ["C01"],
    },
    {
      name: "cuts on a denied certificate that was not sent",
      policy: `deny: [{certificate: ${hashesOf(root).certificate}}]`,
      chain: "good",
      decision: "cut",
      rules: ["C01"],
      says: /is on its path/,
    },
    {
      name: "cuts on a denied certificate that is an unused extra",
      policy: `unknown: report, deny: [{spki: ${issuing.spki}}]`,
      chain: "with an unknown issuer and an approved extra",
      decision: "cut",
      rules: ["C01", "A15"],
    },
    {
      name: "refuses when the line says so",
      policy: `deny: [{spki: ${issuing.spki}, then: refuse}]`,
      chain: "good",
      decision: "refuse",
      rules: ["C01"],
    },
    {
      name: "takes the strictest of several lines",
      policy: `deny: [{spki: ${issuing.spki}, then: refuse}, {issuer: "CN=Corp Root"}]`,
      chain: "good",
      decision: "cut",
      rules: ["C01"],
      says: /^cut: .*\nrefuse: /,
    },
    {
      name: "knows a denied issuer by name alone",
      policy: `deny: [{issuer: "cn=corp  ca 2, o=example"}]`,
      chain: "without its intermediate",
      decision: "cut",
      rules: ["C01", "A15"],
      says: /denies CN=Corp CA 2,O=Example, which issued CN=api/,
    },
    {
      name: "is not appeased by an allow line",
      policy: `allow: [{spki: ${issuing.spki}}], deny: [{issuer: "${DN}"}]`,
      chain: "good",
      decision: "cut",
      rules: ["C01"],
    },
    {
      name: "means one certificate with all selectors of a line",
      policy: `deny: [{issuer: "CN=Corp Root", spki: ${issuing.spki}}]`,
      chain: "good",
      decision: "pass",
    },
    {
      name: "looks at client certificates",
      policy: `deny: [{spki: ${alone.spki}}]`,
      chain: "good",
      at: { clientChain: chains["self-signed"] },
      decision: "cut",
      rules: ["C01", "A15"],
    },
  ]);
});
