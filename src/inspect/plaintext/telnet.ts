/**
 * Telnet in clear (RFC 854): told by its option negotiation, `ff fb|fc|fd|fe option`, or by a prompt.
 *
 * There is no login in the protocol, only what a screen asks and a person types. So the credentials are
 * found as a reader would: the n-th line that the client sends answers the n-th prompt for a name or a
 * password. With characters sent one at a time it is the same, since only their order counts.
 */
import type { Detector, Exposure, Match, Opening } from "./detector.ts";
import type { Said } from "./said.ts";

export const telnet: Detector = {
  protocol: "telnet",
  transports: ["tcp"],
  begins: {},
  detect,
};

function detect({ client, server }: Opening): Match | undefined {
  const options = { client: negotiates(client), server: negotiates(server) };
  const [asked, answered] = [typed(client), typed(server)];
  const prompts = promptsOf(answered.text);
  if (!options.client && !options.server) {
    // A prompt alone: a terminal that leaves the negotiation out. Only a login says that it is one.
    if (!/(?:^|\n|\r)[^\r\n]{0,80}(?:login|username): ?/i.test(answered.text)) return undefined;
    const both = prompts.includes("user") && prompts.includes("password");
    if (!both || client.length === 0 || !isText(client)) return undefined;
    return { exposes: exposed(asked, prompts), startTls: "none", weak: true };
  }
  // Who asks for a name is the server; without that, who opened the connection is the client.
  if (prompts.length === 0 && promptsOf(asked.text).includes("password")) return undefined;
  if (client.length > 0 && !options.client && !isText(client)) return undefined;
  if (server.length > 0 && !options.server && !isText(server)) return undefined;
  return { exposes: exposed(asked, prompts), startTls: "none" };
}

/** Begins with options, or has some behind a little text. */
function negotiates({ text }: Said): boolean {
  return /^[\t\r\n\x07\x1b-\x7e\0]{0,512}(?:\xff[\xfb-\xfe][\0-\x31\x8a\xc8])/.test(text);
}

interface Typed {
  /** Without negotiation. */
  readonly text: string;
  /** Of each character of `text`, its offset. */
  readonly at: readonly number[];
}

function typed({ bytes }: Said): Typed {
  const at: number[] = [];
  let text = "";
  for (let index = 0; index < bytes.length; index++) {
    if (bytes[index] !== IAC) {
      text += String.fromCharCode(bytes[index]!);
      at.push(index);
      continue;
    }
    const command = bytes[++index]!;
    if (command >= WILL && command <= DONT) index++;
    if (command !== SB) continue;
    const end = bytes.indexOf(SE, index);
    if (end < 0) break;
    index = end;
  }
  return { text, at };
}

function promptsOf(text: string): ("user" | "password")[] {
  return [...text.matchAll(PROMPT)].map(([prompt]) => (/pass/i.test(prompt) ? "password" : "user"));
}

function exposed({ text, at }: Typed, prompts: readonly ("user" | "password")[]): Exposure[] {
  const lines = [...text.matchAll(/[^\r\n\0]+/g)];
  return prompts.flatMap((prompt, index): Exposure[] => {
    const line = lines[index];
    if (line === undefined) return [];
    const offset = at[line.index]!;
    const bytes = at[line.index + line[0].length - 1]! + 1 - offset;
    return [{ what: `telnet ${prompt}`, side: "client", offset, bytes }];
  });
}

function isText({ text }: Said): boolean {
  return /^[\x07-\x0d\x1b\x20-\x7e\x7f\0]*$/.test(text.slice(0, 256));
}

const IAC = 255;
const SE = 240;
const SB = 250;
const WILL = 251;
const DONT = 254;
const PROMPT = /(?:login|user ?name|user|password|passcode)\s?:(?: |$|(?=[^\w ]))/gi;
