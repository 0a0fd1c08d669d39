/** Every capture, in the order in which they are recorded. A new one is a `Case` and a line here. */
import type { Case } from "./case.ts";
import { dnsCases } from "./cases/dns.ts";
import { dtlsCases } from "./cases/dtls.ts";
import { forgedCases } from "./cases/forged.ts";
import { handshakeCases } from "./cases/handshake.ts";
import { helloCases } from "./cases/hello.ts";
import { hsmCases } from "./cases/hsm.ts";
import { keysCases } from "./cases/keys.ts";
import { linkCases } from "./cases/link.ts";
import { mutualCases } from "./cases/mutual.ts";
import { nss } from "./cases/nss.ts";
import { plainCases } from "./cases/plain.ts";
import { plainBinaryCases } from "./cases/plain-binary.ts";
import { plainHostCases } from "./cases/plain-host.ts";
import { plainMailboxCases } from "./cases/plain-mailbox.ts";
import { plainMessagesCases } from "./cases/plain-messages.ts";
import { plainStarttlsCases } from "./cases/plain-starttls.ts";
import { plainWebCases } from "./cases/plain-web.ts";
import { quicCases } from "./cases/quic.ts";
import { renegotiatedCases } from "./cases/renegotiated.ts";
import { resumptionCases } from "./cases/resumption.ts";
import { story } from "./cases/story.ts";
import { tenIssuers } from "./cases/ten-issuers.ts";
import { trustCases } from "./cases/trust.ts";
import { tunnelCases } from "./cases/tunnels.ts";
import { versionCases } from "./cases/version.ts";
import { weakerCases } from "./cases/weaker.ts";

export const CASES: readonly Case[] = [
  ...trustCases,
  tenIssuers,
  ...forgedCases,
  ...versionCases,
  ...resumptionCases,
  ...mutualCases,
  ...helloCases,
  ...handshakeCases,
  ...dtlsCases,
  ...dnsCases,
  ...keysCases,
  ...renegotiatedCases,
  nss,
  ...quicCases,
  ...plainCases,
  ...plainBinaryCases,
  ...plainMailboxCases,
  ...plainStarttlsCases,
  ...plainWebCases,
  ...plainMessagesCases,
  ...plainHostCases,
  ...linkCases,
  ...weakerCases,
  ...tunnelCases,
  ...hsmCases,
  story,
];
