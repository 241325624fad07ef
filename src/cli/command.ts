import { parseArgs } from "node:util";
import { didYouMean } from "../tensors/nearest.js";

/** An option as `--help` shows it; without `value` it is a switch. */
export interface Option {
  readonly about: string;
  /** What stands for the value in the usage line, for example "FILE". */
  readonly value?: string;
  readonly default?: string;
  readonly required?: boolean;
}

/** Options as they were given: text, or true for a switch. */
export type Given = Readonly<Record<string, string | true | undefined>>;

/** One word of the command line. */
export interface Command {
  readonly name: string;
  readonly about: string;
  /** Names of the arguments that come before options, for example ["FILE"]; "[FILE...]" is any number of them. */
  readonly operands: readonly string[];
  readonly options: Readonly<Record<string, Option>>;
  /** @returns the exit code: 0 done, 1 the answer is no, 130 interrupted. Errors are thrown. */
  run(operands: readonly string[], given: Given): Promise<number>;
}

/** A wrong use of the command line: exit code 2, like every error. */
export class UsageError extends Error {}

const common: Readonly<Record<string, Option>> = {
  json: { about: "print the result as one line of JSON" },
  help: { about: "show this help" },
};

/** Parse what follows the command's name and run it. */
export async function runCommand(command: Command, words: readonly string[]): Promise<number> {
  const options = { ...command.options, ...common };
  const { values, positionals } = parse(command, options, words);
  if (values.help) {
    console.log(helpFor(command));
    return 0;
  }
  checkOperands(command, positionals);
  for (const [name, option] of Object.entries(options)) {
    if (option.required && values[name] === undefined) {
      throw new UsageError(`${command.name} needs --${name} ${option.value}: ${option.about}.`);
    }
  }
  return command.run(positionals, values as Given);
}

function checkOperands({ name, operands }: Command, given: readonly string[]): void {
  if (operands.at(-1)?.endsWith("...]") || given.length === operands.length) return;
  const wanted = operands.join(" ");
  const see = `see \`tapescope ${name} --help\``;
  const told = given.map((word) => `"${word}"`).join(" ");
  if (given.length < operands.length) {
    throw new UsageError(`${name} needs ${wanted}; ${told ? `only ${told}` : "nothing"} was given (${see}).`);
  }
  const beyond = given.slice(operands.length).map((word) => `"${word}"`);
  const taken = wanted ? `${wanted} alone` : "no argument";
  throw new UsageError(`${name} takes ${taken}; ${beyond.join(" ")} is too much (a value with spaces goes in quotes).`);
}

function parse(command: Command, options: Readonly<Record<string, Option>>, words: readonly string[]) {
  const config = Object.entries(options).map(([name, { value, default: initial }]) => {
    const type = value ? ("string" as const) : ("boolean" as const);
    const short = name === "help" ? { short: "h" } : {};
    return [name, { type, ...short, ...(initial !== undefined && { default: initial }) }] as const;
  });
  const parsed = parseArgs({
    ...{ args: [...words], options: Object.fromEntries(config) },
    ...{ allowPositionals: true, strict: false, tokens: true },
  });
  const seen = new Set<string>();
  for (const token of parsed.tokens) {
    if (token.kind !== "option") continue;
    const option = Object.hasOwn(options, token.name) ? options[token.name] : undefined;
    if (!option) throw unknownOption(command, options, words[token.index] as string);
    checkOption(token, option, seen.has(token.name));
    seen.add(token.name);
  }
  return parsed;
}

/** @throws UsageError unless an option has a value if it takes one, and once */
function checkOption(
  { name, value, inlineValue }: { name: string; value?: string | undefined; inlineValue?: boolean | undefined },
  option: Option,
  again: boolean,
): void {
  if (!option.value) {
    if (value !== undefined) throw new UsageError(`--${name} takes no value; "${value}" was given.`);
    return;
  }
  const isOption = value?.startsWith("--") && !inlineValue;
  if (value === undefined || isOption) {
    const given = isOption ? `the option ${value} follows it` : "nothing follows it";
    throw new UsageError(`--${name} needs a value, ${option.value}; ${given}.`);
  }
  if (again) throw new UsageError(`--${name} was given twice; give it once.`);
}

function unknownOption(
  { name, operands }: Command,
  options: Readonly<Record<string, Option>>,
  word: string,
): UsageError {
  const [given = ""] = word.split("=");
  const plain = given.replace(/^-+/, "");
  const operand = operands.find((one) => one.toLowerCase() === plain.toLowerCase());
  const advice = operand
    ? `${operand} is given without a name: \`tapescope ${name} ${operands.join(" ")} [options]\``
    : `see \`tapescope ${name} --help\``;
  const meant = operand ? "" : didYouMean(plain, Object.keys(options), "--");
  return new UsageError(`${name} has no option ${given}${meant}; ${advice}.`);
}

/** The help text of a command. */
export function helpFor(command: Command): string {
  const rows = Object.entries({ ...command.options, ...common }).map(([name, option]) => {
    const left = `--${name}${option.value ? ` ${option.value}` : ""}`;
    const right = option.default === undefined ? option.about : `${option.about} (default ${option.default})`;
    return `  ${left.padEnd(26)}${right}${option.required ? " (needed)" : ""}`;
  });
  const usage = ["tapescope", command.name, ...command.operands, "[options]"].join(" ");
  return [`Usage: ${usage}`, "", command.about, "", ...rows].join("\n");
}

/** A whole number from an option. @throws UsageError */
export function wholeNumber(given: Given, name: string, least = 1): number {
  const text = String(given[name]);
  const value = Number(text);
  if (!/^-?\d+$/.test(text) || !Number.isSafeInteger(value) || value < least) {
    const range = value > Number.MAX_SAFE_INTEGER ? `up to ${Number.MAX_SAFE_INTEGER}` : `of at least ${least}`;
    throw new UsageError(`--${name} takes a whole number ${range}; "${text}" was given.`);
  }
  return value;
}

/** A number above zero from an option. @throws UsageError */
export function positiveNumber(given: Given, name: string): number {
  const text = String(given[name]);
  const value = Number(text);
  if (!/^[\d.]+(e[+-]?\d+)?$/i.test(text) || !(value > 0 && Number.isFinite(value))) {
    throw new UsageError(`--${name} takes a number above 0; "${text}" was given.`);
  }
  return value;
}

/** One of a few words from an option. @throws UsageError */
export function choice<T extends string>(given: Given, name: string, choices: readonly T[]): T {
  const value = choices.find((one) => one === given[name]);
  if (value) return value;
  const other = String(given[name]);
  throw new UsageError(
    `--${name} takes one of ${choices.join(", ")}; "${other}" was given${didYouMean(other, choices)}.`,
  );
}
