import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import type { Run } from "../model/run.js";
import { answersOf } from "../tasks/answers.js";
import { LookingPickers } from "./attention-tab.js";
import { changeByStep, outputsCompared, siteCompared } from "./experiment-figures.js";
import { lookingSites, memorySite } from "./looking-sites.js";
import type { Trial } from "./machine-bench.js";
import { columnFrame, columnMark, inPanels, rowFrame } from "./marks.js";
import { type Mark, Plot, type PlotPoint } from "./plot.js";
import { placeOf } from "./shown-sites.js";
import { StepBar } from "./step-bar.js";
import type { ModeProps } from "./view.js";

/** What edits change: answers, outputs, memory and attention, each before, after and the difference. */
export function Comparison(
  props: ModeProps & { readonly trial: Trial; readonly edited: Run; readonly step: number },
): JSX.Element {
  const { trial, edited, step, view, setView, active, sources, highlight, setHighlight } = props;
  const { reading, run, machine } = trial;
  const { model } = machine.checkpoint;
  const { tokens } = reading;
  const [memory, places] = useMemo(() => [memorySite(model.sites), lookingSites(model.sites)] as const, [model]);
  const at = placeOf(view, places);
  const head = Math.min(view.head, Math.max(1, at?.heads ?? 1) - 1);
  const figures = {
    outputs: useMemo(() => outputsCompared(run, edited, tokens), [run, edited]),
    memory: useMemo(
      () => memory && siteCompared(run, edited, memory, { step, head: 0, tokens }),
      [run, edited, memory, step],
    ),
    looking: useMemo(
      () => at && siteCompared(run, edited, at.site, { step, head, tokens }),
      [run, edited, at, step, head],
    ),
  };
  const axesOf = (name: string): readonly string[] => model.sites.find((site) => site.name === name)?.axes ?? [];
  const linked = (site: string) => linkedMarks(axesOf(site), { step, slot: view.slot, highlight, setHighlight });
  return (
    <>
      <Outcome trial={trial} edited={edited} />
      <section class="ts-panel" aria-label="Outputs compared">
        <Plot
          figure={figures.outputs}
          label="Outputs: original, edited, difference"
          {...linkedMarks(["output"], { step, slot: -1, highlight, setHighlight })}
          onClick={({ column }) => setView({ token: column as number })}
        />
      </section>
      <StepBar
        tokens={tokens}
        step={step}
        choose={(token) => setView({ token })}
        active={active}
        alone={sources.live}
      />
      {figures.memory && (
        <section class="ts-panel" aria-label="Memory compared">
          <Plot
            figure={figures.memory}
            label={`${memory} at token ${step}: original, edited, difference`}
            {...linked(memory as string)}
          />
        </section>
      )}
      {figures.looking && at && (
        <section class="ts-panel" aria-label="Attention compared">
          <LookingPickers view={view} setView={setView} places={places} place={at} />
          <Plot figure={figures.looking} label={`${at.label}: original, edited, difference`} {...linked(at.site)} />
        </section>
      )}
    </>
  );
}

/** Marks of what is pointed at or chosen elsewhere, in the three panels of a comparison, and what pointing here marks. */
function linkedMarks(
  axes: readonly string[],
  at: Pick<ModeProps, "highlight" | "setHighlight"> & { readonly step: number; readonly slot: number },
): { readonly marks: readonly Mark[]; readonly onHover: (point: PlotPoint | undefined) => void } {
  const overTokens = axes.length === 1; // such a site is drawn over all tokens
  const [rows, columns] = overTokens ? [axes[0], "token"] : axes.slice(-2);
  const { step, slot, highlight, setHighlight } = at;
  const slots = [slot, highlight.slot ?? -1].filter((one) => one >= 0);
  const marks = [
    ...(overTokens ? [columnFrame(step)] : []),
    ...(overTokens && highlight.token !== undefined ? [columnMark(highlight.token)] : []),
    ...(rows === "slot" ? slots.map(rowFrame) : []),
    ...(columns === "slot" ? slots.map(columnFrame) : []),
  ];
  const onHover = (point: PlotPoint | undefined): void => {
    const slotAt = rows === "slot" ? point?.row : columns === "slot" ? point?.column : undefined;
    const tokenAt = overTokens ? point?.column : undefined;
    setHighlight({ ...(slotAt !== undefined && { slot: slotAt }), ...(tokenAt !== undefined && { token: tokenAt }) });
  };
  return { marks: marks.flatMap((mark) => inPanels(mark, 3)), onHover };
}

/** What the edits come to: both answers, and where the outputs part. */
function Outcome({ trial, edited }: { readonly trial: Trial; readonly edited: Run }): JSX.Element {
  const { reading, run, machine } = trial;
  const { model } = machine.checkpoint;
  const [before, after, changes] = useMemo(
    () => [
      answersOf(reading, model, run.outputs),
      answersOf(reading, model, edited.outputs),
      changeByStep(run.outputs, edited.outputs),
    ],
    [trial, edited],
  );
  const first = changes.findIndex((change) => change > 0);
  const most = Math.max(...changes);
  const verdict = (name: string, { predicted, right }: typeof before) => (
    <div>
      <dt>{name}</dt>
      <dd class={right ? "ts-right" : "ts-wrong"}>{`${predicted} ${right ? "✓" : "✗"}`}</dd>
    </div>
  );
  const turned = after.steps.filter(({ predicted }, index) => predicted !== before.steps[index]?.predicted);
  return (
    <section class="ts-panel" aria-label="Outcome" role="status">
      {before.steps.length > 0 && (
        <dl class="ts-verdict">
          <div>
            <dt>Expected</dt>
            <dd>{before.expected}</dd>
          </div>
          {verdict("Original", before)}
          {verdict("Edited", after)}
        </dl>
      )}
      <p>
        {first < 0
          ? "The outputs are the same to the bit."
          : `The outputs part at token ${first} (${reading.tokens[first]}); the largest change is ${most.toPrecision(3)} at token ${changes.indexOf(most)}; ` +
            `${turned.length} of ${before.steps.length} answers changed.`}
      </p>
    </section>
  );
}
