/**
 * etcd's API, version 3: gRPC to services of `etcdserverpb`. Whoever logs in sends name and password in one
 * message, fields 1 and 2 of AuthenticateRequest:
 *
 *     compressed 0 | length (4) | 0x0a length name | 0x12 length password
 */
import type { Detector, Exposure, Match, Opening } from "./detector.ts";
import { exposedBy, type Requests, requestsOf } from "./http2-frames.ts";
import type { Said } from "./said.ts";

export const etcd: Detector = {
  protocol: "etcd",
  transports: ["tcp"],
  begins: { client: "P", server: "\0" },
  detect,
};

function detect({ client, server }: Opening): Match | undefined {
  const requests = requestsOf(client, server);
  const isEtcd = requests.fields.some(
    ({ name, value }) =>
      name === ":path" && /^\/(?:etcdserverpb|v3lockpb|v3electionpb)\./.test(value),
  );
  if (!isEtcd) return undefined;
  const exposes = [...exposedBy("etcd", requests), ...passwords(client, requests)];
  return { exposes, startTls: "none" };
}

function passwords({ bytes }: Said, { fields, data }: Requests): Exposure[] {
  return fields
    .filter(({ name, value }) => name === ":path" && value === AUTHENTICATE)
    .flatMap(({ stream }) => {
      const [from, end] = data.get(stream) ?? [0, 0];
      const name = from + 5;
      const count = bytes[name + 1] ?? 0;
      const password = name + 2 + count;
      const length = bytes[password + 1] ?? 0;
      const shaped = bytes[name] === 0x0a && bytes[password] === 0x12;
      if (!shaped || length === 0 || password + 2 + length > end) return [];
      return [
        { what: "etcd user", side: "client", offset: name + 2, bytes: count },
        { what: "etcd password", side: "client", offset: password + 2, bytes: length },
      ] as const;
    });
}

const AUTHENTICATE = "/etcdserverpb.Auth/Authenticate";
