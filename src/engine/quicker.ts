const runsOfTrial = 4;
const firstInterval = 4;
const longestInterval = 1024;

/**
 * A function that does one thing in whichever of two ways is the quicker as things stand. Now and then it tries the other
 * way for a few runs; less and less often where that does not pay.
 *
 * @param clock milliseconds
 */
export function quicker(
  first: () => void,
  second: () => void,
  clock: () => number = () => performance.now(),
): () => void {
  let [usual, other] = [first, second];
  let recent: readonly number[] = []; // what the last runs in the usual way took
  let trial = 0; // what the runs of a trial took so far
  let interval = firstInterval;
  let runs = 0; // since the last trial
  const timed = (way: () => void): number => {
    const begun = clock();
    way();
    return clock() - begun;
  };
  const endTrial = (won: boolean): void => {
    if (won) [usual, other] = [other, usual];
    interval = won ? firstInterval : Math.min(2 * interval, longestInterval);
    [runs, trial] = [0, 0];
  };
  return () => {
    runs++;
    if (runs <= interval) {
      recent = [...recent.slice(1 - runsOfTrial), timed(usual)];
      return;
    }
    trial += timed(other);
    const worse = trial >= recent.reduce((sum, time) => sum + time, 0);
    if (worse || runs === interval + runsOfTrial) endTrial(!worse);
  };
}
