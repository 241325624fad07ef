/**
 * Let what waits have its turn: an interrupt, a file that was written, a page, a cell's output. A timer would stand still for
 * a millisecond; where there is a quicker way it is taken.
 */
export function turn(): Promise<void> {
  return new Promise((resolve) => {
    if (typeof setImmediate === "function") setImmediate(resolve);
    else setTimeout(resolve);
  });
}
