// Where the memory tokens of a Token Turing Machine came from. Where memory is written by summarising (Ryoo et al. 2022,
// arXiv 2211.09119, section 3.3), each token is a weighted mean of memory, output and input tokens, with the weights
// "write.weights": M_t = K_t·M_{t−1} + N_t·[O_t ‖ I_t], where K_t are the weights of memory tokens and N_t all others. So
// memory is a sum of what each step brought, carried on by later steps:
// M_t = K_t·…·K_0·M_start + Σ_{s=0..t} K_t·…·K_{s+1}·N_s·[O_s ‖ I_s].
import type { ArrayInput } from "../tensors/array-input.js";
import { type NamedArray, namedArray, slice } from "../tensors/named-array.js";
import { contributionShares } from "./contribution-shares.js";
import { mixed, type TokenMemory, tokenArray, tokensOf, tokensOver } from "./token-memory.js";
import { checkShape } from "./write-heads.js";

/**
 * What each step contributes to the memory tokens after a later step. The contributions add up to the memory.
 *
 * A step's own part is what its weights brought from output and input tokens; what an edit did to memory counts with it.
 *
 * @param memory of a machine that writes by summarising
 * @param step the step after which memory is looked at
 * @returns [slot, write, feature]; the first write, "start", is what is left of the memory at the start. Writes after
 * `step` are not there.
 * @throws if an array has other axes (a memory that is written by erasing and adding has), they do not fit together, or
 * there is no such step.
 * @example
 * const [weights, before, after] = ["write.weights", "memory.before", "memory"].map((site) => series(result, site));
 * tokenContributions({ weights, before, after }, 4);
 */
export function tokenContributions(memory: TokenMemory, step: number): NamedArray {
  const tokens = tokensOf(memory, "tokenContributions");
  const { steps, slots, features, labels } = tokens;
  for (const moment of tokensOver(tokens)) {
    if (moment.step !== step) continue;
    const { step: _, ...named } = labels;
    const shape = [slots, steps + 1, features];
    const array = namedArray("contribution", ["slot", "write", "feature"], shape, moment.after, named);
    return slice(array, "write", 0, step + 2);
  }
  throw new Error(`tokenContributions: step ${step} is outside 0 to ${steps - 1}.`);
}

/**
 * Which steps each memory token came from, after every step: the shares of the absolute contributions, as in
 * `slotProvenance`. A memory that starts at zero contributes nothing, whatever its weight.
 *
 * @param memory of a machine that writes by summarising
 * @returns [step, slot, write], 0 to 1; the shares of a slot sum to one. NaN where nothing contributed to a slot.
 * @throws if an array has other axes, or they do not fit together.
 * @example show(memoryProvenance(memory, select(tokenProvenance({ weights, before, after }), { step: 4 }), { title }))
 */
export function tokenProvenance(memory: TokenMemory): NamedArray {
  const tokens = tokensOf(memory, "tokenProvenance");
  const { steps, slots, features, labels } = tokens;
  const data = new Float32Array(steps * slots * (steps + 1));
  for (const { step, after } of tokensOver(tokens)) {
    const shares = contributionShares({ shape: [slots, steps + 1, features], data: after });
    data.set(shares.data, step * shares.data.length);
  }
  return namedArray("share of the slot", ["step", "slot", "write"], [steps, slots, steps + 1], data, labels);
}

/**
 * What each step contributes to the tokens that are read: through memory from earlier steps, or as the step's own input.
 * The contributions add up to the tokens.
 *
 * @param memory of a machine that writes by summarising
 * @param weights the site "read.weights", [step, read, source]: over the memory tokens first, then over the input's
 * @param tokens the site "read.tokens", [step, read, feature]
 * @returns [step, read, write, feature]; the step's own write stands for its input
 * @throws if an array has other axes, or they do not fit together.
 * @example
 * const shares = contributionShares(tokenReadContributions(memory, readWeights, readTokens)); // [step, read, write]
 * show(writeToRead(meanOver(shares, ["read"]), { title: "From write to read" }));
 */
export function tokenReadContributions(memory: TokenMemory, weights: ArrayInput, tokens: ArrayInput): NamedArray {
  const caller = "tokenReadContributions";
  const found = tokensOf(memory, caller);
  const { steps, slots, features, labels } = found;
  const reads = tokenArray(weights, ["step", "read", "source"], caller);
  const values = tokenArray(tokens, ["step", "read", "feature"], caller);
  const [, read, sources] = reads.shape as [number, number, number];
  checkShape(reads, [steps, read, Math.max(sources, slots + 1)], caller);
  checkShape(values, [steps, read, features], caller);
  const data = new Float32Array(steps * read * (steps + 1) * features);
  for (const { step, before } of tokensOver(found)) {
    const taken = mixed(found, reads, values, step, before);
    data.set(taken, step * taken.length);
  }
  const axes = ["step", "read", "write", "feature"];
  const { slot: _, ...named } = labels;
  return namedArray("contribution", axes, [steps, read, steps + 1, features], data, named);
}
