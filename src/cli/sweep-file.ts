import { stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import type { Sweep, SweepMoment, SweepProgress } from "../experiments/sweep-options.js";
import { writeAtomically } from "../files/atomic.js";
import { readWith } from "../files/checkpoint-file.js";
import { type Given, UsageError } from "./command.js";

/** The moment in the file of an interrupted sweep. @throws UsageError before anything is computed or written over */
export async function momentFrom({ out, resume, force }: Given): Promise<SweepMoment | undefined> {
  if (resume && out === undefined) throw new UsageError("--resume goes on from the file that --out names; give both.");
  if (out === undefined) return undefined;
  if (resume) {
    return readWith(String(out), momentIn).catch((error: Error) => {
      throw new UsageError(`--resume: ${error.message}`);
    });
  }
  const folder = dirname(resolve(String(out)));
  if (!(await stat(folder).catch(() => undefined))?.isDirectory()) {
    throw new UsageError(`--out: there is no folder "${folder}"; make it, or choose another --out.`);
  }
  const existing = await stat(String(out)).catch(() => undefined);
  if (existing && !existing.isFile()) throw new UsageError(`--out: "${out}" is a folder or a device, not a file.`);
  if (existing && !force) throw new UsageError(`"${out}" exists; choose another --out, --resume it, or --force.`);
  return undefined;
}

function momentIn(bytes: Uint8Array): SweepMoment {
  const moment = JSON.parse(new TextDecoder().decode(bytes))?.moment;
  const sound = typeof moment?.sweep === "string" && Array.isArray(moment.values);
  if (sound && moment.values.length <= moment.cells) return moment;
  throw new Error("it holds no `moment` of a sweep; `tapescope sweep --out` writes one");
}

/** What `sweep` says against its `from`, said of the file that --resume took it from. */
export function aboutResume(error: Error, path: string): Error {
  const [, problem] = /^sweep: `from` (.*)$/s.exec(error.message) ?? [];
  return problem === undefined ? error : new UsageError(`--resume: "${path}" ${problem}`);
}

/**
 * A sweep as one line of JSON. NaN, as of a run that was not carried out, becomes null.
 *
 * @param about what was swept, which comes first
 */
export function sweepJson(about: object, { values, baseline, done, cells, moment }: Sweep): string {
  const { axes, shape, labels, data } = values;
  const found = { baseline, done, cells, axes, shape, ...(labels && { labels }), values: [...data], moment };
  return JSON.stringify({ ...about, ...found });
}

const seldom = 5_000; // milliseconds: writing takes a small part of them, and no more than they are lost

/** Keep in a file what a sweep has so far: after its first batch, so that a file that cannot be written is told, then seldom. */
export function keepSoFar(path: string, about: object): (progress: SweepProgress) => Promise<void> {
  let kept = Number.NEGATIVE_INFINITY;
  return async ({ done, cells, soFar }) => {
    if (done === cells || performance.now() - kept < seldom) return;
    await writeAtomically(path, `${sweepJson(about, soFar())}\n`);
    kept = performance.now();
  };
}
