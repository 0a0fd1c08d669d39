/** TLS 1.2 that renegotiates, with its master secrets inside the file. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Case } from "../case.ts";
import { inClear } from "../ordinary.ts";
import { pause, run } from "../process.ts";
import { CERTIFICATE_IN_CLEAR } from "../seen.ts";
import { endpoint, opensslServer } from "../servers.ts";
import { logOf } from "./keys.ts";

export const renegotiatedCases: readonly Case[] = [
  {
    name: "keys-renegotiation",
    shows: `
TLS 1.2 in which the client starts a second handshake inside the first one's protection (RFC 5746), with the
master secrets of both (a Decryption Secrets Block, put in by \`editcap --inject-secrets\`): the messages of the
second handshake can be read, its certificate and its ticket among them. Nothing was said behind them.`,
    client: ["openssl"],
    server: ["openssl"],
    needs: ["editcap"],
    capture: { ending: "pcapng" },
    seen: [
      ...CERTIFICATE_IN_CLEAR,
      ["both ClientHellos, one of them decrypted", "tls.handshake.type == 1"],
      ["both Certificates, one of them decrypted", "tls.handshake.type == 11"],
    ],
    async record(scene) {
      const certificate = await scene.authorities.corpLeaf(NAME);
      const options = ["-tls1_2", "-client_renegotiation"];
      const server = await opensslServer(scene, { certificate, options });
      const port = await scene.lab.nextPort();
      const where = ["-connect", server, "-servername", NAME];
      const argv = ["openssl", "s_client", ...where, "-keylogfile", logOf(scene)];
      const program = scene.lab.start("client", argv);
      await program.until(() => program.output.includes("Verify return code"));
      program.write("R\n");
      await program.until(() => program.output.includes("RENEGOTIATING"));
      await pause(EXCHANGE_MS);
      program.write("Q\n");
      await program.ended;
      const line = inClear(endpoint("10.77.0.2", port), server, NAME, certificate);
      return [{ ...line, renegotiations: 1 }];
    },
    async finish(captured, file, scene) {
      const text = await readFile(logOf(scene), "latin1");
      const lines = text.split("\n").filter((line) => line.startsWith("CLIENT_RANDOM "));
      if (lines.length !== 2) throw new Error(`${lines.length} master secrets, expected 2`);
      const few = join(scene.lab.folder, "masters.txt");
      await writeFile(few, `${lines.join("\n")}\n`);
      await run(["editcap", "-F", "pcapng", "--inject-secrets", `tls,${few}`, captured, file]);
    },
  },
];

const NAME = "api.corp.example";
/** Longer than an exchange takes. */
const EXCHANGE_MS = 300;
