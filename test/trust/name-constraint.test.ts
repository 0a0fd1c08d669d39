/** Name constraints, one name and one constraint at a time. */
import { describe, expect, test } from "vitest";
import { Budget } from "../../src/trust/budget.ts";
import { parseCertificate } from "../../src/trust/certificate.ts";
import { violation } from "../../src/trust/name-constraint.ts";
import {
  altNames,
  basicConstraints,
  dns,
  ecKey,
  email,
  ip,
  mint,
  name,
  nameConstraints,
  tlv,
  uri,
} from "./mint.ts";

const key = ecKey();
const dn = (...parts: string[]) => tlv(0xa4, name(...parts));
const mailAddress = (value: string) =>
  tlv(0x31, tlv(0x30, EMAIL_OID, tlv(0x16, Buffer.from(value))));
const EMAIL_OID = tlv(6, Uint8Array.from([0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 1]));

function ask(
  lists: { permitted?: Uint8Array[]; excluded?: Uint8Array[] },
  names: Uint8Array[],
  subject = tlv(0x30),
  isLeaf = true,
): string | undefined {
  const { permitted = [], excluded = [] } = lists;
  const parts = [basicConstraints(true), nameConstraints(permitted, excluded)];
  const ca = parseCertificate(mint({ key, extensions: parts }));
  const extensions = names.length === 0 ? undefined : [altNames(...names)];
  const certificate = parseCertificate(mint({ key, subject, issuer: name("ca"), extensions }));
  return violation(ca.nameConstraints!, { certificate, isLeaf }, new Budget());
}

describe("a name", () => {
  const cases: [string, Uint8Array, Uint8Array, permitted: boolean, excluded: boolean][] = [
    ["that is the domain", dns("example.com"), dns("example.com"), true, true],
    ["below the domain", dns("a.b.EXAMPLE.com"), dns("example.COM"), true, true],
    ["that only ends alike", dns("anexample.com"), dns("example.com"), false, false],
    ["above the domain", dns("com"), dns("example.com"), false, false],
    ["of any domain", dns("example.com"), dns(""), true, true],
    ["with a star below the domain", dns("*.example.com"), dns("example.com"), true, true],
    ["with a star that reaches into the domain", dns("*.com"), dns("example.com"), false, true],
    [
      "with a star that reaches into a domain of one letter",
      dns("*.Example.com"),
      dns("a.example.com"),
      false,
      true,
    ],
    ["with a star beside the domain", dns("*.org"), dns("example.com"), false, false],
    ["with a star far above", dns("*.com"), dns("a.example.com"), false, false],
    ["with a star above a single label", dns("*.example"), dns("example"), true, true],
    ["that is no DNS name", dns("a b"), dns("example.com"), false, true],
    ["in the range", ip(10, 1, 2, 3), ip(10, 0, 0, 0, 255, 0, 0, 0), true, true],
    ["outside the range", ip(11, 1, 2, 3), ip(10, 0, 0, 0, 255, 0, 0, 0), false, false],
    [
      "of the other family",
      ip(...new Array<number>(16).fill(0)),
      ip(0, 0, 0, 0, 0, 0, 0, 0),
      false,
      false,
    ],
    [
      "in an IPv6 range",
      ip(...new Array<number>(16).fill(1)),
      ip(...new Array<number>(32).fill(0)),
      true,
      true,
    ],
    ["that is the mailbox", email("me@Example.com"), email("me@example.COM"), true, true],
    ["that is another mailbox", email("you@example.com"), email("me@example.com"), false, false],
    [
      "that is a mailbox in capitals",
      email("ME@example.com"),
      email("me@example.com"),
      false,
      false,
    ],
    ["at the host", email("me@example.com"), email("example.com"), true, true],
    ["below the host", email("me@a.example.com"), email("example.com"), false, false],
    ["at a host of the domain", email("me@a.example.com"), email(".example.com"), true, true],
    [
      "at the host of the domain itself",
      email("me@example.com"),
      email(".example.com"),
      false,
      false,
    ],
    ["at any host", email("me@example.com"), email(""), true, true],
    ["that is a mailbox of one letter", email("m@a.example"), email("m@A.example"), true, true],
    ["that is a mailbox elsewhere", email("m@a.example"), email("m@b.example"), false, false],
    ["that is no mailbox", email("@example.com"), email("example.com"), false, true],
    ["at the URI's host", uri("https://example.com:1/x"), uri("example.com"), true, true],
    ["below the URI's host", uri("https://a.example.com/"), uri("example.com"), false, false],
    ["in the URI's domain", uri("spiffe://a.example.com/x"), uri(".example.com"), true, true],
    ["of a URI without host", uri("urn:x"), uri("example.com"), false, true],
    ["of a URI at an address", uri("https://192.0.2.1/"), uri("example.com"), false, true],
    ["below the DN", dn("O=a", "OU=b"), dn("O=A"), true, true],
    ["that is the DN", dn("O=a"), dn("O=a"), true, true],
    ["above the DN", dn("O=a"), dn("O=a", "OU=b"), false, false],
    ["beside the DN", dn("O=c", "OU=b"), dn("O=a"), false, false],
    [
      "of a form nobody compares",
      tlv(0x88, Uint8Array.of(0x2a)),
      tlv(0x88, Uint8Array.of(0x2a)),
      false,
      true,
    ],
  ];
  test.each(cases)("%s is judged right", (_, offered, base, permitted, excluded) => {
    expect([ask({ permitted: [base] }, [offered]) === undefined, "permitted"]).toEqual([
      permitted,
      "permitted",
    ]);
    expect([ask({ excluded: [base] }, [offered]) !== undefined, "excluded"]).toEqual([
      excluded,
      "excluded",
    ]);
  });

  test("of another form than what is permitted is free", () => {
    expect(ask({ permitted: [dns("example.com")] }, [email("me@example.org")])).toBeUndefined();
  });

  test("needs only one of what is permitted", () => {
    const permitted = [dns("example.org"), dns("example.com")];
    expect(ask({ permitted }, [dns("example.com")])).toBeUndefined();
    expect(ask({ permitted }, [dns("example.com"), dns("example.net")])).toContain("not permitted");
  });

  test("in the subject counts as well", () => {
    expect(ask({ excluded: [dn("O=a")] }, [dns("x.example")], name("O=a", "b"))).toContain(
      "excluded",
    );
  });

  test("in the common name of a leaf counts when there is no other", () => {
    const lists = { permitted: [dns("example.com")] };
    expect(ask(lists, [], name("example.org"))).toContain("not permitted");
    expect(ask(lists, [], name("example.com"))).toBeUndefined();
    expect(ask(lists, [], name("example.org"), false)).toBeUndefined();
    expect(ask(lists, [dns("example.com")], name("example.org"))).toBeUndefined();
    expect(ask(lists, [ip(192, 0, 2, 1)], name("example.org"))).toBeUndefined();
    expect(ask(lists, [], name("no host"))).toBeUndefined();
  });

  test("in the subject's emailAddress counts when there is no other", () => {
    const lists = { permitted: [email("example.com")] };
    const subject = tlv(0x30, mailAddress("me@example.org"));
    expect(ask(lists, [], subject)).toContain("not permitted");
    expect(ask(lists, [email("me@example.com")], subject)).toBeUndefined();
  });

  test("is refused when there are too many that permit to compare", () => {
    const many = Array.from({ length: 300 }, (_, i) => dns(`a${i}.example`));
    const names = many.map(() => dns("a299.example"));
    expect(ask({ permitted: many }, names)).toContain("was not compared: too many");
    expect(ask({ permitted: many }, names.slice(0, 166))).toBeUndefined();
  });

  test("is refused when there are too many to compare", () => {
    const many = Array.from({ length: 300 }, (_, i) => dns(`a${i}.example`));
    expect(
      ask(
        { excluded: many },
        many.map((_, i) => dns(`b${i}.example`)),
      ),
    ).toContain("too many");
  });
});

describe("a constraint", () => {
  test.each([
    ["a leading dot", dns(".example.com")],
    ["a star", dns("*.example.com")],
    ["a mask with holes", ip(10, 0, 0, 0, 255, 0, 255, 0)],
    ["an address without mask", ip(10, 0, 0, 0)],
    ["a mailbox without name", email("@example.com")],
    ["a dot for a mailbox's host", email(".")],
    ["a URI's host of one dot", uri(".")],
    ["a URI where a host belongs", uri("https://example.com")],
  ])("with %s lets nothing pass", (_, base) => {
    expect(ask({ permitted: [base] }, [dns("example.com")])).toContain("malformed");
    expect(ask({ excluded: [base] }, [dns("example.com")])).toContain("malformed");
  });
});
