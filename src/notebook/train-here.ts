import {
  type OnProgress,
  type Progress,
  type Training,
  type TrainingResult,
  type TrainOptions,
  train,
} from "../training/train.js";
import { stopOnInterrupt } from "./interrupt.js";
import { liveLine } from "./live-line.js";

/**
 * Train with a progress line that changes in its place, in a cell or on a terminal; an interrupt ends it cleanly and
 * what was learnt by then is returned.
 *
 * @param options as `train` takes them
 * @example const { parameters, log } = await trainHere({ model, task, optimizer: adam(), ... });
 */
export async function trainHere(
  training: Training,
  options: Omit<TrainOptions, "signal"> = {},
): Promise<TrainingResult> {
  const line = liveLine(process.stderr);
  const answer = training.model.activation === "softmax" ? "answer" : "answer bit"; // one of many, or a bit each
  let shownAt = 0;
  const show: OnProgress = async (progress) => {
    await options.onProgress?.(progress);
    const now = performance.now();
    if (now - shownAt < 200 && progress.update < progress.updates) return;
    shownAt = now;
    line.update(progressText(training.task.name, progress, answer));
  };
  try {
    return await stopOnInterrupt((signal) =>
      train(training, { how: howToTrain(), ...options, signal, onProgress: show }),
    );
  } finally {
    line.end();
  }
}

/** Updates are replayed by the engine, unless a backend was asked for by name. */
export function howToTrain(): "replayed" | "eager" {
  return process.env.TAPESCOPE_BACKEND ? "eager" : "replayed";
}

type Shown = Pick<Progress, "update" | "updates" | "bitsPerAnswer" | "seconds">;

/** One line: how far, the loss, the speed, the time left. `answer` is what the loss is counted by. */
export function progressText(task: string, progress: Shown, answer: "answer" | "answer bit" = "answer bit"): string {
  const { update, updates, bitsPerAnswer, seconds } = progress;
  const speed = update / seconds;
  const rate = speed >= 1 ? `${speed.toFixed(1)} updates/s` : `${(1 / speed).toFixed(1)} s/update`;
  const done = `${update.toLocaleString("en")}/${updates.toLocaleString("en")} (${Math.floor((100 * update) / updates)} %)`;
  const loss = `${bitsPerAnswer.toFixed(4)} bits lost per ${answer}`;
  return `${task}: ${done}, ${loss}, ${rate}, ${duration((updates - update) / speed)} left`;
}

/** Seconds as a person says them: "8 s", "3 min 20 s", "2 h 05 min". */
export function duration(seconds: number): string {
  const whole = Math.round(seconds);
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (number: number): string => String(number).padStart(2, "0");
  if (hours > 0) return `${hours} h ${two(minutes)} min`;
  return minutes > 0 ? `${minutes} min ${two(rest)} s` : `${rest} s`;
}
