/**
 * What tests repeat for confidence, as their tags: how often in `npm test`, and in `npm run stress` if its words do not
 * say.
 */
export const repeated = {
  kills: { usual: 8, stress: 100, what: "processes killed while they write a history or a report" },
  "damaged-files": { usual: 1000, stress: 20_000, what: "damaged .safetensors, .npy and .npz files" },
  updates: { usual: 600, stress: 5000, what: "updates and runs after which no more memory may be held" },
  draws: { usual: 200, stress: 5000, what: "draws of each property that takes many" },
  "cells-again": { usual: 25, stress: 100, what: "of 100 cells of the notebooks are run twice in a row" },
  "compared-updates": { usual: 25, stress: 100, what: "updates of a training beside TensorFlow.js" },
  "random-programs": { usual: 2000, stress: 50_000, what: "random programs of the engine beside TensorFlow.js" },
};

/** @typedef {keyof typeof repeated} Repeated */

/** Words such as "kills=1000 seed=7", set by `npm run stress`; undefined in `npm test`. */
const words = process.env.TAPESCOPE_STRESS;
const wanted = new Map((words ?? "").split(" ").map((word) => /** @type {[string, string]} */ (word.split("=", 2))));

/**
 * How often a test is to repeat something. Its tag lets `npm run stress` find it.
 *
 * @example
 * const count = times("random-programs");
 * test(`${count} random programs give what TensorFlow.js gives`, { tags: ["random-programs"] }, () => {
 *   for (let index = 0; index < count; index++) check(drawProgram(random(seed + index)));
 * });
 * // npm test                                          2,000 of them, the same each time
 * // npm run stress -- random-programs=100000 seed=7   as many others, and no other test
 *
 * @param {Repeated} name
 * @returns {number}
 */
export function times(name) {
  const { usual, stress } = repeated[name];
  return Number(wanted.get(name) ?? (words === undefined ? usual : stress));
}

/** What random draws start from: 0 in `npm test`, so that it is the same each time. Add what keeps tests apart. */
export const seed = Number(wanted.get("seed") ?? 0);
