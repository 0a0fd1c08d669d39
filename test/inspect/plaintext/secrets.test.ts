/** What others' captures give away in clear is in nothing that the program prints about them. */
import { describe, expect, test } from "vitest";
import { portcullis } from "../../cli/program.ts";
import { readTruth, SHARED, sharedIsHere } from "../../truth/truth.ts";
import { exposedIn } from "./exposed.ts";

describe.skipIf(!sharedIsHere)("the captures of others", () => {
  test("print no secret, as text or as lines, nor on standard error", {
    timeout: 300_000,
  }, async () => {
    const secrets = new Set<string>();
    const paths: string[] = [];
    for (const { file } of readTruth()) {
      const found = await exposedIn(`${SHARED}/${file}`);
      const values = found.filter(({ what }) => SECRET.test(what)).map(({ value }) => value);
      if (found.length > 0) paths.push(`${SHARED}/${file}`);
      for (const value of values) if (isTelling(value)) secrets.add(value);
    }
    // They are known, and in captures that the program reads whole: what is not printed could have been.
    expect(secrets.size).toBeGreaterThan(60);
    expect(paths.length).toBeGreaterThan(100);
    for (const format of ["text", "jsonl"]) {
      let printed = 0;
      for (let from = 0; from < paths.length; from += AT_A_TIME) {
        const some = paths.slice(from, from + AT_A_TIME);
        const { out, err } = await portcullis(["replay", ...some, "--format", format, OBSERVE]);
        printed += out.length;
        expect([...secrets].filter((one) => out.includes(one) || err.includes(one))).toEqual([]);
      }
      expect(printed).toBeGreaterThan(10_000);
    }
  });
});

/** Somebody's password is `password`, which is what every line calls it. */
function isTelling(value: string): boolean {
  return value.length >= TELLING_BYTES && value !== "password";
}

const OBSERVE = "--observations";
/** Users and greetings are no secrets, and often words that stand elsewhere too. */
const SECRET = /password|authorization|community|cookie|response|token|proof/;
/** Fewer stand somewhere by chance. */
const TELLING_BYTES = 6;
/** Captures for one run: as one, since several are. */
const AT_A_TIME = 60;
