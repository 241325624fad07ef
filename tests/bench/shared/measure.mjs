// What the benchmark scripts share: medians of interleaved runs, and the lines that `npm run bench` collects.

/** The middle of some numbers. */
export function median(numbers) {
  return [...numbers].sort((a, b) => a - b)[numbers.length >> 1];
}

/** Print one figure beside a peer's, or beside a limit. */
export function tell({ name, batch, unit, ours, peer, theirs }) {
  console.log(JSON.stringify({ name, batch, unit, ours, peer, theirs, ratio: ours / theirs }));
}

const pause = 30; // ms in which a peer's threads come to rest
const patience = 30_000; // ms after which three rounds must do, on a machine that has other work
const fewest = 3;

/**
 * Median milliseconds of every contender. They take turns, so that other work on the machine falls on all of them.
 *
 * @param contenders by name: `time` gives the milliseconds of one run, `again` how many runs make a turn
 */
export async function interleave(rounds, contenders) {
  const times = Object.fromEntries(Object.keys(contenders).map((name) => [name, []]));
  const started = performance.now();
  for (let round = -1; round < rounds; round++) {
    if (round >= fewest && performance.now() - started > patience) break;
    for (const [name, { time, again = 1 }] of Object.entries(contenders)) {
      await new Promise((resolve) => setTimeout(resolve, pause));
      for (let run = 0; run < again; run++) {
        const milliseconds = await time();
        if (round >= 0) times[name].push(milliseconds); // the first turn warms up
      }
    }
  }
  return Object.fromEntries(Object.entries(times).map(([name, all]) => [name, median(all)]));
}

/** Milliseconds that a function takes. */
export function clock(run) {
  const started = performance.now();
  run();
  return performance.now() - started;
}
