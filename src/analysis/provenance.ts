// Where the contents of a Neural Turing Machine's memory came from. Writing is linear in memory (Graves et al. 2014, arXiv
// 1410.5401, section 3.2, eq. 3 and 4), M_t(i,j) = M_{t−1}(i,j)·(1 − w_t(i)·e_t(j)) + w_t(i)·a_t(j). So memory is a sum of
// what each step wrote and later steps left of it:
// M_t(i,j) = M_start(i,j)·Π_{u=0..t} (1 − w_u(i)·e_u(j)) + Σ_{s=0..t} w_s(i)·a_s(j)·Π_{u=s+1..t} (1 − w_u(i)·e_u(j)).
import type { ArrayInput } from "../tensors/array-input.js";
import { type NamedArray, namedArray } from "../tensors/named-array.js";
import { shares } from "./contribution-shares.js";
import {
  addedBy,
  addTo,
  keptBy,
  memoryOver,
  multiply,
  startOf,
  type WriteHead,
  type Writes,
  writesOf,
} from "./write-heads.js";

/**
 * How much of what each step wrote is left in memory after a later step: Π (1 − w_u(i)·e_u(j)) over the steps u after the
 * write, up to and including `step`.
 *
 * The first write, "start", is the memory that the machine began with.
 *
 * @param heads all write heads, in the order in which they act
 * @param step the step after which memory is looked at
 * @returns [slot, write, word], 0 to 1 for weights and erasures within 0 and 1. Writes after `step` are not there.
 * @throws if the heads do not fit together, or there is no such step.
 * @example meanOver(writeSurvival([head], 20), ["word"]) // [slot, write]
 */
export function writeSurvival(heads: readonly WriteHead[], step: number): NamedArray {
  const writes = writesOf(heads, "writeSurvival");
  const sources = sourcesAfter(writes, step, "writeSurvival");
  return bySlot("what is left", writes, sources, (_, left) => left);
}

/**
 * What each step's write contributes to memory after a later step. The contributions add up to the memory.
 *
 * A contribution is what was added, times what later writes left of it; see `writeSurvival`. This is the memory of a run
 * in which no edit changed "memory" itself; edited weights, erasures and additions are recorded as they were used.
 *
 * @param heads all write heads, in the order in which they act
 * @param start the memory before the first step, [slot, word]
 * @param step the step after which memory is looked at
 * @returns [slot, write, word]; the first write, "start", is what is left of the memory at the start.
 * @throws if the heads and the memory do not fit together, or there is no such step.
 * @example
 * const [weights, erase, add] = ["weights", "erase", "add"].map((what) => series(result, `write.0.${what}`));
 * const start = select(series(result, "memory.before"), { step: 0 });
 * writeContributions([{ weights, erase, add }], start, 20);
 */
export function writeContributions(heads: readonly WriteHead[], start: ArrayInput, step: number): NamedArray {
  const writes = writesOf(heads, "writeContributions");
  const sources = sourcesAfter(writes, step, "writeContributions");
  const before = startOf(writes, start, "writeContributions");
  return bySlot("contribution", writes, sources, (source, left) => {
    const own = source === 0 ? before : writtenIn(writes, source - 1);
    return own.map((value, at) => value * (left[at] as number));
  });
}

/**
 * Which steps each slot's content came from, after every step: the shares of the absolute contributions,
 * Σ_j |C_s(i,j)| / Σ_s' Σ_j |C_s'(i,j)|. Contributions that cancel one another count both. As in `writeContributions`, no edit
 * changed "memory" itself: that is no write, and the shares would not know of it.
 *
 * @param heads all write heads, in the order in which they act
 * @param start the memory before the first step, [slot, word]
 * @returns [step, slot, write], 0 to 1; the shares of a slot sum to one. NaN where a slot holds nothing but zeros that
 * nothing contributed to: they come from nowhere.
 * @throws if the heads and the memory do not fit together.
 * @example show(memoryProvenance(memory, select(slotProvenance([head], start), { step: 20 }), { title: "Whence" }))
 */
export function slotProvenance(heads: readonly WriteHead[], start: ArrayInput): NamedArray {
  const writes = writesOf(heads, "slotProvenance");
  const { steps, slots, words, names } = writes;
  const sources = steps + 1;
  const data = new Float32Array(steps * slots * sources);
  const sums = new Float64Array(sources);
  for (const { step, written, contributions } of memoryOver(writes, start, "slotProvenance")) {
    if (written < heads.length) continue;
    for (let slot = 0; slot < slots; slot++) {
      for (let source = 0; source < sources; source++) {
        let sum = 0;
        const first = (source * slots + slot) * words;
        for (let at = first; at < first + words; at++) sum += Math.abs(contributions[at] as number);
        sums[source] = sum;
      }
      data.set(shares(sums), (step * slots + slot) * sources);
    }
  }
  const labels = { ...writes.labels, write: names };
  return namedArray("share of the slot", ["step", "slot", "write"], [steps, slots, sources], data, labels);
}

/** How many writes there are up to a step, the start among them. */
function sourcesAfter({ steps }: Writes, step: number, caller: string): number {
  if (Number.isInteger(step) && step >= 0 && step < steps) return step + 2;
  throw new Error(`${caller}: step ${step} is outside 0 to ${steps - 1}.`);
}

/** What a step writes, as its last head leaves it: each head erases from what those before it added. [slot, word] */
function writtenIn(writes: Writes, step: number): Float64Array {
  const written = new Float64Array(writes.slots * writes.words);
  for (let head = 0; head < writes.heads.length; head++) {
    multiply(written, keptBy(writes, head, step));
    addTo(written, addedBy(writes, head, step));
  }
  return written;
}

/**
 * Values for every slot, write and word.
 *
 * @param valuesOf the values of one write, [slot, word], of what later writes left of it, likewise
 */
function bySlot(
  name: string,
  writes: Writes,
  sources: number,
  valuesOf: (source: number, left: Float64Array) => Float64Array,
): NamedArray {
  const { heads, slots, words, names, labels } = writes;
  const data = new Float32Array(slots * sources * words);
  const left = new Float64Array(slots * words).fill(1);
  for (let source = sources - 1; source >= 0; source--) {
    valuesOf(source, left).forEach((value, at) => {
      data[(Math.floor(at / words) * sources + source) * words + (at % words)] = value;
    });
    for (let head = 0; source > 0 && head < heads.length; head++) multiply(left, keptBy(writes, head, source - 1));
  }
  const named = { ...(labels.slot && { slot: labels.slot }), write: names.slice(0, sources) };
  return namedArray(name, ["slot", "write", "word"], [slots, sources, words], data, named);
}
