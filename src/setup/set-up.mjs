import { withLock } from "./lock.mjs";
import { lockPath } from "./places.mjs";
import { problem } from "./problem.mjs";
import { doing, done, line, stopped } from "./progress.mjs";
import { buildStep } from "./step-build.mjs";
import { jupyterFilesStep } from "./step-jupyter-files.mjs";
import { kernelStep } from "./step-kernel.mjs";
import { hasNative, nativeStep } from "./step-native.mjs";
import { npmStep } from "./step-npm.mjs";
import { pythonStep } from "./step-python.mjs";

/** @typedef {import("./step.mjs").Step} Step */

/**
 * @typedef {object} Wishes
 * @property {boolean} [native] build the native TensorFlow if it is absent
 * @property {boolean} [retry] try again what failed and is not needed
 * @property {boolean} [tests] add what only the tests use
 */

/**
 * Put in place what is missing, and tell what was done.
 * @param {string} root
 * @param {Wishes} [wishes]
 */
export async function setUp(root, wishes = {}) {
  const began = Date.now();
  const steps = stepsFor(root, wishes);
  if (await firstMissing(steps)) {
    const onWait = () => line("Another set-up of this folder is at work: waiting for it.");
    await withLock(lockPath(root), onWait, () => makeMissing(steps));
    done("✓", "Set-up is complete", computingWith(root), began);
  } else {
    done("✓", "Set-up is complete, nothing to do", computingWith(root), began);
  }
}

/**
 * Later steps stand on earlier ones.
 * @param {string} root
 * @param {Wishes} wishes
 * @returns {Step[]}
 */
function stepsFor(root, wishes) {
  const requirements = ["notebooks/requirements.txt", ...(wishes.tests ? ["tests/requirements.txt"] : [])];
  return [
    npmStep(root),
    pythonStep(root, requirements),
    kernelStep(root),
    buildStep(root),
    jupyterFilesStep(root), // among them the explorer's page, which was built
    nativeStep(root, wishes), // last: nothing stands on it
  ];
}

/** @param {readonly Step[]} steps */
export async function firstMissing(steps) {
  for (const step of steps) if ((await step.missing()) !== undefined) return step;
  return undefined;
}

/**
 * Make each step that is missing, in order, and see for each that it is there afterwards.
 * @param {readonly Step[]} steps
 */
export async function makeMissing(steps) {
  for (const { name, missing, make } of steps) {
    const reason = await missing();
    if (reason === undefined) {
      done("·", name, "in place");
      continue;
    }
    const began = Date.now();
    doing(name);
    const { without } = await make().catch((error) => {
      throw stopped(name, error);
    });
    const still = without === undefined ? await missing() : undefined;
    if (still) throw stopped(name, problem(`not right even after it was made (${still}). Please report this.`));
    if (without) done("–", name, without, began);
    else done("✓", name, `done, ${reason}`, began);
  }
}

/** @param {string} root */
function computingWith(root) {
  return `computing with ${hasNative(root) ? "native TensorFlow" : "wasm"}`;
}
