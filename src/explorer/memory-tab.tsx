import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import type { NamedArray } from "../tensors/named-array.js";
import { Picker } from "./controls.js";
import { memoryTimeline, slotsOverTokens, stateFigure } from "./history-figures.js";
import { columnFrame, columnMark, rowFrame, tokenMark } from "./marks.js";
import { type Mark, Plot, type PlotPoint } from "./plot.js";
import type { ModeProps } from "./view.js";

/** What the tabs of a sequence are given: one site's series, and where in it we are. */
export interface SequenceProps extends Pick<ModeProps, "view" | "setView" | "highlight" | "setHighlight"> {
  /** [step, ...site] of one sequence. */
  readonly series: NamedArray;
  readonly step: number;
  /** What was shown at each step. */
  readonly tokens: readonly string[];
  /** Where this is, such as "epoch 3, batch 5". */
  readonly where: string;
  readonly chooseStep: (step: number) => void;
}

/** Memory at a token, its strength over the tokens, and what each slot holds over the tokens. */
export function MemoryTab(props: SequenceProps): JSX.Element {
  const { series, step, tokens, where, view, setView, highlight, setHighlight, chooseStep } = props;
  const slot = view.slot < (series.shape[1] as number) ? view.slot : -1;
  const content = useMemo(
    () => stateFigure(series, step, `${series.name} after token ${step} “${tokens[step]}”, ${where}`),
    [series, step, tokens, where],
  );
  const strength = useMemo(
    () => memoryTimeline(series, tokens, slot, `Mean magnitude of ${series.name} over the tokens`),
    [series, tokens, slot],
  );
  const slots = useMemo(
    () => slotsOverTokens(series, tokens, `What each ${series.axes[1]} holds over the tokens`),
    [series, tokens],
  );
  const rows: Mark[] = [slot, highlight.slot ?? -1].filter((row) => row >= 0).map(rowFrame);
  const columns = highlight.token === undefined ? [] : [columnMark(highlight.token)];
  const pointToken = (point?: PlotPoint): void => setHighlight(point ? { token: Number(point.x) } : {});
  const pointSlot = (point?: PlotPoint): void => setHighlight(point?.row === undefined ? {} : { slot: point.row });
  const chooseSlot = (row?: number): void => setView({ slot: row === undefined || row === slot ? -1 : row });
  const none = { value: -1, label: "none" };
  const choices = Array.from({ length: series.shape[1] as number }, (_, value) => ({ value, label: `${value}` }));
  return (
    <>
      <div class="ts-buttons">
        <Picker
          label={`Marked ${series.axes[1]}`}
          options={[none, ...choices]}
          chosen={slot}
          choose={(chosen) => setView({ slot: chosen })}
        />
      </div>
      <Plot
        figure={content}
        label={`${series.name} after token ${step}: a row for each ${series.axes[1]}, a column for each ${series.axes[2]}`}
        marks={rows}
        onHover={pointSlot}
        onClick={({ row }) => chooseSlot(row)}
      />
      <Plot
        figure={strength}
        height={230}
        label={`Mean magnitude of ${series.name} over the tokens`}
        marks={[tokenMark(step), ...columns]}
        onHover={pointToken}
        onClick={({ x }) => chooseStep(Number(x))}
      />
      <Plot
        figure={slots}
        label={`Norm of each ${series.axes[1]} over the tokens`}
        marks={[columnFrame(step), ...columns, ...rows]}
        onHover={(point) =>
          setHighlight(point?.row === undefined ? {} : { slot: point.row, token: point.column as number })
        }
        onClick={({ column, row }) => {
          chooseStep(column as number);
          chooseSlot(row);
        }}
      />
    </>
  );
}
