import { parseArgs } from "node:util";

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
  const any = command.operands.at(-1)?.endsWith("...]");
  if (!any && positionals.length !== command.operands.length) {
    const wanted = command.operands.join(" ") || "no argument";
    throw new UsageError(`${command.name} takes ${wanted}; "${positionals.join(" ")}" was given.`);
  }
  for (const [name, option] of Object.entries(options)) {
    if (option.required && values[name] === undefined) {
      throw new UsageError(`${command.name} needs --${name} ${option.value}: ${option.about}.`);
    }
  }
  return command.run(positionals, values as Given);
}

function parse(command: Command, options: Readonly<Record<string, Option>>, words: readonly string[]) {
  const config = Object.entries(options).map(([name, { value, default: initial }]) => {
    const type = value ? ("string" as const) : ("boolean" as const);
    return [name, initial === undefined ? { type } : { type, default: initial }] as const;
  });
  try {
    return parseArgs({ args: [...words], options: Object.fromEntries(config), allowPositionals: true });
  } catch (error) {
    const problem = (error as Error).message.split(/\n|\. To specify/)[0]?.replace(/\.$/, "");
    throw new UsageError(`${problem}. See \`tapescope ${command.name} --help\`.`);
  }
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
    throw new UsageError(`--${name} takes a whole number of at least ${least}; "${text}" was given.`);
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
  if (!value) throw new UsageError(`--${name} takes one of ${choices.join(", ")}; "${given[name]}" was given.`);
  return value;
}
