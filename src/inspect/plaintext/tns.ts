/**
 * Oracle's TNS, as Oracle's own traces and its open drivers show it.
 *
 *     | length (2, later 4) | checksum (2) | type | flags | checksum (2) | ..
 *     CONNECT 1   version (2) | oldest (2) | options (2) | .. | length (2) and offset (2) of (DESCRIPTION=..)
 *
 * Passwords travel encrypted with what the password itself makes (O5LOGON), so none is located. Oracle's own
 * network encryption may be agreed on inside; this does not read that.
 */
import type { Detector, Match, Opening } from "./detector.ts";
import { answer, type Fit, together } from "./fit.ts";
import { u16 } from "./number.ts";
import type { Said } from "./said.ts";

export const tns: Detector = { protocol: "tns", transports: ["tcp"], begins: {}, detect };

function detect({ client, server }: Opening) {
  const fit = together(connectFit(client), answerFit(server));
  return answer(fit, (): Match => ({ exposes: [], startTls: "none" }));
}

function connectFit(said: Said): Fit {
  const { bytes, length, text } = said;
  const fit = headerFit(said, [CONNECT]);
  if (fit !== "yes") return fit;
  if (length < 28) return "maybe";
  const from = u16(bytes, 26);
  if (!isVersion(u16(bytes, 8)) || u16(bytes, 10) > u16(bytes, 8) || from < 28) return "no";
  // A long description follows in a packet of its own.
  if (from >= u16(bytes, 0)) return "yes";
  const data = text.slice(from, from + 1);
  return data === "" ? "maybe" : data === "(" ? "yes" : "no";
}

function answerFit(said: Said): Fit {
  const { bytes, length, text } = said;
  const fit = headerFit(said, [ACCEPT, REFUSE, REDIRECT, RESEND]);
  if (fit !== "yes") return fit;
  const size = u16(bytes, 0);
  switch (bytes[4]) {
    case RESEND:
      return size === 8 ? "yes" : "no";
    case ACCEPT:
      if (length < 10) return "maybe";
      return isVersion(u16(bytes, 8)) && size >= 24 ? "yes" : "no";
    case REFUSE:
      return /^\((?:DESCRIPTION|ERR)/.test(text.slice(12)) ? "yes" : length < 16 ? "maybe" : "no";
  }
  return text.startsWith("(", 10) ? "yes" : length < 11 ? "maybe" : "no";
}

function headerFit({ bytes, length }: Said, types: readonly number[]): Fit {
  if (length < 8) return "maybe";
  if (u16(bytes, 0) < 8 || u16(bytes, 2) !== 0 || u16(bytes, 6) !== 0) return "no";
  return types.includes(bytes[4]!) && bytes[5]! <= FLAGS_MAX ? "yes" : "no";
}

/** 300 is Oracle 8 and 319 is 23ai. */
function isVersion(version: number): boolean {
  return version >= 300 && version <= 330;
}

const CONNECT = 1;
const ACCEPT = 2;
const REFUSE = 4;
const REDIRECT = 5;
const RESEND = 11;
const FLAGS_MAX = 0x3f;
