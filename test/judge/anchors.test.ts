/** What ends a path under a policy, and which of two equal roots counts. */
import { describe, expect, test } from "vitest";
import { anchorsOf } from "../../src/judge/anchors.ts";
import {
  defaultPolicy,
  type FileRoots,
  sealPolicy,
  withRoots,
} from "../../src/judge/policy/policy.ts";
import { mozillaAnchors } from "../../src/trust/anchors.ts";
import { parseCertificate } from "../../src/trust/certificate.ts";
import { pem } from "../wire/identity.ts";
import { hashesOf, identities, issuing, root, rootFile } from "./scene.ts";

const publicRoot = mozillaAnchors()[0]!.certificate!;
const publicFile: FileRoots = {
  kind: "file",
  name: "./public.pem",
  pem: pem("CERTIFICATE", publicRoot.der),
  certificates: [publicRoot.sha256],
};

const withAllow = (line: object) =>
  sealPolicy({
    ...defaultPolicy,
    issuers: { ...defaultPolicy.issuers, roots: [], allow: [{ ...line, tolerate: [] }] },
  });

describe("anchors", () => {
  test("are Mozilla's and those of the files", () => {
    const anchors = anchorsOf(withRoots(defaultPolicy, [rootFile(root)]));
    expect(anchors.naming(publicRoot)?.source).toBe("mozilla");
    expect(anchors.naming(parseCertificate(root.der))?.source).toBe("file");
    expect(anchors.naming(parseCertificate(issuing.der))).toBeUndefined();
  });

  test("take a root of both for Mozilla's, wherever the file stands in the list", () => {
    const issuers = { ...defaultPolicy.issuers, roots: [publicFile, { kind: "mozilla" } as const] };
    const anchors = anchorsOf(sealPolicy({ ...defaultPolicy, issuers }));
    expect(anchors.naming(publicRoot)?.source).toBe("mozilla");
  });

  test("are also what an allow line names, but not when the roots alone are asked for", () => {
    const certificate = parseCertificate(issuing.der);
    const { spki, certificate: sha256 } = hashesOf(identities.issuing);
    for (const line of [{ spki }, { certificate: sha256 }]) {
      const policy = withAllow(line);
      expect(anchorsOf(policy).naming(certificate)?.source).toBe("policy");
      expect(anchorsOf(policy, { allow: false }).naming(certificate)).toBeUndefined();
    }
  });

  test("are none for a line that names an issuer alone: anyone can write that name", () => {
    const policy = withAllow({ issuer: "CN=Corp CA 2,O=Example" });
    expect(anchorsOf(policy).naming(parseCertificate(issuing.der))).toBeUndefined();
  });
});
