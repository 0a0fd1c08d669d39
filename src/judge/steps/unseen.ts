/**
 * Step 6: what blindness is worth. Nothing unseen is clean: this step never asks for `pass` when the
 * certificate was not seen, and a policy cannot make it, but for a session that began where it was seen
 * and good, with `resumed: remember`.
 */
import type { Unproved, Unseen } from "../../inspect/observation.ts";
import { askable, type Case } from "../case.ts";
import { settingFor } from "../destination.ts";
import { type Decision, loosest, type UnseenClass } from "../policy/policy.ts";
import { uninspectableFinding } from "../rules/uninspectable.ts";
import type { Answer } from "../verdict.ts";
import { probedAnswers } from "./probed.ts";

export function unseenAnswers(context: Case): Answer[] {
  const { server, possession, unseen } = context;
  if (server === undefined) {
    if (context.early) return [blind(context, "0-rtt")];
    return [remembered(context) ?? blind(context, unseen ?? "cut-short")];
  }
  if (context.probed !== undefined) return probedAnswers(context);
  if (possession.state !== "unverified") return [];
  // Counts as the last one looked at, of the same key and server, which was good
  // (possession-checks.ts).
  if (possession.why === "budget") return [];
  return [blind(context, possession.why)];
}

/** The answer of a policy that remembers, where there is something to remember. */
function remembered({ policy, destination, resumption }: Case): Answer | undefined {
  const { answer, line } = settingFor(policy.issuers.unseen.resumed, destination);
  if (answer !== "remember" || resumption !== "known") return undefined;
  const says =
    "pass: the session began in a connection whose certificate was good (`unseen.resumed`: remember)";
  return { step: "unseen", ...(line === undefined ? {} : { line }), says, asks: "pass" };
}

function blind(context: Case, why: string): Answer {
  const { policy, destination, server } = context;
  const word = CLASS_OF[why as Unseen] ?? "otherwise";
  const asked = settingFor(policy.issuers.unseen[word], destination);
  let { line } = asked;
  let said: string = asked.answer;
  let decision: Decision;
  if (asked.answer === "probe" || asked.answer === "remember") {
    // Neither a probe nor a remembered session has an answer here, so `otherwise` decides.
    const other = settingFor(policy.issuers.unseen.otherwise, destination);
    decision = other.answer === "probe" || other.answer === "remember" ? "refuse" : other.answer;
    said = `${asked.answer}, without an answer ${decision}`;
    line = other.line ?? line;
  } else {
    decision = asked.answer;
  }
  let asks = askable(context, decision);
  if (policy.mode === "audit") asks = loosest(asks, "report");
  const because = server === undefined ? NOT_SEEN[why as Unseen] : notProved(why);
  const seen = server === undefined ? "not seen" : "not proved";
  const says = `${asks}: the server's identity was ${seen}, because ${because} (\`unseen.${word}\`: ${said})`;
  const finding = uninspectableFinding({ asks, why, because }, context);
  return { step: "unseen", ...(line === undefined ? {} : { line }), says, asks, finding };
}

const CLASS_OF: Partial<Record<Unseen, UnseenClass>> = {
  encrypted: "encrypted",
  quic: "encrypted",
  resumed: "resumed",
  ech: "ech",
};

function notProved(why: string): string {
  const known: string | undefined = NOT_PROVED[why as Unproved];
  return known ?? `the server's possession of its key is unverified (${why})`;
}

const NOT_SEEN: Record<Unseen | "0-rtt", string> = {
  "0-rtt": "the client sent data before it knew the server",
  encrypted: "TLS 1.3 encrypts the certificate",
  resumed: "the session was resumed and sends no certificate",
  ech: "the encrypted hello hides which server is meant",
  quic: "QUIC encrypts the handshake",
  "cut-short": "the handshake ended before the certificate",
  loss: "packets of the handshake are missing",
  "none-sent": "the server sent no certificate",
  "raw-public-key": "the server sent a key without a certificate",
};

/** Of a certificate that was seen, and could be a copy. */
const NOT_PROVED: Record<Unproved, string> = {
  "static-rsa": "with static RSA the server signs nothing with its key",
  "static-dh": "with static Diffie-Hellman the server signs nothing with its key",
  psk: "a shared key, and no signature, stands for the server",
  anonymous: "the cipher suite is anonymous",
  "unknown-exchange": "what the server signs is not known of this cipher suite",
  malformed: "the message with the server's signature cannot be read",
  limit: "the server's signature was beyond the memory for them",
  midstream: "the handshake's beginning, which the server signs, was not captured",
  loss: "packets with the server's signature are missing",
  "cut-short": "the handshake ended before the server's signature",
};
