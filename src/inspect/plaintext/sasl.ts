/**
 * Where a SASL exchange (RFC 4422) that lines carry in base64 gives a credential away: the initial
 * response on the command's own line, or the client's lines behind it.
 */
import type { Exposure } from "./detector.ts";
import type { TextLine } from "./lines.ts";

export interface Exchange {
  readonly protocol: string;
  readonly mechanism: string;
  /** The response on the command's line, if one is there. */
  readonly initial?: TextLine | undefined;
  /** The client's lines behind the command. */
  readonly following: readonly TextLine[];
}

/** What it exposes, and how many of the following lines belong to it. */
export function saslExposures(exchange: Exchange): { exposes: Exposure[]; lines: number } {
  const { protocol, following } = exchange;
  const mechanism = exchange.mechanism.toUpperCase();
  const initial = exchange.initial?.text === "=" ? undefined : exchange.initial;
  const wanted = RESPONSES[mechanism] ?? ["response"];
  const responses = initial === undefined ? [] : [initial];
  let lines = 0;
  for (const line of following) {
    // `*` gives up, and what is no base64 is a command again.
    if (responses.length >= wanted.length || !BASE64.test(line.text)) break;
    lines++;
    responses.push(line);
  }
  const exposes = responses.map(({ text, at }, index): Exposure => {
    const what = `${protocol} ${wanted[index] ?? "response"}`;
    return { what, side: "client", offset: at, bytes: text.length };
  });
  return { exposes, lines };
}

/** What a mechanism's responses hold, in order; of others, proofs from which a password may be guessed. */
const RESPONSES: Readonly<Record<string, readonly string[]>> = {
  PLAIN: ["user and password"],
  LOGIN: ["user", "password"],
  "CRAM-MD5": ["password proof"],
  "DIGEST-MD5": ["password proof", "response"],
  NTLM: ["response", "password proof"],
  XOAUTH2: ["token"],
  OAUTHBEARER: ["token"],
  EXTERNAL: ["user"],
  ANONYMOUS: ["user"],
  "SCRAM-SHA-1": ["user", "password proof"],
  "SCRAM-SHA-256": ["user", "password proof"],
};

/** At least one quantum, since a command such as QUIT is base64's alphabet as well. */
const BASE64 =
  /^(?:[A-Za-z0-9+/]{4})+(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$|^[A-Za-z0-9+/]{2,3}={1,2}$/;
