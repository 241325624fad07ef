import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import { lineChart } from "../figures/line-chart.js";
import type { EpochMetrics } from "../tracker/part-cover.js";
import { tokenMark } from "./marks.js";
import { Plot } from "./plot.js";

/** Loss, accuracy and what else was measured, over the epochs; a click goes to an epoch. */
export function MetricCharts(props: {
  readonly metrics: readonly EpochMetrics[];
  readonly epoch: number;
  readonly choose: (epoch: number) => void;
}): JSX.Element {
  const { metrics, epoch } = props;
  const figures = useMemo(() => {
    const names = [...new Set(metrics.flatMap(({ means }) => Object.keys(means)))];
    const epochs = { name: "epoch", values: metrics.map((one) => one.epoch) };
    return names.map((name) => {
      const values = metrics.map(({ means }) => means[name] ?? Number.NaN);
      return { name, figure: lineChart(epochs, { [name]: values }, { title: name, y: name }) };
    });
  }, [metrics]);
  if (figures.length === 0) return <p>No metrics were recorded.</p>;
  const now = metrics.find((one) => one.epoch === epoch)?.means ?? {};
  return (
    <div class="ts-metrics">
      {figures.map(({ name, figure }) => (
        <div key={name}>
          <Plot
            figure={figure}
            height={220}
            label={`${name} over the epochs; at epoch ${epoch} it is ${now[name]?.toPrecision(4) ?? "not known"}`}
            marks={[tokenMark(epoch)]}
            onClick={({ x }) => props.choose(Number(x))}
          />
        </div>
      ))}
    </div>
  );
}
