/**
 * Somebody between a mail client and its server who hides the offer of STARTTLS, as some firewalls and
 * networks do: what the server says passes, but for the one word, which is written over and stays as long.
 *
 *     node stripper.ts -listen ADDRESS:PORT -connect ADDRESS:PORT
 */
import { connect, createServer } from "node:net";
import { Transform } from "node:stream";
import { parseArgs } from "node:util";

const argv = process.argv.slice(2).map((word) => word.replace(/^-(?=[a-z])/, "--"));
const { values } = parseArgs({
  args: argv,
  options: { listen: { type: "string" }, connect: { type: "string" } },
});

const server = createServer((client) => {
  const upstream = connect(place(values.connect));
  const hide = new Transform({
    transform: (piece: Buffer, _encoding, done) =>
      done(null, Buffer.from(piece.toString("latin1").replace(/STARTTLS/g, "XXXXXXXX"), "latin1")),
  });
  client.pipe(upstream).pipe(hide).pipe(client);
  client.on("error", () => upstream.destroy());
  upstream.on("error", () => client.destroy());
});
server.listen(place(values.listen));

function place(text = ""): { host: string; port: number } {
  const [host = "", port] = text.split(":");
  return { host, port: Number(port) };
}
