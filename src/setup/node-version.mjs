// Read by Node 12 and later, to tell its owner that it is too old: no newer syntax or import here, nor in the three
// commands (setup, start, test) that begin with it.

/** The oldest Node that the packages run on, as in package.json's "engines". */
export const oldestNode = "20.19.0";

/**
 * Is version `given` at least `wanted`? Both are numbers between dots.
 * @param {string} given
 * @param {string} wanted
 * @returns {boolean}
 */
export function atLeast(given, wanted) {
  const have = given.split(".").map(Number);
  const need = wanted.split(".").map(Number);
  for (let i = 0; i < need.length; i++) {
    const difference = (have[i] || 0) - (need[i] || 0);
    if (difference !== 0) return difference > 0;
  }
  return true;
}

/**
 * Run a command's work if this Node is new enough, and end with one clear line where something is wrong.
 * @param {() => Promise<number>} work its result is the exit code
 */
export function onNewEnoughNode(work) {
  const version = process.versions.node;
  if (!atLeast(version, oldestNode)) {
    console.error(`✗ Node ${version} is too old: tapescope needs ${oldestNode} or newer. Install it, then try again.`);
    process.exit(1);
  }
  work().then(
    (code) => process.exit(code),
    (error) =>
      import("./problem.mjs").then(({ explain }) => {
        console.error(`✗ ${explain(error)}`);
        process.exit(1);
      }),
  );
}
