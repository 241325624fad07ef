/** The step at work has a line; on a terminal its result then replaces it. */
const terminal = process.stdout.isTTY;
const clear = terminal ? "\r\x1b[K" : "";

/** @param {string} text */
export function line(text) {
  console.log(text);
}

/** @param {string} name */
export function doing(name) {
  if (terminal) process.stdout.write(`… ${name}`);
  else line(`… ${name}`);
}

/**
 * @param {"✓" | "·" | "–" | "✗"} mark
 * @param {string} name
 * @param {string} note
 * @param {number} [began] in milliseconds, to tell how long it took
 */
export function done(mark, name, note, began) {
  const seconds = began === undefined ? "" : ` (${secondsSince(began)} s)`;
  line(`${clear}${mark} ${name}: ${note}${seconds}`);
}

/**
 * The error that ends set-up in a step; what the failed command printed last comes before it.
 * @param {string} name
 * @param {Error & { tail?: string }} error
 */
export function stopped(name, error) {
  if (clear) process.stdout.write(clear);
  if (error.tail) console.error(error.tail);
  if (error.name === "Problem") error.message = `${name}: ${error.message}`;
  return error;
}

/** @param {number} began */
function secondsSince(began) {
  const seconds = (Date.now() - began) / 1000;
  return seconds < 10 ? seconds.toFixed(1) : seconds.toFixed(0);
}
