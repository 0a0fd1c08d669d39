/** HTTP/2 without TLS that is neither gRPC nor etcd, which stand before it. */
import type { Detector, Match, Opening } from "./detector.ts";
import { answer } from "./fit.ts";
import { exposedBy, requestsOf } from "./http2-frames.ts";

export const http2: Detector = {
  protocol: "http2",
  transports: ["tcp"],
  begins: { client: "P", server: "\0" },
  detect,
};

function detect({ client, server }: Opening) {
  const requests = requestsOf(client, server);
  return answer(
    requests.fit,
    (): Match => ({
      exposes: exposedBy("http2", requests),
      startTls: "none",
    }),
  );
}
