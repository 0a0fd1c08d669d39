#!/usr/bin/env -S MALLOC_ARENA_MAX=1 node --preserve-symlinks --max-semi-space-size=4 --no-allocation-site-pretenuring
/**
 * The door. Node strips the types of each module when it loads it, which costs 40 ms and more; with
 * V8's compile cache that is paid once. The cache lies beside the dependencies, so whoever could
 * poison it could as well change them. This one file is JavaScript because it must run before that.
 *
 * The flags above: short-lived garbage is nearly all there is, and V8's young generation of 3 x 16 MB
 * takes 25 MB more at the peak of 50,000 handshakes than 3 x 4 MB do, in the same time. And when
 * a thousand chains come at once, V8 takes it that what connections are made of lives long, makes
 * parts of them in its old space, and those keep each whole connection until the old space is
 * collected: 200 MB at the peak instead of 148, and 87 MB copied there instead of 28. The C library
 * keeps a heap for each of Node's threads, and they fragment: one for all takes 10 to 20 MB less. No module
 * of ours is behind a link, so looking for links at each of 180 would be in vain (6 ms at every start).
 */
import module from "node:module";
import { fileURLToPath } from "node:url";

const major = Number(process.versions.node.split(".")[0]);
if (major < 24) {
  process.stderr.write(
    `portcullis: this is Node ${process.versions.node}, expected 24 or later. ` +
      "Run `npm ci` once in the project: it installs the right one, and `npx --no portcullis` uses it.\n",
  );
  process.exit(2);
}
module.enableCompileCache(
  fileURLToPath(new URL("../../node_modules/.cache/portcullis", import.meta.url)),
);
await import("./main.ts");
