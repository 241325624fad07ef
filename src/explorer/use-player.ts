import { useLayoutEffect, useRef } from "preact/hooks";

/** Call something so many times a second while it plays. */
export function usePlayer(playing: boolean, perSecond: number, next: () => void): void {
  const latest = useRef(next);
  latest.current = next;
  // As soon as the page shows that it rests, nothing moves any more.
  useLayoutEffect(() => {
    if (!playing) return;
    const clock = setInterval(() => latest.current(), 1000 / perSecond);
    return () => clearInterval(clock);
  }, [playing, perSecond]);
}
