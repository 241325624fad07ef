/** The remedies for what can go wrong inside npm, pip and the file system, by what they print. */
const remedies = [
  { signs: /ENOSPC|No space left/, text: "the disk is full. Make room (about 2 GB), then try again." },
  { signs: /code EUSAGE/, text: "package.json and package-lock.json do not agree. Run `npm install`, then try again." },
  {
    signs: /EACCES|EPERM|EROFS|Permission denied|Read-only file system/,
    text: "something cannot be written, here or in the cache of npm or pip. Make that folder yours, then try again.",
  },
  {
    signs:
      /ENOTFOUND|EAI_AGAIN|ECONN(REFUSED|RESET)|ETIMEDOUT|E(NET|HOST)UNREACH|ERR_SOCKET_TIMEOUT|FETCH_ERROR|NewConnectionError|ConnectTimeoutError|NameResolutionError|ProxyError|ReadTimeoutError|ProtocolError/,
    text: "the package registry cannot be reached. Check the network and the proxy settings, then try again.",
  },
];

/**
 * An error that a person can mend: its message is one line that tells what is wrong and what to do.
 * @param {string} message
 * @returns {Error}
 */
export function problem(message) {
  return Object.assign(new Error(message), { name: "Problem" });
}

/**
 * The known remedy for what a failed command printed, if there is one.
 * @param {string} output
 * @returns {string | undefined}
 */
export function remedyFor(output) {
  return remedies.find(({ signs }) => signs.test(output))?.text;
}

/**
 * The problem to report for a command that failed: one line if its output has a known sign, else the output's end too.
 * @param {string} what
 * @param {{ output: string, timedOut: boolean }} result
 * @param {string} otherwise what to do if the output has no known sign
 * @returns {Error}
 */
export function failure(what, { output, timedOut }, otherwise) {
  const known = remedyFor(output);
  if (known) return problem(`${what}: ${known}`);
  const tail = output.trimEnd().split("\n").slice(-15);
  const why = timedOut ? "took too long and was stopped." : "failed; the end of its output is above.";
  return Object.assign(problem(`${what} ${why} ${otherwise}`), { tail: tail.join("\n") });
}

/**
 * What to print for an error, whoever threw it.
 * @param {unknown} error
 * @returns {string}
 */
export function explain(error) {
  if (!(error instanceof Error)) return String(error);
  if (error.name === "Problem") return error.message;
  const known = remedyFor(error.message);
  if (known) return `${firstLine(error.message)}: ${known}`;
  // Not foreseen: whoever mends it needs to know where it came from.
  return error.stack ?? error.message;
}

/** @param {string} text */
function firstLine(text) {
  return text.split("\n")[0] ?? "";
}
