import { historyFolder } from "../files/folder-storage.js";
import type { NamedArray } from "../tensors/named-array.js";
import { didYouMean } from "../tensors/nearest.js";
import { type History, openHistory } from "../tracker/history.js";
import { historyAt } from "../tracker/http-storage.js";
import { type Command, choice, type Given, UsageError, wholeNumber } from "./command.js";

const kinds = ["state", "parameter", "gradient"] as const;

/** `tapescope history info DIR`, `tapescope history read DIR --epoch E …`: what a training left behind. */
export const historyCommand: Command = {
  name: "history",
  about: "Tell what a state history holds (info), or print one value out of it (read).",
  operands: ["info|read", "DIR"],
  options: {
    epoch: { value: "E", about: "epoch of the value to read" },
    batch: { value: "B", about: "batch of the epoch" },
    token: { value: "T", about: "token of the sequence; for a state" },
    site: { value: "NAME", about: "name of the site, or of the parameter" },
    kind: { value: "KIND", default: "state", about: kinds.join(", ") },
  },
  async run([action, place], given) {
    if (action !== "info" && action !== "read") {
      const meant = didYouMean(action as string, ["info", "read"]);
      throw new UsageError(`history takes info or read, then DIR; "${action}" was given${meant}.`);
    }
    const wanted = action === "read" ? readWish(given) : undefined;
    if (!wanted) refuseOptions(given, ["epoch", "batch", "token", "site"], "history info tells of the whole history");
    const storage = /^https?:/i.test(place as string) ? historyAt(place as string) : historyFolder(place as string);
    const history = await openHistory(storage, { warn: (message) => console.error(`tapescope: ${message}`) });
    if (wanted) printValue(await wanted(history), given);
    else printInfo(place as string, history, given);
    return 0;
  },
};

/** @throws UsageError if what to read is not said */
function readWish(given: Given): (history: History) => Promise<NamedArray> {
  const kind = choice(given, "kind", kinds);
  for (const name of ["epoch", "batch", "site", ...(kind === "state" ? ["token"] : [])]) {
    if (given[name] === undefined) throw new UsageError(`history read needs --${name}.`);
  }
  if (kind !== "state") refuseOptions(given, ["token"], `a ${kind} is recorded once for a batch`);
  const [epoch, batch, site] = [wholeNumber(given, "epoch", 0), wholeNumber(given, "batch", 0), String(given.site)];
  if (kind === "parameter") return (history) => history.getParameter(epoch, batch, site);
  if (kind === "gradient") return (history) => history.getGradient(epoch, batch, site);
  const token = wholeNumber(given, "token", 0);
  return (history) => history.getState(epoch, batch, token, site);
}

/** @throws UsageError if one of these options was given */
function refuseOptions(given: Given, names: readonly string[], reason: string): void {
  const name = names.find((one) => given[one] !== undefined);
  if (name) throw new UsageError(`${reason}; leave out --${name}.`);
}

function printValue({ name, axes, shape, data }: NamedArray, given: Given): void {
  if (given.json)
    console.log(JSON.stringify({ name, axes, shape, data: Array.from(data) })); // NaN becomes null
  else {
    console.log(`${name}: ${axes.map((axis, index) => `${axis} ${shape[index]}`).join(" × ")}`);
    const row = shape.at(-1) || 1;
    for (let i = 0; i < data.length; i += row) {
      console.log(Array.from(data.subarray(i, i + row), (value) => value.toPrecision(4)).join(" "));
    }
  }
}

function printInfo(place: string, history: History, given: Given): void {
  const { model, settings, size, sites, metrics, warnings } = history;
  const epochs = history.getAvailableEpochs().map((epoch) => {
    const batches = history.getAvailableBatches(epoch);
    return { epoch, batches: batches.length, tokens: history.getAvailableTokens(epoch, batches[0] as number).length };
  });
  if (given.json) {
    console.log(JSON.stringify({ history: place, model, settings, ...size, epochs, metrics, sites, warnings }));
    return;
  }
  console.log(`${model.name}, ${size.rows} rows in ${size.parts} parts, ${(size.bytes / 1e6).toFixed(1)} MB`);
  console.log(`${settings.dtype}, sampling rate ${settings.samplingRate}, sequences of a batch: ${settings.sequences}`);
  for (const { epoch, batches, tokens } of epochs) {
    const means = Object.entries(metrics.find((one) => one.epoch === epoch)?.means ?? {});
    const told = means.map(([name, mean]) => `, ${name} ${mean.toPrecision(4)}`).join("");
    console.log(`epoch ${epoch}: ${batches} batches, ${tokens} tokens in the first${told}`);
  }
  for (const { kind, name, axes, shape } of sites) {
    console.log(`${kind.padEnd(10)}${name}  ${axes.map((axis, index) => `${axis} ${shape[index]}`).join(" × ")}`);
  }
}
