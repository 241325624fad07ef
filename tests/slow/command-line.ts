import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { vi } from "vitest";
import { main } from "../../src/cli/main.js";
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

/**
 * The command in this process, which spares a start of Node: for wrong uses, which are refused before anything runs.
 *
 * @param folder where it is at work
 */
export async function refusedIn(folder: string, words: readonly string[]): Promise<Ended> {
  const [out, err]: [string[], string[]] = [[], []];
  vi.spyOn(console, "log").mockImplementation((text) => void out.push(`${text}\n`));
  vi.spyOn(console, "error").mockImplementation((text) => void err.push(`${text}\n`));
  vi.spyOn(process.stderr, "write").mockImplementation((text) => err.push(`${text}`) > 0);
  const before = process.cwd();
  process.chdir(folder);
  try {
    const code = await main(words);
    return { code, out: out.join(""), err: err.join("") };
  } finally {
    process.chdir(before);
    vi.restoreAllMocks();
  }
}
