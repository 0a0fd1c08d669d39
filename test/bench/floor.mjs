/** Loads floor.ts the way the command loads itself: from V8's compile cache. */
import { enableCompileCache } from "node:module";
import { fileURLToPath } from "node:url";

enableCompileCache(fileURLToPath(new URL("../../node_modules/.cache/portcullis", import.meta.url)));
await import("./floor.ts");
