import { inspect, types } from "node:util";

/**
 * What a cell failed with, in Jupyter's words. `traceback` is what is shown: the sentence first, then where.
 * @typedef {{ ename: string, evalue: string, traceback: string[] }} Problem
 */

/**
 * @param {unknown} thrown
 * @param {WeakMap<object, string>} stacks of errors, as they were before Node put lines of code before them
 * @returns {Problem}
 */
export function problemOf(thrown, stacks) {
  try {
    if (isError(thrown)) {
      const { name, message } = sentence(thrown);
      return { ename: name, evalue: message, traceback: describe(thrown, stacks, []) };
    }
    const evalue = inspect(thrown);
    return { ename: "Thrown", evalue, traceback: `Thrown: ${evalue}`.split("\n") };
  } catch {
    const evalue = "something that cannot be shown";
    return { ename: "Thrown", evalue, traceback: [`Thrown: ${evalue}`] };
  }
}

/**
 * @param {unknown} thrown
 * @returns {thrown is Error} also if it is of another realm
 */
function isError(thrown) {
  return thrown instanceof Error || types.isNativeError(thrown);
}

/**
 * @param {readonly string[]} diagnostics of a cell that does not compile
 * @returns {Problem}
 */
export function compileProblem(diagnostics) {
  const traceback = diagnostics.flatMap((text) => text.split("\n"));
  return { ename: "CompileError", evalue: traceback.join("\n"), traceback };
}

/**
 * @param {Error} error
 * @param {WeakMap<object, string>} stacks
 * @param {readonly unknown[]} outer errors that this one belongs to
 * @returns {string[]}
 */
function describe(error, stacks, outer) {
  const { name, message } = sentence(error);
  const {
    stack: _,
    name: _name,
    message: _message,
    cause,
    errors,
    ...more
  } = /** @type {any} */ ({
    ...error,
    cause: error.cause,
    errors: /** @type {any} */ (error).errors,
  });
  const inner = (/** @type {unknown} */ one) => {
    if (!isError(one)) return inspect(one).split("\n");
    return outer.includes(one) || one === error ? [sentence(one).name] : describe(one, stacks, [...outer, error]);
  };
  const lines = [...(message ? `${name}: ${message}` : name).split("\n"), ...frames(error, stacks)];
  if (Object.keys(more).length > 0) lines.push(...inspect(more, { depth: 1, maxArrayLength: 10 }).split("\n"));
  if (Array.isArray(errors))
    for (const [index, one] of errors.entries())
      lines.push(...labelled(`Error ${index + 1} of ${errors.length}`, inner(one)));
  if (cause !== undefined) lines.push(...labelled("Caused by", inner(cause)));
  return lines;
}

/**
 * @param {string} label
 * @param {string[]} lines
 */
function labelled(label, [first, ...rest]) {
  return [`${label}: ${first}`, ...rest];
}

/**
 * @param {Error} error
 * @param {WeakMap<object, string>} stacks
 */
function frames(error, stacks) {
  const read = error.stack; // this fills `stacks`
  const stack = stacks.get(error) ?? read;
  if (typeof stack !== "string") return [];
  const message = stack.indexOf(error.message);
  return stack
    .slice(message < 0 ? 0 : message + error.message.length)
    .split("\n")
    .filter((line) => /^\s+at /.test(line));
}

/** @param {Error} error */
function sentence({ name, message }) {
  return { name: String(name), message: String(message) };
}
