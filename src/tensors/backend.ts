import * as tf from "@tensorflow/tfjs-core";
import { computeEmptyArraysInJavaScript } from "./wasm-empty.js";

/** TensorFlow.js backends from fastest to slowest here: libtensorflow, WebAssembly, plain JavaScript. */
export const backendNames = ["native", "wasm", "cpu"] as const;
export type BackendName = (typeof backendNames)[number];

const engineNames: Record<BackendName, string> = { native: "tensorflow", wasm: "wasm", cpu: "cpu" };
const noneChosen = "No backend was chosen yet; `await useBackend()` first.";
const inNode = typeof process !== "undefined" && process.versions?.node !== undefined;

/**
 * Choose the backend that computes, and wait until it is ready.
 *
 * Without a name: the one that `TAPESCOPE_BACKEND` names, else the first of native, wasm and cpu that loads. `loadCheckpoint`
 * and `train` choose in this way by themselves if nothing was chosen before.
 *
 * @returns the name of the backend in use.
 * @throws if the name is unknown, or the backend asked for cannot be loaded here.
 */
export function useBackend(name?: BackendName): Promise<BackendName> {
  const mine = lastChoice.then(() => choose(name));
  lastChoice = mine.catch(() => {});
  return mine;
}

/** One after the other: TensorFlow.js gives up a backend that is still starting when the next one is asked for. */
let lastChoice: Promise<unknown> = Promise.resolve();

/** Choose a backend as `useBackend()` does, unless one was chosen or is just being chosen. */
export async function ensureBackend(): Promise<void> {
  await lastChoice;
  if (tf.getBackend() === unchosen) await useBackend();
}

async function choose(name: BackendName | undefined): Promise<BackendName> {
  const wanted = name ?? (inNode ? process.env.TAPESCOPE_BACKEND || undefined : undefined);
  if (wanted !== undefined && !isBackendName(wanted)) {
    throw new Error(`There is no backend "${wanted}"; choose one of ${backendNames.join(", ")}.`);
  }
  for (const candidate of wanted ? [wanted] : backendNames) {
    const problem = await load(candidate);
    if (problem === undefined) return candidate;
    if (wanted) throw new Error(`The backend "${wanted}" cannot be used here: ${problem}`);
  }
  throw new Error("No TensorFlow.js backend could be loaded; run `npm run setup`.");
}

/** The backend in use. @throws if none was chosen yet. */
export function currentBackend(): BackendName {
  const current = backendNames.find((name) => engineNames[name] === tf.getBackend());
  if (!current) throw new Error(noneChosen);
  return current;
}

function isBackendName(name: string): name is BackendName {
  return (backendNames as readonly string[]).includes(name);
}

/** Load and select one backend; the reason, if that fails. */
async function load(name: BackendName): Promise<string | undefined> {
  try {
    if (name === "native") await loadNative();
    else await import("@tensorflow/tfjs"); // brings the cpu backend, and the gradients of all operations
    if (name === "wasm") {
      if (!tf.findBackendFactory("wasm")) await import("@tensorflow/tfjs-backend-wasm");
      computeEmptyArraysInJavaScript();
    }
    quietBanner();
    const ready = await tf.setBackend(engineNames[name]);
    return ready ? undefined : "it did not start.";
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return name === "native" ? `${message.split("\n")[0]?.trim()} Run \`npm run setup -- --native\`.` : message;
  }
}

async function loadNative(): Promise<void> {
  if (!inNode) throw new Error("a browser has no native backend.");
  process.env.TF_CPP_MIN_LOG_LEVEL ??= "2"; // libtensorflow's start-up lines do not belong in a reader's cell
  process.env.TF_ENABLE_ONEDNN_OPTS ??= "0"; // small operations run a quarter faster without it, and it prints a line
  // Variables, so that a bundler for the browser leaves the modules alone.
  const [nodeUtil, native] = ["node:util", "@tensorflow/tfjs-node"];
  const { default: util } = await import(nodeUtil);
  util.isNullOrUndefined ??= (value: unknown) => value === null || value === undefined; // Node 23 took it away
  await import(native);
}

/** The cpu backend prints a banner ("Hi, looks like you are running TensorFlow.js") at its first use in Node. */
function quietBanner(): void {
  const cpu = tf.findBackend("cpu") as { firstUse?: boolean } | null;
  if (cpu) cpu.firstUse = false;
}

const unchosen = "none chosen";
refuseUntilChosen();

/**
 * Stand in for a backend, so that whatever computes before one was chosen says so. Left alone, TensorFlow.js either has none
 * or, once another package has loaded its cpu backend, takes that without a word.
 */
function refuseUntilChosen(): void {
  const refuse = (): never => {
    throw new Error(noneChosen);
  };
  const standIn = new Proxy(Object.create(tf.KernelBackend.prototype) as tf.KernelBackend, { get: refuse });
  tf.registerBackend(unchosen, () => standIn, 0);
  for (const kernelName of [tf.Fill, tf.LinSpace, tf.Range]) {
    tf.registerKernel({ kernelName, backendName: unchosen, kernelFunc: refuse }); // those that need no tensor
  }
  if (!tf.getBackend()) void tf.setBackend(unchosen); // takes effect at once: nothing has to load
}
