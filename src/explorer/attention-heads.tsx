import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import { attentionPanels } from "../figures/attention-heatmap.js";
import { select } from "../tensors/named-array.js";
import type { LookingSite } from "./looking-sites.js";
import { panelFrame } from "./marks.js";
import type { SequenceProps } from "./memory-tab.js";
import { Plot } from "./plot.js";
import { useRested } from "./use-rested.js";

/** All heads of a layer side by side; a click chooses one. While tokens run fast, it waits until they rest. */
export function AllHeads(props: SequenceProps & { readonly place: LookingSite; readonly head: number }): JSX.Element {
  const { series, place, head, highlight, setHighlight, setView } = props;
  const step = Math.min(useRested(props.step, 120), (series.shape[0] as number) - 1);
  const figure = useMemo(() => {
    return attentionPanels(select(series, { step }), { title: `All heads of ${place.label} at token ${step}` });
  }, [series, step, place]);
  const headAt = (trace: number): number => {
    const { xaxis } = figure.data[trace] as { xaxis?: string };
    return Number(xaxis?.slice(1) || 1) - 1;
  };
  const pointed = highlight.head === undefined || highlight.head === head ? [] : [panelFrame(highlight.head)];
  return (
    <div class="ts-all-heads">
      <Plot
        figure={figure}
        label={`All heads of ${place.label} at token ${step}; head ${head} is chosen`}
        marks={[panelFrame(head), ...pointed]}
        onHover={(point) => setHighlight(point ? { head: headAt(point.trace) } : {})}
        onClick={({ trace }) => setView({ head: headAt(trace) })}
      />
    </div>
  );
}
