import { problem } from "./problem.mjs";
import { answerSeconds, run } from "./run.mjs";

/** The oldest Python that JupyterLab and nbconvert run on. */
export const oldestPython = /** @type {const} */ ([3, 10]);

/**
 * @typedef {object} Found a command that was tried
 * @property {readonly string[]} command
 * @property {readonly [number, number]} [version] absent if it does not run
 * @property {boolean} [venv] can it make environments with pip in them?
 */

/** Also Python 2 can read this. */
const question = `
import json, sys
try:
    import venv, ensurepip
    able = True
except Exception:
    able = False
print(json.dumps({"version": list(sys.version_info[:2]), "venv": able}))
`;

/**
 * The command that starts a Python new enough to make an environment.
 * @returns {Promise<readonly string[]>}
 */
export async function findPython() {
  const tried = [];
  for (const command of candidates()) {
    const found = await ask(command);
    if (fits(found)) return command;
    tried.push(found);
  }
  throw problem(whyNone(tried));
}

/** @returns {string[][]} */
function candidates() {
  const chosen = process.env.TAPESCOPE_PYTHON;
  if (chosen) return [[chosen]];
  return [["python3"], ["python"], ...(process.platform === "win32" ? [["py", "-3"]] : [])];
}

/** @param {readonly string[]} command @returns {Promise<Found>} */
async function ask(command) {
  const [program = "", ...first] = command;
  const { code, output } = await run(program, [...first, "-c", question], { seconds: answerSeconds });
  const line = output.split("\n").find((text) => text.startsWith('{"'));
  return code === 0 && line ? { command, ...JSON.parse(line) } : { command };
}

/** @param {Found} found */
function fits({ version, venv }) {
  return version !== undefined && !isOld(version) && venv === true;
}

/** @param {readonly [number, number]} version */
function isOld([major, minor]) {
  return major < oldestPython[0] || (major === oldestPython[0] && minor < oldestPython[1]);
}

/**
 * One line that tells why none of the commands will do, and what to do about it. The nearest miss is the one to tell.
 * @param {readonly Found[]} tried
 * @returns {string}
 */
export function whyNone(tried) {
  const wanted = `Python ${oldestPython.join(".")} or newer`;
  const remedy = "or set TAPESCOPE_PYTHON to the one to use, then try again.";
  for (const { command, version } of tried) {
    if (version && !isOld(version)) {
      const name = `${command.join(" ")} (Python ${version.join(".")})`;
      return `${name} lacks its venv module. Install it (Debian: apt install python3-venv), ${remedy}`;
    }
  }
  const install = `Install it (Debian: apt install python3 python3-venv), ${remedy}`;
  for (const { command, version } of tried) {
    if (version) return `${command.join(" ")} is Python ${version.join(".")}, but ${wanted} is needed. ${install}`;
  }
  return `${wanted} was not found (tried ${tried.map(({ command }) => command.join(" ")).join(", ")}). ${install}`;
}
