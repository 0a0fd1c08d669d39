/**
 * What a policy file may say (INTERFACE, "Policy"), as zod sees it. Unknown keys are refused
 * everywhere: a misspelt `deny` must not be silence.
 *
 * Keys of later steps are checked as strictly as the others and kept. Messages here say what was
 * expected; schema-problem.ts adds what was found, and where.
 */
import * as z from "zod";
import { parseDn } from "../../trust/name.ts";
import { parseTarget } from "../destination.ts";
import { ENCRYPTED_BY, HARDWARE, MIN_VERSIONS, VANTAGES } from "../expectation.ts";
import { DECISIONS, TOLERABLE } from "./policy.ts";
import { endOfDayOrMoment, parseHash, startOfDayOrMoment } from "./policy-text.ts";

/**
 * What an editor can say about a text before this program reads it. Looser than the checks: the 30th of
 * February, host bits and the inside of a name are left to them (test/judge/policy-json-schema.test.ts).
 */
const PATTERN = {
  destination: "^[^\\s/]+(?:/\\d{1,3})?$",
  hash: "^(?:[0-9a-fA-F]{64}|sha256/[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=?)$",
  moment: "^\\d{4}-[01]\\d-[0-3]\\d(?:T[0-2]\\d:[0-5]\\d(?::[0-5]\\d)?Z)?$",
  dn: "^\\s*[A-Za-z0-9][A-Za-z0-9.-]*\\s*=",
} as const;

const decision = z.enum(DECISIONS).meta({ id: "decision" });
/** What was not seen is never clean, so `pass` is not among these. */
const blind = z.enum(["report", "refuse", "cut"]);
const port = z.int().min(1).max(65535);
const text = z.string().min(1).max(1000);

const target = z
  .string()
  .check((context) => {
    const parsed = parseTarget(context.value);
    if (typeof parsed === "string") context.issues.push(problem(context.value, parsed));
  })
  .meta({ id: "destination", pattern: PATTERN.destination });
const targets = z.array(target).min(1);
const address = z.string().check((context) => {
  const parsed = parseTarget(context.value);
  const isOne =
    typeof parsed !== "string" && parsed.kind === "cidr" && !context.value.includes("/");
  if (!isOne) context.issues.push(problem(context.value, "an IP address"));
});
const cidr = z.string().check((context) => {
  const parsed = parseTarget(context.value);
  if (typeof parsed === "string") context.issues.push(problem(context.value, parsed));
  else if (parsed.kind !== "cidr")
    context.issues.push(problem(context.value, "an address or a CIDR"));
});
const hash = z
  .string()
  .refine(
    (value) => parseHash(value) !== undefined,
    "64 hexadecimal digits or `sha256/` and Base64 of 32 bytes",
  )
  .meta({ id: "sha256", pattern: PATTERN.hash });
const moment = z
  .string()
  .refine(
    (value) => endOfDayOrMoment(value) !== undefined,
    "a date as 2027-06-30, or a time as 2027-06-30T12:00Z",
  )
  .meta({ id: "moment", pattern: PATTERN.moment });
const dn = z
  .string()
  .refine(
    (value) => (parseDn(value) ?? "") !== "",
    'a name as RFC 4514 writes it, "CN=Corp CA,O=Example Corp"',
  )
  .meta({ id: "distinguished-name", pattern: PATTERN.dn });

/** One answer, or one with exceptions by destination. */
function setting<Answer extends z.ZodType>(answer: Answer) {
  // biome-ignore lint/suspicious/noThenProperty: INTERFACE names the key; its value is never a function.
  const entry = z.strictObject({ to: targets, then: answer });
  return z.union([answer, z.strictObject({ default: answer, for: z.array(entry) })]);
}

const allow = z
  .strictObject({
    issuer: dn.optional(),
    spki: hash.optional(),
    certificate: hash.optional(),
    roots: text.optional(),
    for: targets.optional(),
    ports: z.array(port).min(1).optional(),
    workloads: z.array(text).min(1).optional(),
    expires: moment.optional(),
    approved: z
      .strictObject({ by: text.optional(), on: moment.optional(), because: text.optional() })
      .optional(),
    tolerate: z.array(z.enum(TOLERABLE)).optional(),
  })
  .refine(
    ({ issuer, spki, certificate, roots }) =>
      (issuer ?? spki ?? certificate ?? roots) !== undefined,
    "`issuer`, `spki`, `certificate` or `roots`: a line must say whom it approves",
  )
  .meta(oneOfThese("issuer", "spki", "certificate", "roots"));

const deny = z
  .strictObject({
    issuer: dn.optional(),
    spki: hash.optional(),
    certificate: hash.optional(),
    // biome-ignore lint/suspicious/noThenProperty: INTERFACE names the key; its value is never a function.
    then: z.enum(["refuse", "cut"]).optional(),
    because: text.optional(),
  })
  .refine(
    ({ issuer, spki, certificate }) => (issuer ?? spki ?? certificate) !== undefined,
    "`issuer`, `spki` or `certificate`: a line must say whom it denies",
  )
  .meta(oneOfThese("issuer", "spki", "certificate"));

const issuers = z.strictObject({
  roots: z.array(text).optional(),
  crls: z.array(text).optional(),
  allow: z.array(allow).optional(),
  deny: z.array(deny).optional(),
  unknown: setting(decision).optional(),
  unapproved: setting(decision).optional(),
  selfSigned: setting(decision).optional(),
  hygiene: setting(decision).optional(),
  unseen: z
    .strictObject({
      encrypted: setting(z.union([blind, z.literal("probe")])).optional(),
      resumed: setting(z.union([blind, z.enum(["probe", "remember"])])).optional(),
      ech: setting(z.union([blind, z.literal("probe")])).optional(),
      otherwise: setting(blind).optional(),
    })
    .optional(),
});

const algorithms = z.union([text, z.array(text).min(1)]);
const encryption = z.strictObject({
  by: z.enum(ENCRYPTED_BY),
  minVersion: z.enum(MIN_VERSIONS).optional(),
  ciphers: algorithms.optional(),
  groups: algorithms.optional(),
  keyTypes: algorithms.optional(),
  visibleAt: z.enum(VANTAGES).optional(),
});
const identity = z
  .strictObject({ of: z.enum(["server", "client"]), issuer: dn.optional(), spki: hash.optional() })
  .refine(
    ({ issuer, spki }) => (issuer ?? spki) !== undefined,
    "`issuer` or `spki`: what the certificate must lead to",
  )
  .meta(oneOfThese("issuer", "spki"));
const expectation = z.strictObject({
  to: z.strictObject({
    cidr: cidr.optional(),
    name: target.optional(),
    ports: z.array(port).min(1).optional(),
  }),
  encryption,
  otherwise: decision.optional(),
  hardware: z
    .strictObject({ kind: z.enum(HARDWARE), identity: identity.optional() })
    .refine(
      ({ kind, identity }) => identity === undefined || kind === "hsm" || kind === "tpm",
      "`kind: hsm` or `kind: tpm`: only these hold the key of an identity",
    )
    .optional(),
});

const exception = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]));
const window = z
  .strictObject({
    name: text,
    scope: text,
    from: moment,
    to: moment,
    signedBy: hash,
    publicKey: text,
    signature: text,
  })
  .refine(
    ({ from, to }) => (startOfDayOrMoment(from) ?? 0) <= (endOfDayOrMoment(to) ?? Infinity),
    "`to` not before `from`",
  );
const count = z.int().min(0);
const guards = z.strictObject({
  maxCutsPer: z.strictObject({ count, minutes: z.int().min(1) }).optional(),
  keepHealthy: z.union([z.string().regex(/^\d{1,3}%$/, "a percentage as 50%"), count]).optional(),
  // biome-ignore lint/suspicious/noThenProperty: INTERFACE names the key; its value is never a function.
  sameIssuer: z.strictObject({ owners: count, then: decision }).optional(),
  protect: z.array(text).optional(),
});

export const policySchema = z.strictObject({
  version: z.literal(1),
  mode: z.enum(["audit", "enforce"]).optional(),
  issuers: issuers.optional(),
  transports: z
    .strictObject({
      quic: decision.optional(),
      udp: decision.optional(),
      icmp: decision.optional(),
      opaqueTcp: decision.optional(),
    })
    .optional(),
  resolvers: z.array(address).optional(),
  expect: z.array(expectation).optional(),
  mesh: z
    .array(z.strictObject({ ports: z.array(port).min(1), expect: z.literal("plaintext") }))
    .optional(),
  rules: z
    .record(
      z.string().regex(/^[ABCX]\d\d$/, "the id of a rule, as A02"),
      z.strictObject({ except: z.array(exception).optional() }),
    )
    .optional(),
  host: z
    .strictObject({
      trustStores: z
        .strictObject({
          baseline: text.optional(),
          allow: z
            .array(z.strictObject({ spki: hash.optional(), certificate: hash.optional() }))
            .optional(),
        })
        .optional(),
    })
    .optional(),
  windows: z.array(window).optional(),
  windowSigners: z.array(hash).optional(),
  environments: z
    .strictObject({ label: text.optional(), lenient: z.array(text).optional() })
    .optional(),
  probe: z.strictObject({ never: z.array(cidr).optional(), perHour: count.optional() }).optional(),
  respond: z
    .strictObject({
      ladder: z.array(z.enum(["refuse", "fence", "docker", "kubernetes", "webhook"])).optional(),
      onFailure: z.enum(["open", "closed"]).optional(),
      guards: guards.optional(),
      replacement: z.enum(["hold", "cut", "allow"]).optional(),
      release: z
        .strictObject({ by: z.literal("person").optional(), expires: text.optional() })
        .optional(),
    })
    .optional(),
});

/** What a file says when it is right; everything but `version` may be absent. */
export type WrittenPolicy = z.infer<typeof policySchema>;

/** For the published schema; zod itself is told by `refine`. */
function oneOfThese(...keys: string[]): z.core.GlobalMeta {
  return { anyOf: keys.map((key) => ({ required: [key] })) };
}

function problem(input: unknown, message: string): z.core.$ZodRawIssue {
  return { code: "custom", input, message };
}
