/** gRPC (its "PROTOCOL-HTTP2"): HTTP/2 requests whose content type begins with `application/grpc`. */
import type { Detector, Match, Opening } from "./detector.ts";
import { exposedBy, requestsOf } from "./http2-frames.ts";

export const grpc: Detector = {
  protocol: "grpc",
  transports: ["tcp"],
  begins: { client: "P", server: "\0" },
  detect,
};

function detect({ client, server }: Opening): Match | undefined {
  const requests = requestsOf(client, server);
  const isGrpc = requests.fields.some(
    ({ name, value }) => name === "content-type" && value.startsWith("application/grpc"),
  );
  return isGrpc ? { exposes: exposedBy("grpc", requests), startTls: "none" } : undefined;
}
