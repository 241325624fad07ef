import type { JSX } from "preact";
import { useMemo, useState } from "preact/hooks";
import { checkEdits, type Edit } from "../model/edits.js";
import { modelKey } from "../model/model-key.js";
import { series } from "../model/run.js";
import { type NamedArray, type Position, select } from "../tensors/named-array.js";
import { notebookCode } from "./edit-code.js";
import { changesAt, type Target } from "./edit-values.js";
import { Comparison } from "./experiment-comparison.js";
import { CellEditor } from "./experiment-editor.js";
import { EditList } from "./experiment-list.js";
import { OperationForm } from "./experiment-operations.js";
import type { PatchSource } from "./experiment-patch.js";
import { firstRegion, type Picked, pickedFrom, placeOf, TargetPicker } from "./experiment-target.js";
import { stepOf } from "./inference-mode.js";
import { memorySite } from "./looking-sites.js";
import type { TimedRun } from "./machine.js";
import { type Trial, useBench } from "./machine-bench.js";
import { MachineForm } from "./machine-form.js";
import { messageOf, Problem } from "./message.js";
import { misfitOf } from "./misfit.js";
import { useEdits } from "./use-edits.js";
import type { OpenedHistory } from "./use-history.js";
import type { ModeProps, View } from "./view.js";
import "./experiment.css";

/** Change what is inside a machine while it runs, and see what comes of it. */
export function ExperimentMode(props: ModeProps): JSX.Element {
  const bench = useBench(props.sources);
  const { trial, machine } = bench;
  return (
    <div class="ts-experiment">
      <MachineForm {...props} bench={bench} />
      {trial && <Experiment key={machine?.name} {...props} trial={trial} />}
    </div>
  );
}

function Experiment(props: ModeProps & { readonly trial: Trial }): JSX.Element {
  const { trial, view, sources, opened } = props;
  const { machine, reading } = trial;
  const { model } = machine.checkpoint;
  const { tokens, batch } = reading;
  // Whether there is such a token, the run says: with another address, another input is on its way.
  const {
    log,
    act,
    problem: left,
    tooLong,
  } = useEdits(props, machine.name, (edits) => checkEdits(model, Number.MAX_SAFE_INTEGER, 1, edits));
  const [begun] = useState(Math.max(0, view.token));
  const wanted = useMemo(() => pickedFrom(view.target, model) ?? firstPicked(model, begun), [view.target, model]);
  const pick = (picked: Picked): void => props.setView({ target: JSON.stringify(picked) });
  const picked = { ...wanted, step: Math.min(wanted.step, tokens.length - 1) };
  const outcome = useMemo(() => attempt(() => machine.run(batch.inputs, log.edits)), [trial, log.edits]);
  const [edited, problem] = "value" in outcome ? [outcome.value, ""] : [trial.run, outcome.problem];
  const patch = usePatchSource(trial, opened, view);

  const target: Target =
    picked.kind === "parameter"
      ? { parameter: picked.name, index: picked.region }
      : { site: picked.name, step: picked.step, index: picked.region };
  const valueIn = (run: TimedRun, edits: readonly Edit[]): NamedArray =>
    picked.kind === "parameter"
      ? machine.parameter(picked.name, edits)
      : select(series(run, picked.name), { step: picked.step });
  const { kind, name, step } = picked;
  const original = useMemo(() => valueIn(trial.run, []), [trial, kind, name, step]);
  const changed = useMemo(
    () => (problem ? original : valueIn(edited, log.edits)),
    [edited, original, problem ? "" : log.edits],
  );
  const add = (edit: Edit, continues = false): void => act({ type: "add", edits: [edit], continues });
  const set = (index: Position, value: number, continues: boolean): void =>
    add(changesAt({ ...target, index }).set(value), continues);
  const code = useMemo(() => notebookCode(machine.name, reading, log.edits), [trial, log.edits]);
  const check = (edits: readonly Edit[]): void => checkEdits(model, tokens.length, 1, edits);
  return (
    <div class="ts-bench">
      <div class="ts-tools">
        <section class="ts-panel" aria-label="Target">
          <TargetPicker model={model} tokens={tokens} picked={picked} pick={pick} />
          <OperationForm
            target={target}
            axes={original.axes}
            region={select(original, picked.region)}
            patch={patch}
            apply={add}
            check={check}
          />
        </section>
        <EditList {...{ log, act, code, check }} model={modelKey(model)} tooLong={sources.live && tooLong} />
      </div>
      <div class="ts-results">
        {left && <Problem message={left} />}
        <CellEditor key={`${kind} ${name}`} original={original} edited={changed} region={picked.region} set={set} />
        {problem ? (
          <Problem message={problem} />
        ) : (
          <Comparison {...props} edited={edited} step={stepOf(view.token, trial)} />
        )}
      </div>
    </div>
  );
}

function firstPicked(model: Trial["machine"]["checkpoint"]["model"], step: number): Picked {
  const name = memorySite(model.sites) ?? (model.sites[0]?.name as string);
  return { kind: "site", name, step, region: firstRegion(placeOf(model, { kind: "site", name }).axes) };
}

function attempt<Value>(make: () => Value): { readonly value: Value } | { readonly problem: string } {
  try {
    return { value: make() };
  } catch (error) {
    return { problem: messageOf(error) };
  }
}

function usePatchSource(trial: Trial, { history, version, problem }: OpenedHistory, view: View): PatchSource {
  const { epoch, batch, token, sequence } = view;
  return useMemo(() => {
    const { machine, reading, text, run, task } = trial;
    const at = (from: TimedRun, target: Target, step: number): NamedArray => {
      if ("parameter" in target) throw new Error("A parameter has no value of its own in a run.");
      return select(series(from, target.site), { step });
    };
    return {
      tokens: reading.tokens,
      task,
      text,
      here: (target, step) => at(run, target, step),
      elsewhere: (target, other, step) => {
        const { inputs } = task.read(other, machine.checkpoint).batch;
        return at(machine.run(inputs), target, step);
      },
      history,
      historyProblem: problem ?? misfitOf(history, machine.checkpoint),
      shown: { epoch, batch, token, sequence },
    };
  }, [trial, history, version, problem, epoch, batch, token, sequence]);
}
