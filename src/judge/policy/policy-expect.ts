/** `expect` and `mesh` of a policy file as values. The schema has made sure that all can be read. */
import { parseDn } from "../../trust/name.ts";
import { parseTarget } from "../destination.ts";
import type { Expectation, HardwareIdentity, MeshLeg } from "../expectation.ts";
import type { Target } from "./policy.ts";
import type { WrittenPolicy } from "./policy-schema.ts";
import { parseHash } from "./policy-text.ts";
import type { Path } from "./yaml-source.ts";

type WrittenExpectation = NonNullable<WrittenPolicy["expect"]>[number];
type WrittenHardware = NonNullable<WrittenExpectation["hardware"]>;
type LineOf = (...path: Path) => number;

/** `lineOf` tells the file's line of a place in it. */
export function expectOf(written: readonly WrittenExpectation[], lineOf: LineOf): Expectation[] {
  return written.map((one, i) => expectation(one, lineOf("expect", i)));
}

export function meshOf(
  written: NonNullable<WrittenPolicy["mesh"]>,
  lineOf: LineOf,
): readonly MeshLeg[] {
  return written.map(({ ports }, i) => ({ line: lineOf("mesh", i), ports }));
}

function expectation(written: WrittenExpectation, line: number): Expectation {
  const { encryption, otherwise, hardware } = written;
  const { by, minVersion, ciphers, groups, keyTypes, visibleAt } = encryption;
  const { cidr, name, ports } = written.to;
  return {
    line,
    to: {
      ...(cidr !== undefined && { cidr: targetOf(cidr) }),
      ...(name !== undefined && { name: targetOf(name) }),
      ...(ports !== undefined && { ports }),
    },
    by,
    ...(minVersion !== undefined && { minVersion }),
    ...(ciphers !== undefined && { ciphers: [ciphers].flat() }),
    ...(groups !== undefined && { groups: [groups].flat() }),
    ...(keyTypes !== undefined && { keyTypes: [keyTypes].flat() }),
    ...(visibleAt !== undefined && { visibleAt }),
    ...(otherwise !== undefined && { otherwise }),
    ...(hardware !== undefined && { hardware: hardwareOf(hardware) }),
  };
}

function hardwareOf({ kind, identity }: WrittenHardware): NonNullable<Expectation["hardware"]> {
  return identity === undefined ? { kind } : { kind, identity: identityOf(identity) };
}

function identityOf({
  of,
  issuer,
  spki,
}: NonNullable<WrittenHardware["identity"]>): HardwareIdentity {
  return {
    of,
    ...(issuer !== undefined && { issuer, issuerKey: parseDn(issuer)! }),
    ...(spki !== undefined && { spki: parseHash(spki)! }),
  };
}

function targetOf(text: string): Target {
  return parseTarget(text) as Target;
}
