import { type ChildProcess, spawn } from "node:child_process";
import { accessSync, constants, statSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import type { Readable, Writable } from "node:stream";

const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"].concat([
  "microsoft-edge",
  "msedge",
]);

/** Where browsers stand that put themselves on no PATH. */
const PLACES: Partial<Record<NodeJS.Platform, readonly string[]>> = {
  darwin: [
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
  ],
  win32: [
    "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe",
    "C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe",
  ],
};

/**
 * The Chromium, Chrome or Edge of this machine: the one that TAPESCOPE_BROWSER names, or the first on PATH or in its usual place.
 *
 * @throws if TAPESCOPE_BROWSER names something that cannot be run.
 */
export function findBrowser(): string | undefined {
  const chosen = process.env.TAPESCOPE_BROWSER;
  if (chosen) {
    if (isProgram(chosen)) return chosen;
    throw new Error(`TAPESCOPE_BROWSER is "${chosen}", which is no program; give the path of a Chromium, or unset it.`);
  }
  const ending = process.platform === "win32" ? ".exe" : "";
  const folders = (process.env.PATH ?? "").split(delimiter).filter(Boolean);
  const onPath = NAMES.flatMap((name) => folders.map((folder) => join(folder, name + ending)));
  return [...onPath, ...(PLACES[process.platform] ?? [])].find(isProgram);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** Seconds after which a browser that says nothing stands still: on a busy machine it may be slow. */
const PATIENCE = 300;

/** An empty page that runs JavaScript. */
export interface BrowserPage {
  /** The JSON value of an expression, awaited. @throws what the page threw, or after five minutes without an answer. */
  evaluate(expression: string): Promise<unknown>;
}

/**
 * Work with an empty page of a browser that shows no window, reaches no network and leaves nothing behind.
 *
 * @throws what `work` throws, or how the browser ended if it did not start or ended by itself.
 */
export async function withBrowserPage<T>(browser: string, work: (page: BrowserPage) => Promise<T>): Promise<T> {
  const profile = await mkdtemp(join(tmpdir(), "tapescope-browser-"));
  const child = spawn(browser, argumentsFor(profile), { stdio: ["ignore", "ignore", "pipe", "pipe", "pipe"] });
  const ended = new Promise<void>((done) => child.once("close", () => done()).once("error", () => done()));
  const connection = connect(child);
  try {
    const { targetId } = await connection.call("Target.createTarget", { url: "about:blank" });
    const { sessionId } = await connection.call("Target.attachToTarget", { targetId, flatten: true });
    const evaluate = async (expression: string): Promise<unknown> => {
      const parameters = { expression, awaitPromise: true, returnByValue: true };
      const { result, exceptionDetails } = await connection.call("Runtime.evaluate", parameters, sessionId);
      if (!exceptionDetails) return result.value;
      throw new Error(String(exceptionDetails.exception?.description ?? exceptionDetails.text).split("\n")[0]);
    };
    return await work({ evaluate });
  } finally {
    const close = setTimeout(() => child.kill("SIGKILL"), 5000); // nothing of it is needed any more
    await connection.call("Browser.close", {}).catch(() => {});
    await ended;
    clearTimeout(close);
    await rm(profile, { recursive: true, force: true, maxRetries: 5 }).catch(() => {}); // a stray of the system's own
  }
}

function argumentsFor(profile: string): string[] {
  const isRoot = process.getuid?.() === 0; // the sandbox refuses to run as root
  return [
    "--headless=new",
    "--remote-debugging-pipe",
    `--user-data-dir=${profile}`,
    "--no-first-run",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    ...(isRoot ? ["--no-sandbox"] : []),
  ];
}

/** An answer of the DevTools protocol, as far as it is used here. */
// biome-ignore lint/suspicious/noExplicitAny: the protocol's answers differ by method
type Answer = any;

/** The DevTools protocol over a pipe: requests and answers are JSON, each ended by a zero byte. */
function connect(child: ChildProcess): {
  call(method: string, parameters: object, sessionId?: string): Promise<Answer>;
} {
  const [, , errors, requests, answers] = child.stdio as unknown as [null, null, Readable, Writable, Readable];
  const waiting = new Map<number, { done: (answer: Answer) => void; fail: (problem: Error) => void }>();
  let problem: Error | undefined;
  let said = "";
  let unfinished = "";
  let count = 0;

  const end = (reason: string): void => {
    problem ??= new Error(`the browser ended: ${reason} ${said.trim().split("\n").slice(-3).join(" ")}`.trim());
    for (const { fail } of waiting.values()) fail(problem);
    waiting.clear();
  };
  child
    .once("error", ({ message }) => end(message))
    .once("close", (code, signal) => end(`${signal ?? `code ${code}`}.`));
  requests.on("error", () => {}); // the browser's end is told by "close"
  answers.on("error", () => {});
  errors.setEncoding("utf8").on("data", (text: string) => {
    said = (said + text).slice(-2000);
  });
  answers.setEncoding("utf8").on("data", (text: string) => {
    const messages = (unfinished + text).split("\0");
    unfinished = messages.pop() as string;
    for (const message of messages) {
      const { id, result, error } = JSON.parse(message) as Answer;
      const request = waiting.get(id); // events have no id
      if (error) request?.fail(new Error(error.message));
      else request?.done(result);
      waiting.delete(id);
    }
  });

  const call = (method: string, params: object, sessionId?: string): Promise<Answer> =>
    new Promise((done, fail) => {
      if (problem) return fail(problem);
      const id = ++count;
      const late = (): void => {
        waiting.delete(id);
        fail(new Error(`the browser did not answer within ${PATIENCE} seconds`));
      };
      const timer = setTimeout(late, PATIENCE * 1000);
      const settle = <V>(then: (value: V) => void) => {
        return (value: V): void => {
          clearTimeout(timer);
          then(value);
        };
      };
      waiting.set(id, { done: settle(done), fail: settle(fail) });
      requests.write(`${JSON.stringify({ id, method, params, ...(sessionId && { sessionId }) })}\0`);
    });
  return { call };
}
