import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { limit } from "../limit.js";
import { root } from "./scratch.js";

export interface Ended {
  /** null after a signal. */
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/**
 * The command as npx starts it, on the engine unless a backend is named.
 *
 * @param folder where it is started
 * @param settings environment variables of its own
 */
export function tapescopeIn(
  folder: string,
  words: readonly string[],
  whileRunning: (child: ChildProcess) => void = () => {},
  settings: NodeJS.ProcessEnv = {},
): Promise<Ended> {
  const env = { ...process.env, TAPESCOPE_BACKEND: "", ...settings };
  const child = spawn(process.execPath, [join(root, "src/cli/tapescope.mjs"), ...words], {
    env,
    cwd: folder,
    timeout: limit,
  });
  let [out, err] = ["", ""];
  child.stdout.on("data", (text) => (out += text));
  child.stderr.on("data", (text) => (err += text));
  whileRunning(child);
  return new Promise((resolve) => child.on("close", (code) => resolve({ code, out, err })));
}
