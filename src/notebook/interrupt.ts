/**
 * Do work that an interrupt (Ctrl-C, or the notebook's stop button) ends early and cleanly: the work is told by its
 * signal, and what it returns is kept.
 *
 * The kernel's own handler would give the cell up while the work went on unseen, so it is set aside meanwhile. A second
 * interrupt is left to it.
 */
export async function stopOnInterrupt<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const others = process.listeners("SIGINT");
  const restore = (): void => {
    process.off("SIGINT", stop);
    for (const other of others) if (!process.listeners("SIGINT").includes(other)) process.on("SIGINT", other);
  };
  const stop = (): void => {
    controller.abort();
    restore();
  };
  process.removeAllListeners("SIGINT");
  process.on("SIGINT", stop);
  try {
    return await work(controller.signal);
  } finally {
    restore();
  }
}
