import { useEffect, useRef } from "preact/hooks";

/** Call something so many times a second while it plays. */
export function usePlayer(playing: boolean, perSecond: number, next: () => void): void {
  const latest = useRef(next);
  latest.current = next;
  useEffect(() => {
    if (!playing) return;
    const clock = setInterval(() => latest.current(), 1000 / perSecond);
    return () => clearInterval(clock);
  }, [playing, perSecond]);
}
