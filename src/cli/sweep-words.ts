import {
  type Answers,
  crossEntropyBits,
  logitDifference,
  outputChange,
  rightProbability,
  rightShare,
  wrongBits,
} from "../experiments/metrics.js";
import type { Metric, Operate } from "../experiments/sweep-options.js";
import type { Recorded } from "../model/edits.js";
import type { Model } from "../model/model.js";
import { didYouMean } from "../tensors/nearest.js";
import { UsageError } from "./command.js";

const metrics: Readonly<Record<string, (model: Model, answers: Answers) => Metric>> = {
  "output-change": () => outputChange,
  "wrong-bits": (_, answers) => wrongBits(answers),
  "cross-entropy": crossEntropyBits,
  "right-share": rightShare,
  "right-probability": rightProbability,
  "logit-difference": logitDifference,
};

export const metricNames: readonly string[] = Object.keys(metrics);

/** @throws UsageError if there is no such metric, or none of the input's answers is known */
export function metricFrom(name: string, model: Model, answers: Answers): Metric {
  const make = Object.hasOwn(metrics, name) ? metrics[name] : undefined;
  if (name === "wrong-bits" && model.activation === "softmax") {
    throw new UsageError("--metric wrong-bits is for machines that answer in bits; of one of many, take right-share.");
  }
  if (!make) {
    const given = `"${name}" was given${didYouMean(name, metricNames)}`;
    throw new UsageError(`--metric takes one of ${metricNames.join(", ")}; ${given}.`);
  }
  if (name === "output-change" || answers.mask.data.some((counts) => counts !== 0)) return make(model, answers);
  throw new UsageError(
    `--metric ${name} needs an input that asks something; this one has no answer. Take output-change.`,
  );
}

/** What --operation may say. */
export const operationForms =
  "zero, set:NUMBER, add:NUMBER, scale:NUMBER, clamp:LEAST:GREATEST, noise:DEVIATION[:SEED] or patch:INPUT";

/**
 * "scale:0.5" as what a sweep does at each place.
 *
 * @param recordOther runs the machine on another input
 * @throws UsageError
 */
export function operationFrom(text: string, recordOther: (input: string) => Recorded): Operate {
  const [, name = "", rest = ""] = /^([a-z]+)(?::(.*))?$/s.exec(text) ?? [];
  const numbers = rest.split(":").map((part) => (part.trim() === "" ? Number.NaN : Number(part)));
  const given = numbers.every(Number.isFinite) ? numbers.length : 0;
  const [first = 0, second = 1] = numbers;
  if (name === "zero" && rest === "") return (at) => at.zero();
  if (name === "patch" && rest !== "") {
    const other = recordOther(rest);
    return (at) => at.patch(other);
  }
  if (given === 1 && name === "set") return (at) => at.set(first);
  if (given === 1 && name === "add") return (at) => at.add(first);
  if (given === 1 && name === "scale") return (at) => at.scale(first);
  if (given === 2 && name === "clamp") return (at) => at.clamp(first, second);
  if ((given === 1 || given === 2) && name === "noise" && Number.isSafeInteger(second)) {
    return (at) => at.noise({ seed: second, scale: first });
  }
  throw new UsageError(`--operation takes ${operationForms}; "${text}" was given.`);
}

/** "slot=50-70,step=3" as positions by axis. @throws UsageError */
export function positionsFrom(text: string): Record<string, readonly number[]> {
  const all: Record<string, readonly number[]> = {};
  for (const part of text.split(",")) {
    const [, axis, first, last] = /^\s*([\w ]+)=(\d+)(?:-(\d+))?\s*$/.exec(part) ?? [];
    const [from, to] = [Number(first), Number(last ?? first)];
    if (axis === undefined || to < from || to - from > 1e6) {
      throw new UsageError(`--at takes AXIS=N or AXIS=FROM-TO, such as slot=50-70,step=3; "${text}" was given.`);
    }
    all[axis] = [...(all[axis] ?? []), ...Array.from({ length: to - from + 1 }, (_, i) => from + i)];
  }
  return all;
}
