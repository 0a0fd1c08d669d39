/** Step `path`, as a table. */
import { describe } from "vitest";
import { alone, check, issuing } from "../table.ts";

describe("path", () => {
  check([
    { name: "passes a chain that leads to a root", policy: "", chain: "good", decision: "pass" },
    {
      name: "passes a chain that brings its root",
      policy: "",
      chain: "good with its root",
      decision: "pass",
    },
    {
      name: "cuts an issuer that nobody knows",
      policy: "",
      chain: "with an unknown issuer",
      decision: "cut",
      rules: ["A15"],
    },
    {
      name: "cuts a chain without its intermediate",
      policy: "",
      chain: "without its intermediate",
      decision: "cut",
      rules: ["A15"],
    },
    {
      name: "calls a self-signed leaf A16 and not A15",
      policy: "",
      chain: "self-signed",
      decision: "cut",
      rules: ["A16"],
    },
    {
      name: "does what `selfSigned` says",
      policy: "selfSigned: refuse",
      chain: "self-signed",
      decision: "refuse",
      rules: ["A16"],
    },
    {
      name: "does what `unknown` says",
      policy: "unknown: report",
      chain: "with an unknown issuer",
      decision: "report",
      rules: ["A15"],
    },
    {
      name: "lets the first matching exception decide",
      policy: `unknown: {default: cut, for: [{to: ["*.corp.example"], then: report}, {to: [192.0.2.0/24], then: refuse}]}`,
      chain: "with an unknown issuer",
      decision: "report",
      rules: ["A15"],
    },
    {
      name: "matches an exception by address",
      policy: `unknown: {default: cut, for: [{to: [192.0.2.0/24], then: refuse}]}`,
      chain: "with an unknown issuer",
      decision: "refuse",
      rules: ["A15"],
    },
    {
      name: "keeps the default elsewhere",
      policy: `unknown: {default: cut, for: [{to: [192.0.3.0/24], then: report}]}`,
      chain: "with an unknown issuer",
      decision: "cut",
      rules: ["A15"],
    },
    {
      name: "finds no path over a broken signature",
      policy: "",
      chain: "with a broken signature",
      decision: "cut",
      rules: ["A15"],
      says: /bad-signature/,
    },
    {
      name: "finds an unreadable certificate unknown and malformed",
      policy: "",
      chain: "unreadable",
      decision: "cut",
      rules: ["A15", "C03", "C04"],
    },
    {
      name: "is not moved by an approved certificate off the path",
      policy: `allow: [{spki: ${issuing.spki}}]`,
      chain: "with an unknown issuer and an approved extra",
      decision: "cut",
      rules: ["A15"],
    },
    {
      name: "trusts a key that a line names, without a root",
      policy: `allow: [{spki: ${issuing.spki}}]`,
      known: false,
      chain: "good",
      decision: "pass",
    },
    {
      name: "trusts a certificate that a line names, without a root",
      policy: `allow: [{certificate: ${issuing.certificate}}]`,
      known: false,
      chain: "good",
      decision: "pass",
    },
    {
      name: "makes a note of a self-signed leaf that a line names",
      policy: `allow: [{spki: ${alone.spki}}]`,
      chain: "self-signed",
      decision: "pass",
      rules: ["A16"],
    },
  ]);
});
