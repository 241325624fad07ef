import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import { attentionPanels } from "../figures/attention-heatmap.js";
import { select } from "../tensors/named-array.js";
import { stateFigure, vectorFigure } from "./history-figures.js";
import { columnFrame, tokenMark } from "./marks.js";
import type { SequenceProps } from "./memory-tab.js";
import { Plot } from "./plot.js";

/** The figure of any state: a heatmap of two axes at this token, panels of three; of one axis or none, over all tokens. */
export function StateFigure({ series, step, tokens, where }: SequenceProps): JSX.Element {
  const axes = series.axes.length - 1;
  const at = axes < 2 ? 0 : step;
  const figure = useMemo(() => {
    const now = `${series.name} at token ${at} “${tokens[at]}”, ${where}`;
    if (axes < 2) return vectorFigure(series, tokens, `${series.name} over the tokens, ${where}`);
    return axes === 2 ? stateFigure(series, at, now) : attentionPanels(select(series, { step: at }), { title: now });
  }, [series, at, axes, tokens, where]);
  const isLine = axes === 0 || series.shape[1] === 1;
  const marks = axes >= 2 ? [] : [isLine ? tokenMark(step) : columnFrame(step)];
  return <Plot figure={figure} marks={marks} label={`${series.name}, ${where}`} />;
}
