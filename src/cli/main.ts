import { didYouMean } from "../tensors/nearest.js";
import { type Command, runCommand } from "./command.js";
import { dashboardCommand } from "./dashboard.js";
import { evaluateCommand } from "./evaluate.js";
import { historyCommand } from "./history.js";
import { reportCommand } from "./report.js";
import { runCheckpointCommand } from "./run.js";
import { sweepCommand } from "./sweep.js";
import { trainCommand } from "./train.js";
import { verifyCommand } from "./verify.js";

const commands: readonly Command[] = [
  trainCommand,
  evaluateCommand,
  verifyCommand,
  reportCommand,
  historyCommand,
  dashboardCommand,
  runCheckpointCommand,
  sweepCommand,
];

const help = [
  "Usage: tapescope COMMAND [options]",
  "",
  "See, edit and re-run the memory of neural machines.",
  "",
  ...commands.map(({ name, about }) => `  ${name.padEnd(12)}${about}`),
  "",
  "`tapescope COMMAND --help` tells more. TAPESCOPE_BACKEND=native, wasm or cpu chooses what computes,",
  "TAPESCOPE_THREADS=1 keeps it to one core.",
  "Exit codes: 0 done, 1 the answer is no (a difference too large, a notebook that fails), 2 wrong use or input,",
  "130 interrupted.",
].join("\n");

/** Run the command line. @returns the exit code */
export async function main(words: readonly string[]): Promise<number> {
  const [name, ...rest] = words;
  if (name === undefined || name === "--help" || name === "-h" || name === "help") {
    console.log(help);
    return name === undefined ? 2 : 0;
  }
  const command = commands.find((one) => one.name === name);
  try {
    if (!command) {
      const names = commands.map((one) => one.name);
      throw new Error(`There is no command "${name}"${didYouMean(name, names)}; there are ${names.join(", ")}.`);
    }
    return await runCommand(command, rest);
  } catch (error) {
    console.error(`tapescope: ${(error as Error).message}`);
    return 2;
  }
}
