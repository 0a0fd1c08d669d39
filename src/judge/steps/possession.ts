/** Step 2: whether the server holds the leaf's key. What is unverified is weighed in `unseen`. */
import { askable, type Case, type Presented } from "../case.ts";
import { possessionFailedFinding } from "../rules/possession.ts";
import type { Answer } from "../verdict.ts";

export function possessionAnswers(about: Presented, context: Case): Answer[] {
  const { possession } = context;
  const step = "possession";
  if (possession.state === "verified") {
    return [{ step, says: "the server proved that it holds the certificate's key", asks: "pass" }];
  }
  if (possession.state === "unverified") {
    const says =
      possession.why === "budget"
        ? "the server proved that it holds the certificate's key when that was last checked here"
        : `whether the server holds the certificate's key is unverified: ${possession.why}`;
    return [{ step, says, asks: "pass" }];
  }
  const asks = askable(context, "cut");
  const says = "cut: the server does not hold the key of the certificate it shows";
  return [{ step, says, asks, finding: possessionFailedFinding({ asks, about }, context) }];
}
