import * as tf from "@tensorflow/tfjs-core";
import { computeEmptyArraysInJavaScript } from "./wasm-empty.js";

/** TensorFlow.js backends from fastest to slowest here: libtensorflow, WebAssembly, plain JavaScript. */
export const backendNames = ["native", "wasm", "cpu"] as const;
export type BackendName = (typeof backendNames)[number];

const engineNames: Record<BackendName, string> = { native: "tensorflow", wasm: "wasm", cpu: "cpu" };
const inNode = typeof process !== "undefined" && process.versions?.node !== undefined;

/**
 * Choose the backend that computes, and wait until it is ready.
 *
 * Without a name: the one that `TAPESCOPE_BACKEND` names, else the first of native, wasm and cpu that loads.
 *
 * @returns the name of the backend in use.
 * @throws if the name is unknown, or the backend asked for cannot be loaded here.
 */
export async function useBackend(name?: BackendName): Promise<BackendName> {
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
  if (!current) throw new Error("No backend was chosen yet; `await useBackend()` first.");
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
    if (name === "wasm" && !tf.findBackendFactory("wasm")) {
      await import("@tensorflow/tfjs-backend-wasm");
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
