// Who computes what: the steps of a program shared out to threads that run side by side. Whatever their number, the same
// numbers come out to the bit, for steps are divided only where no sum is.
import { sizeOf } from "../tensors/named-array.js";
import type { StoredNode } from "./graph.js";
import type { MapOperation } from "./operations.js";
import { divisions } from "./parts.js";
import { axesOf, overlap, type Region, regionOf, writtenBeyond } from "./regions.js";
import { type LoopStep, type Step, writtenBy } from "./steps.js";

/** What one thread does. At a barrier each waits for all others. */
export type Share = readonly (Step | "barrier")[];

// Nanoseconds as measured here: a rough guide to what is worth sharing.
const barrierTime = 300;
const callTime = 20;
const perMultiplication = 0.04;
const perInstruction = 0.08;
const perFunction = 1.5;
// A run that gains less is not worth waking a thread (some 50 microseconds, 200 at times) and keeping a second core busy.
const leastGain = 150_000;
const leastShare = 1 / 3;

const mostSteps = 64; // between two barriers: what threads touched is kept until the next

/**
 * A list of steps for each thread; a single list where more would not pay.
 *
 * @param places where the storage begins that steps write, in bytes
 */
export function shareOut(
  steps: readonly Step[],
  places: ReadonlyMap<StoredNode, number>,
  threads: number,
): readonly Share[] {
  const alone = steps.reduce((sum, step) => sum + timeOf(step), 0);
  const pays = (time: number) => alone - time >= Math.max(leastGain, leastShare * alone);
  if (threads === 1 || !pays(alone / threads)) return [steps];
  const { shares, time } = divideWork(steps, places, threads);
  return pays(time) ? shares : [steps];
}

/** A list for each thread, ending with a barrier, and about how many nanoseconds they take together. */
export function divideWork(
  steps: readonly Step[],
  places: ReadonlyMap<StoredNode, number>,
  threads: number,
): { readonly shares: readonly Share[]; readonly time: number } {
  const shares = Array.from({ length: threads }, () => [] as (Step | "barrier")[]);
  let touched = shares.map((): Touched[] => []);
  let time = 0;
  let since = 0;
  const wait = () => {
    for (const share of shares) share.push("barrier");
    touched = shares.map(() => []);
    time += barrierTime;
    since = 0;
  };
  for (const step of steps) {
    const best = cheapest(step, touched, places);
    if (best.waits || since === mostSteps) wait();
    best.parts.forEach((part, thread) => {
      if (!part) return;
      shares[thread]?.push(part);
      touched[thread]?.push(...(best.touched[thread] as Touched[]));
    });
    time += best.time;
    since++;
  }
  wait();
  return { shares, time };
}

interface Touched extends Region {
  readonly isWritten: boolean;
}

/** A way to compute a step: the part of each thread, and whether they must wait for one another before. */
interface Way {
  readonly parts: readonly (Step | undefined)[];
  readonly touched: readonly (readonly Touched[])[];
  readonly waits: boolean;
  readonly time: number;
}

function cheapest(step: Step, before: readonly (readonly Touched[])[], places: ReadonlyMap<StoredNode, number>): Way {
  const threads = before.length;
  const whole = before.map((_, thread) => before.map((_, other) => (other === thread ? step : undefined)));
  const ways = [...divisions(step, threads), ...whole].flatMap((parts): Way[] => {
    const touched = before.map((_, thread) => (parts[thread] ? touchedBy(parts[thread], places) : []));
    if (meet(touched, touched)) return [];
    const time = Math.max(...parts.map((part) => (part ? timeOf(part) : 0)));
    return [{ parts, touched, waits: meet(touched, before), time }];
  });
  const cost = ({ waits, time }: Way) => (waits ? barrierTime : 0) + time;
  return ways.reduce((best, way) => (cost(way) < cost(best) ? way : best));
}

function touchedBy(step: Step, places: ReadonlyMap<StoredNode, number>): Touched[] {
  const written = new Set(writtenBy(step));
  return step.operands.flatMap((operand, index) => {
    const place = places.get(operand.of); // what has none is never written
    if (place === undefined) return [];
    const isWritten = written.has(index);
    const beyond = isWritten ? writtenBeyond(step, index) : 0;
    return [{ ...regionOf(operand, place / 4, axesOf(step, index), beyond), isWritten }];
  });
}

/** Whether a thread of the first writes where another of the second reads or writes, or the other way round. */
function meet(first: readonly (readonly Touched[])[], second: readonly (readonly Touched[])[]): boolean {
  return first.some((mine, thread) =>
    second.some(
      (theirs, other) =>
        other !== thread &&
        mine.some((one) => theirs.some((two) => (one.isWritten || two.isWritten) && overlap(one, two))),
    ),
  );
}

/** About how long a step takes, in nanoseconds. */
function timeOf(step: Step): number {
  if (step.kind === "loop") return callTime + sizeOf(step.shape) * timeOfBody(step);
  const { batch, rows, inner, columns } = step;
  const left = rows % 4; // fewer rows than a tile has are hardly faster
  return callTime + sizeOf(batch) * (rows - left + (left && Math.max(left, 2.5))) * inner * columns * perMultiplication;
}

const functions = new Set<MapOperation>(["exp", "log", "power", "sigmoid", "softplus", "tanh"]);

function timeOfBody({ body }: LoopStep): number {
  return body.reduce(
    (sum, one) => sum + (one.kind === "compute" && functions.has(one.operation) ? perFunction : perInstruction),
    0,
  );
}
