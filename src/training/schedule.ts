/** How the learning rate changes over a training: the factor at a part of it that is done, from 0 to 1. */
export type Schedule = (done: number) => number;

/** The learning rate stays as it is. */
export const constant: Schedule = () => 1;

/**
 * Up from 0 in a straight line over the first part, then down to 0 along half a cosine (Loshchilov and Hutter 2017,
 * arXiv 1608.03983, eq. 5, without restarts): large steps find a solution, small ones settle it.
 *
 * @param warmUp that first part, 0 to 1
 */
export function cosine(warmUp = 0.02): Schedule {
  return (done) => (done < warmUp ? done / warmUp : (1 + Math.cos((Math.PI * (done - warmUp)) / (1 - warmUp))) / 2);
}
