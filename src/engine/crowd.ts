// Threads pay only where each has a core. Where other programs use them, threads wait for one another at every barrier.

const shortest = 100; // milliseconds
const longest = 12_800;
// A run in which threads wait costs as much as twenty or so gain by them: one in 35 is as often as may be.
const recovery = 0.98;

/** Whether this process has cores for several threads, as far as it was seen lately. */
export interface Crowd {
  /** Whether to do without other threads for now. */
  readonly isCrowded: () => boolean;
  /** What was seen: whether threads waited long for one another. */
  readonly note: (waited: boolean) => void;
}

/**
 * After threads have waited long they are not used for a while, twice as long each time. With every run in which all goes
 * well the next pause is a little shorter.
 *
 * @param clock milliseconds
 */
export function newCrowd(clock: () => number = () => performance.now()): Crowd {
  let pause = shortest;
  let until = Number.NEGATIVE_INFINITY;
  return {
    isCrowded: () => clock() < until,
    note(waited) {
      if (waited) until = clock() + pause;
      pause = waited ? Math.min(2 * pause, longest) : Math.max(recovery * pause, shortest);
    },
  };
}

export const crowd: Crowd = newCrowd();
