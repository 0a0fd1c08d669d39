/**
 * Who signs in these captures. The corp root is the only one that `captures/portcullis.yaml` knows;
 * of its two issuing CAs the second is approved and the first retired, which the policy denies.
 */
import type { Certificate, Pki, Request } from "./pki.ts";

export interface Authorities {
  readonly corpRoot: Certificate;
  readonly corp: Certificate;
  readonly retired: Certificate;
  readonly stranger: Certificate;
  /** Of a partner, whose root nobody here knows: approved by its key alone, in `forged.yaml`. */
  readonly partner: Certificate;
  /** A server certificate from `corp` for one DNS name. */
  corpLeaf(name: string, more?: Partial<Request>): Promise<Certificate>;
  /** A server certificate from `stranger`, whom nobody approved. */
  strangerLeaf(name: string): Promise<Certificate>;
}

export async function makeAuthorities(pki: Pki): Promise<Authorities> {
  const root = { ca: true, key: "RSA-2048" } as const;
  const corpRoot = await pki.issue({ ...root, subject: "/O=Example Corp/CN=Corp Root CA" });
  const below = (number: number): Request => ({
    ca: true,
    issuer: corpRoot,
    subject: `/O=Example Corp/CN=Corp Issuing CA ${number}`,
    days: [-30, 1825],
  });
  const corp = await pki.issue(below(2));
  const retired = await pki.issue(below(1));
  const stranger = await pki.issue({
    ...root,
    subject: "/O=Inline Inspection Ltd/CN=Inspection Issuing CA",
    issuer: await pki.issue({ ...root, subject: "/O=Inline Inspection Ltd/CN=Inspection Root" }),
  });
  const partner = await pki.issue({
    ...root,
    subject: "/O=Partner/CN=Partner Issuing CA",
    issuer: await pki.issue({ ...root, subject: "/O=Partner/CN=Partner Root" }),
  });
  const leaf = { days: [-10, 390] } as const;
  return {
    corpRoot,
    corp,
    retired,
    stranger,
    partner,
    corpLeaf: (name, more) => {
      const subject = `/O=Example Corp/CN=${name}`;
      return pki.issue({ ...leaf, subject, names: [`DNS:${name}`], issuer: corp, ...more });
    },
    strangerLeaf: (name) => {
      const subject = `/O=Vendor/CN=${name}`;
      const request = {
        subject,
        names: [`DNS:${name}`],
        key: "RSA-2048",
        issuer: stranger,
      } as const;
      return pki.issue({ ...leaf, ...request });
    },
  };
}
