import { eagerRun } from "./eager-run.js";
import { replayedRun } from "./replayed-run.js";
import type { Run, RunRequest } from "./run-request.js";

/** Carry out a run that was found to be possible: replayed, or where that cannot be, operation by operation. */
export function carryOut(request: RunRequest): Run {
  // Replayed from the first run on. In a new process the first run of each of our checkpoints took 80 to 140 ms of processor
  // time with recording, 350 to 1250 without (8 to 241 steps); those after it 0.6 to 30 instead of 65 to 780. Only where a
  // tiny model runs for fewer than about six steps does recording take longer, by some milliseconds. And were the first
  // run computed otherwise than the next, rounding would look like something that an edit did.
  return (backendIsNamed() ? undefined : replayedRun(request)) ?? eagerRun(request);
}

/** Whoever names a backend wants to see what that backend computes. */
function backendIsNamed(): boolean {
  return typeof process !== "undefined" && Boolean(process.env?.TAPESCOPE_BACKEND);
}
