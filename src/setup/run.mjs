import { spawn } from "node:child_process";

/**
 * @typedef {object} Result
 * @property {number} code the exit code; 127 if there is no such command
 * @property {string} output what it printed, both streams
 * @property {boolean} timedOut
 */

/**
 * Seconds after which a program that was only asked for its version, or to try something out, stands still. It says
 * nothing about how fast one has to be: a busy machine takes its time.
 */
export const answerSeconds = 300;

/**
 * Run a command to its end, quietly.
 *
 * It gets a process group of its own, so that what it started can be ended with it: at the time limit, and when
 * set-up itself is interrupted.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: Record<string, string>, seconds?: number }} [options]
 * @returns {Promise<Result>}
 */
export function run(command, args, options = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      detached: process.platform !== "win32",
      stdio: ["ignore", "pipe", "pipe"],
      windowsHide: true,
    });
    let output = "";
    let timedOut = false;
    const keep = (/** @type {Buffer} */ bytes) => {
      output = (output + bytes).slice(-200_000);
    };
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);

    const limit = setTimeout(
      () => {
        timedOut = true;
        endGroup(child.pid);
      },
      1000 * (options.seconds ?? 1800),
    );
    const interrupted = (/** @type {NodeJS.Signals} */ signal) => {
      endGroup(child.pid);
      process.off(signal, interrupted);
      process.kill(process.pid, signal);
    };
    for (const signal of signals) process.on(signal, interrupted);

    const finish = (/** @type {number} */ code) => {
      clearTimeout(limit);
      for (const signal of signals) process.off(signal, interrupted);
      resolve({ code, output, timedOut });
    };
    child.on("error", (error) => {
      output += error.message;
      finish(127);
    });
    child.on("close", (code) => finish(code ?? 1));
  });
}

/** @type {NodeJS.Signals[]} */
const signals = ["SIGINT", "SIGTERM", "SIGHUP"];

/** @param {number | undefined} pid */
function endGroup(pid) {
  if (pid === undefined) return;
  try {
    if (process.platform === "win32") spawn("taskkill", ["/pid", String(pid), "/T", "/F"], { stdio: "ignore" });
    else process.kill(-pid, "SIGKILL");
  } catch {
    // It has ended by itself.
  }
}
