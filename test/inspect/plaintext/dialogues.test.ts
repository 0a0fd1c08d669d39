/** Every protocol's dialogue is told: both sides, one, in either role; and its secrets are found. */
import { describe, expect, test } from "vitest";
import { BINARY_DIALOGUES } from "./binary-dialogues.ts";
import { DIALOGUES, type Known } from "./dialogues.ts";
import { located, told } from "./told.ts";

describe.each([...DIALOGUES, ...BINARY_DIALOGUES])("$name", (known) => {
  test("is told", () => {
    expect(told(known)?.protocol).toBe(known.protocol);
    expect(told(known)?.client).toBe(0);
    expect(told(known)?.match.startTls).toBe(known.startTls ?? "none");
  });

  test("gives away what it says in clear, and no more", () => {
    expect(located(known)).toEqual(known.exposes);
  });

  test("is told as well when the server is taken for the client", () => {
    const { client, server, name } = known;
    if (SYMMETRIC.has(name) || known.symmetric === true) return;
    const turned = told({ ...known, client: server, server: client, turned: false });
    expect(turned?.protocol).toBe(known.protocol);
    expect(turned?.client).toBe(1);
  });

  test("is told by one side alone where that is said of it, and else by no other name", () => {
    for (const side of ["client", "server"] as const) {
      const said = sideAlone(known, side);
      const is = told(said)?.protocol;
      const enough = (known.alone ?? ["client", "server"]).includes(side);
      const told_ = enough ? known.protocol : is;
      expect({ side, is }).toEqual({ side, is: told_ });
      if (!enough) expect([undefined, known.protocol, ...(known.mayBe ?? [])]).toContain(is);
    }
  });

  test("cut short anywhere it is that or nothing, never another", () => {
    const { client, server } = known;
    const cuts = [
      ...cutsOf(client).map((cut) => ({ ...known, client: cut, cut: true })),
      ...cutsOf(server).map((cut) => ({ ...known, server: cut, cut: true })),
      ...cutsOf(client).map((cut) => ({ ...known, client: cut, server: "", cut: true })),
      ...cutsOf(server).map((cut) => ({ ...known, client: "", server: cut, cut: true })),
    ];
    const others = cuts.filter((cut) => {
      const is = told(cut);
      return is !== undefined && is.protocol !== known.protocol && !mayBe(known, is.protocol);
    });
    expect(others).toEqual([]);
  });
});

/** Both sides say the same, or it takes who began to tell one from the other. */
const SYMMETRIC = new Set(["SSH", "JDWP", "Redis by hand"]);

function sideAlone(known: Known, side: "client" | "server") {
  return side === "client" ? { ...known, server: "" } : { ...known, client: "" };
}

function cutsOf(text: string): string[] {
  return Array.from({ length: text.length }, (_, at) => text.slice(0, at));
}

/** Before it says what makes it special, it is the general case; and two mailbox logins begin alike. */
function mayBe({ protocol, mayBe }: Known, is: string): boolean {
  const general: Readonly<Record<string, readonly string[]>> = {
    websocket: ["http"],
    docker: ["http"],
    pop3: ["ftp"],
  };
  return (mayBe ?? general[protocol])?.includes(is) === true;
}
