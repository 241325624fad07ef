import type { ComponentProps, JSX } from "preact";
import { useEffect, useReducer, useRef, useState } from "preact/hooks";
import { Plot } from "./plot.js";

const rest = 400; // ms

/** A figure that is drawn anew at once while it is seen, else when changes rest: most of what a brush changes is not seen. */
export function SeenPlot(props: ComponentProps<typeof Plot>): JSX.Element {
  const place = useRef<HTMLDivElement>(null);
  const [seen, setSeen] = useState(true);
  const [, redraw] = useReducer<number, undefined>((count) => count + 1, 0);
  const shown = useRef(props.figure);
  if (seen) shown.current = props.figure;
  useEffect(() => {
    if (shown.current === props.figure) return;
    const clock = setTimeout(() => {
      shown.current = props.figure;
      redraw(undefined);
    }, rest);
    return () => clearTimeout(clock);
  }, [props.figure, seen]);
  useEffect(() => {
    const observer = new IntersectionObserver((entries) => setSeen(entries.at(-1)?.isIntersecting ?? true));
    observer.observe(place.current as HTMLDivElement);
    return () => observer.disconnect();
  }, []);
  return (
    <div ref={place}>
      <Plot {...props} figure={shown.current} />
    </div>
  );
}
