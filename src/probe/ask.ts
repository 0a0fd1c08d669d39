/**
 * Asks one server, over a socket: the thin end that decides nothing.
 *
 * Whatever the server does, it is over after `PROBE_MS_MAX` and `PROBE_BYTES_MAX`: a server that says
 * nothing, drips, floods or resets gets the same answer, which is none.
 */
import { randomBytes } from "node:crypto";
import { connect, type Socket } from "node:net";
import type { Flow } from "../flow/event.ts";
import { Conversation, type Heard } from "./conversation.ts";

export interface Question {
  readonly ip: string;
  readonly port: number;
  /** Body of the workload's ClientHello, whole. */
  readonly hello: Uint8Array;
  /** At most, `PROBE_MS_MAX` if absent. */
  readonly msMax?: number;
  /** Ends it sooner than its own limits. */
  readonly signal?: AbortSignal;
  /** A connected socket to speak on: behind a proxy, or past a preamble. Else a new one is opened. */
  readonly socket?: Socket;
}

export interface Answer extends Heard {
  /** From the first byte sent to the end. */
  readonly tookMs: number;
  /** Bytes that the server sent. */
  readonly bytes: number;
}

/** Never rejects: what goes wrong is the answer's `why`. */
export function ask(question: Question): Promise<Answer> {
  const { ip, port, hello } = question;
  const conversation = Conversation.of(hello, flowTo(ip, port), randomBytes);
  const startedMs = performance.now();
  if (typeof conversation === "string") {
    const why = `the workload's hello cannot be cloned: ${conversation}`;
    const none = { complete: false, why, retried: false, leftOut: [] };
    return Promise.resolve({ ...none, tookMs: 0, bytes: 0 });
  }
  return new Promise((resolve) => {
    const socket = question.socket ?? connect({ host: ip, port, family: ip.includes(":") ? 6 : 4 });
    let bytes = 0;
    let over = false;
    const end = (why?: string): void => {
      if (over) return;
      over = true;
      clearTimeout(timer);
      question.signal?.removeEventListener("abort", aborted);
      const { farewell, heard } = conversation.end(why);
      // Whoever does not read it is not waited for.
      socket.end(farewell);
      setTimeout(() => socket.destroy(), FAREWELL_MS).unref();
      resolve({ ...heard, tookMs: performance.now() - startedMs, bytes });
    };
    const aborted = (): void => end("it was called off");
    const ms = Math.min(question.msMax ?? PROBE_MS_MAX, PROBE_MS_MAX);
    const timer = setTimeout(() => end(`no answer within ${ms} ms`), ms);
    question.signal?.addEventListener("abort", aborted, { once: true });
    if (question.signal?.aborted === true) return aborted();
    socket.on("error", (error: NodeJS.ErrnoException) =>
      end(`the connection failed: ${error.code}`),
    );
    socket.on("close", () => end("the server ended the connection"));
    socket.on("data", (piece: Buffer) => {
      if (over) return;
      bytes += piece.length;
      if (bytes > PROBE_BYTES_MAX) return end(`more than ${PROBE_BYTES_MAX} bytes of answer`);
      const said = conversation.push(piece);
      if (said.length > 0) socket.write(said);
      if (conversation.done) end();
    });
    socket.write(conversation.opening());
  });
}

function flowTo(ip: string, port: number): Flow {
  const ends = [
    { ip: "", port: 0 },
    { ip, port },
  ] as const;
  return { id: 0, transport: "tcp", ends, opener: 0, openedAtUs: 0 };
}

/** A workload's own handshake is over by then, and so is its interest. */
export const PROBE_MS_MAX = 3000;
/** Ten times the longest of real flights. */
export const PROBE_BYTES_MAX = 131_072;
const FAREWELL_MS = 200;
