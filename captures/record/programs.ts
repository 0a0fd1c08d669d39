/** Our own peers, each as the first words of a command. */
import { join } from "node:path";
import type { Scene } from "./case.ts";
import { run } from "./process.ts";

export const NODE: readonly string[] = [process.execPath, join(import.meta.dirname, "peer.ts")];

/** Both ends of a handshake that no TLS library would make. */
export const IMPOSTOR: readonly string[] = [
  process.execPath,
  join(import.meta.dirname, "impostor.ts"),
];

/** Hides what a mail server offers. */
export const NODE_STRIPPER: readonly string[] = [
  process.execPath,
  join(import.meta.dirname, "stripper.ts"),
];

/** Java compiles the one file when it starts. */
export const JAVA: readonly string[] = ["java", join(import.meta.dirname, "Peer.java")];

/** Needs the package of that name from PyPI. */
export const AIOQUIC: readonly string[] = ["python3", join(import.meta.dirname, "quic_peer.py")];

/** Needs the package grpcio from PyPI. */
export const GRPC: readonly string[] = ["python3", join(import.meta.dirname, "grpc_client.py")];

export const ESP: readonly string[] = ["python3", join(import.meta.dirname, "esp.py")];

/** Builds the Go peer into the scene's folder: started by `go run` it would be a child of a child. */
export async function goPeer({ lab }: Scene): Promise<readonly string[]> {
  const program = join(lab.folder, "go-peer");
  await run(["go", "build", "-o", program, join(import.meta.dirname, "peer.go")]);
  return [program];
}
