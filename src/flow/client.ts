/** Who a client is where no hello says so: who sent the SYN, else the side with the higher port (INTERFACE). */
import type { Flow, Side } from "./event.ts";

export function clientOf({ opener, ends }: Flow): Side {
  return opener ?? (ends[1].port > ends[0].port ? 1 : 0);
}
