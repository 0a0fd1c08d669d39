/** The other end of the admin socket: one request of a command, and its answer. */
import { createConnection } from "node:net";

/** Nobody answers. The message says what to do. */
export class NoAnswer extends Error {
  override readonly name = "NoAnswer";
}

/** Rejects with `NoAnswer`. The answer has `ok`, and `why` where that is false. */
export function ask(
  path: string,
  request: object,
  timeoutMs = ANSWER_MS_MAX,
): Promise<Record<string, unknown>> {
  return new Promise((resolve, reject) => {
    const fail = (what: string) => {
      socket.destroy();
      reject(new NoAnswer(`${path}: ${what}; is \`portcullis watch\` running, with this --admin?`));
    };
    const socket = createConnection(path);
    socket.setTimeout(timeoutMs, () => fail(`no answer in ${timeoutMs} ms`));
    socket.on("error", (error) => fail("code" in error ? String(error.code) : error.message));
    let text = "";
    socket.setEncoding("utf8");
    socket.on("data", (piece: string) => {
      text += piece;
      const end = text.indexOf("\n");
      if (end < 0 && text.length > ANSWER_CHARACTERS_MAX) return fail("an answer without end");
      if (end < 0) return;
      socket.destroy();
      const answer = parsed(text.slice(0, end));
      if (answer === undefined) fail("an answer that is no JSON object");
      else resolve(answer);
    });
    socket.on("close", () => fail("closed without an answer"));
    socket.write(`${JSON.stringify(request)}\n`);
  });
}

function parsed(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

const ANSWER_MS_MAX = 10_000;
const ANSWER_CHARACTERS_MAX = 2 ** 20;
