/**
 * Step 6, of a certificate that a probe was shown and the client's own connection hid (VISIBILITY: "The clone
 * probe"). It is worth something only where the policy says `unseen.encrypted: probe`, the flights are equally
 * long, and the name is bound to the address; otherwise `unseen` prices it like any blindness.
 */
import { askable, type Case } from "../case.ts";
import { settingFor } from "../destination.ts";
import { type Decision, loosest } from "../policy/policy.ts";
import { divergenceFinding } from "../rules/certificate-divergence.ts";
import { uninspectableFinding } from "../rules/uninspectable.ts";
import type { Answer } from "../verdict.ts";

export function probedAnswers(context: Case): Answer[] {
  const { policy, destination, evidence } = context;
  const asked = settingFor(policy.issuers.unseen.encrypted, destination);
  const isAnswered = asked.answer === "probe";
  if (isAnswered && evidence.class === "probe-consistent") {
    const says =
      "pass: asked with the client's own hello, the server showed this chain, in a flight as long as the client's (`unseen.encrypted`: probe)";
    return [{ step: "unseen", ...lineOf(asked), says, asks: "pass" }];
  }
  const other = settingFor(policy.issuers.unseen.otherwise, destination);
  const setting = isAnswered ? other : asked;
  const { answer } = setting;
  const decision: Decision = answer === "probe" || answer === "remember" ? "refuse" : answer;
  let asks = askable(context, decision);
  if (policy.mode === "audit") asks = loosest(asks, "report");
  const because = BECAUSE[evidence.class] ?? BECAUSE["probe-unbound"]!;
  const word = isAnswered ? "otherwise" : "encrypted";
  const says = `${asks}: the server's identity was not proved, because ${because} (\`unseen.${word}\`: ${answer})`;
  const finding =
    evidence.class === "cert-divergence"
      ? divergenceFinding(asks, context)
      : uninspectableFinding({ asks, why: evidence.class, because }, context);
  return [{ step: "unseen", ...lineOf(setting), says, asks, finding }];
}

function lineOf({ line }: { readonly line?: number | undefined }): { line?: number } {
  return line === undefined ? {} : { line };
}

const BECAUSE: Readonly<Record<string, string>> = {
  "cert-divergence": "what a probe was shown cannot have been in the client's connection",
  "probe-unbound":
    "a probe was shown this chain, and no answer of `resolvers` binds the name to the address",
  "probe-consistent": "a probe was shown this chain, and the client's connection hid its own",
};
