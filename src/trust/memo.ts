/**
 * Validations that were already made. A chain that comes again, for the same name, before any of its
 * certificates begins or ends to be valid, has the same answer.
 */
import type { Anchors, Profile } from "./anchors.ts";
import type { PeerName } from "./host-name.ts";
import type { Chain } from "./store.ts";
import { type Validation, validate } from "./validate.ts";

export interface MemoInput {
  readonly chain: Chain;
  readonly name?: PeerName;
  readonly purpose: "server" | "client";
  readonly atUs: number;
  readonly profile?: Profile;
}

/** One for each set of anchors. It holds on to no chain: forgotten chains take their answers along. */
export class ValidationMemo {
  readonly #anchors: Anchors;
  readonly #byChain = new WeakMap<Chain, Map<string, Validation>>();

  constructor(anchors: Anchors) {
    this.#anchors = anchors;
  }

  /** What `validate` answers; the same object while it is remembered. */
  validate(input: MemoInput): Validation {
    const { chain, name, atUs } = input;
    if (name !== undefined && name.value.length > NAME_CHARACTERS_MAX) return this.#make(input);
    const answers = this.#byChain.get(chain) ?? new Map<string, Validation>();
    // The name comes last: whatever it holds, it cannot be taken for another field.
    const key = `${input.purpose} ${input.profile ?? ""} ${name?.kind ?? ""} ${name?.value ?? ""}`;
    const known = answers.get(key);
    if (known !== undefined && atUs >= known.sameBetweenUs[0] && atUs <= known.sameBetweenUs[1]) {
      return known;
    }
    const made = this.#make(input);
    if (answers.size >= NAMES_MAX) answers.clear();
    answers.set(key, made);
    this.#byChain.set(chain, answers);
    return made;
  }

  #make(input: MemoInput): Validation {
    return validate({ ...input, chain: input.chain.certificates, anchors: this.#anchors });
  }
}

/** No DNS name is longer, and whoever sends longer ones is not to fill our memory with them. */
const NAME_CHARACTERS_MAX = 253;

/** A wildcard certificate meets many names; a peer that invents names starts afresh. */
const NAMES_MAX = 64;
