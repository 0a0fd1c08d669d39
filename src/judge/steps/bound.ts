/**
 * Step 6, of an address that the name was never given (VISIBILITY: `unbound`): `unseen.otherwise` says what
 * that is worth. Audit only reports it.
 */
import { askable, type Case } from "../case.ts";
import { settingFor } from "../destination.ts";
import { loosest } from "../policy/policy.ts";
import { unboundFinding } from "../rules/unbound.ts";
import type { Answer } from "../verdict.ts";

export function boundAnswers(context: Case): Answer[] {
  const { binding, policy, destination } = context;
  if (binding !== "elsewhere") return [];
  const { answer, line } = settingFor(policy.issuers.unseen.otherwise, destination);
  // Neither a probe nor a remembered session says whose address it is.
  const decision = answer === "probe" || answer === "remember" ? "refuse" : answer;
  let asks = askable(context, decision);
  if (policy.mode === "audit") asks = loosest(asks, "report");
  const says = `${asks}: the resolvers gave other addresses for this name (\`unseen.otherwise\`: ${answer})`;
  const finding = unboundFinding(asks, context);
  return [{ step: "unseen", ...(line === undefined ? {} : { line }), says, asks, finding }];
}
