import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { dirname } from "node:path";

/** A holder touches its lock this often; one that has not for much longer is gone, wherever it ran. */
const heartbeat = 5_000;
const silence = 12 * heartbeat;

/**
 * Do some work while no other set-up of this folder works.
 * @template T
 * @param {string} path of the lock file
 * @param {() => void} onWait called once if there is another to wait for
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withLock(path, onWait, work) {
  const mine = `${process.pid} ${hostname()} ${Date.now()}\n`;
  mkdirSync(dirname(path), { recursive: true });
  for (let tries = 0; !take(path, mine); tries++) {
    const theirs = contentOf(path);
    if (theirs !== undefined && isStale(theirs, ageOf(path))) breakLock(path, theirs);
    else {
      if (tries === 0) onWait();
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }
  const release = () => contentOf(path) === mine && rmSync(path, { force: true });
  const beat = setInterval(() => contentOf(path) === mine && utimesSync(path, new Date(), new Date()), heartbeat);
  process.on("exit", release);
  try {
    return await work();
  } finally {
    clearInterval(beat);
    process.off("exit", release);
    release();
  }
}

/**
 * Was a lock left behind? Its process is gone, or it has been silent for long.
 * @param {string} content
 * @param {number} age milliseconds since its last heartbeat
 * @param {(pid: number) => boolean} [alive]
 */
export function isStale(content, age, alive = isAlive) {
  const [pid, host] = content.trim().split(" ");
  if (age > silence) return true;
  return host === hostname() && !alive(Number(pid));
}

/**
 * @param {string} path
 * @param {string} content
 */
function take(path, content) {
  try {
    writeFileSync(path, content, { flag: "wx" });
    return true;
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === "EEXIST") return false;
    throw error;
  }
}

/**
 * Move the lock away, and put it back if meanwhile it had become another's.
 * @param {string} path
 * @param {string} stale
 */
function breakLock(path, stale) {
  const aside = `${path}.${process.pid}`;
  try {
    renameSync(path, aside);
    if (contentOf(aside) !== stale) linkSync(aside, path);
  } catch {
    // Another was faster.
  }
  rmSync(aside, { force: true });
}

/** @param {string} path */
function contentOf(path) {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

/** @param {string} path */
function ageOf(path) {
  try {
    return Date.now() - statSync(path).mtimeMs;
  } catch {
    return 0;
  }
}

/** @param {number} pid */
function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return /** @type {NodeJS.ErrnoException} */ (error).code === "EPERM";
  }
}
