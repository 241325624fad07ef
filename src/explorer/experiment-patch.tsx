import type { JSX } from "preact";
import { useLayoutEffect, useState } from "preact/hooks";
import type { TaskInput } from "../tasks/typed-input.js";
import type { NamedArray } from "../tensors/named-array.js";
import type { History } from "../tracker/history.js";
import { NumberSlider, Picker } from "./controls.js";
import type { Target } from "./edit-values.js";
import { momentOf } from "./history-moment.js";
import { InputFields } from "./inference-fields.js";
import { Problem } from "./message.js";

/** Where values to patch with come from; each gives the whole value of a target, without its batch. */
export interface PatchSource {
  readonly tokens: readonly string[];
  readonly task: TaskInput;
  /** What was typed for the present run. */
  readonly text: string;
  /** The value that this run, before any edit, has at a token. */
  here(target: Target, step: number): NamedArray;
  /** The value that the machine has when it is shown another input. @throws if the text is none, or has no such token */
  elsewhere(target: Target, text: string, step: number): NamedArray;
  readonly history: History | undefined;
  /** The recorded moment that the page shows. */
  readonly shown: { readonly epoch: number; readonly batch: number; readonly token: number; readonly sequence: number };
  /** Why nothing can be taken from the history. */
  readonly historyProblem: string | undefined;
}

type From = "here" | "elsewhere" | "history";

/** Choose where a patch comes from. */
export function PatchFields(props: {
  readonly source: PatchSource;
  readonly target: Target;
  readonly choose: (read: () => Promise<NamedArray>) => void;
}): JSX.Element {
  const { source, target, choose } = props;
  const ofParameter = "parameter" in target;
  const [wanted, setFrom] = useState<From>("here");
  const from = ofParameter ? "history" : wanted;
  const [step, setStep] = useState(0);
  const [text, type] = useState(source.text);
  const [moment, setMoment] = useState(source.shown);
  const history = source.historyProblem === undefined ? source.history : undefined;
  const at = history && momentOf(history, moment);
  // Before the next click: whoever applies a patch means what is seen.
  useLayoutEffect(() => {
    choose(async () => {
      if (from === "here") return source.here(target, step);
      if (from === "elsewhere") return source.elsewhere(target, text, step);
      if (!history || !at)
        throw new Error(source.historyProblem ?? "There is no training history here to take a value from.");
      if ("parameter" in target) return history.getParameter(at.epoch, at.batch, target.parameter);
      const state = await history.getState(at.epoch, at.batch, at.token, target.site);
      return sequenceOf(state, moment.sequence);
    });
  }, [source, JSON.stringify(target), from, step, text, moment, at?.epoch, at?.batch, at?.token]);
  const options: readonly { readonly value: From; readonly label: string }[] = [
    ...(ofParameter
      ? []
      : [
          { value: "here" as const, label: "this run, at a token" },
          { value: "elsewhere" as const, label: "a run on another input" },
        ]),
    { value: "history", label: "the training history" },
  ];
  const numbers = (label: string, values: readonly number[], chosen: number, axis: "epoch" | "batch" | "token") => (
    <NumberSlider
      label={label}
      values={values}
      chosen={chosen}
      choose={(value) => setMoment({ ...moment, epoch: at?.epoch ?? -1, batch: at?.batch ?? -1, [axis]: value })}
    />
  );
  return (
    <>
      <Picker label="From" options={options} chosen={from} choose={setFrom} />
      {from === "elsewhere" && <InputFields task={source.task} text={text} type={type} />}
      {from !== "history" && (
        <NumberSlider
          label="Its token"
          values={(from === "here" ? source.tokens : Array.from({ length: 256 })).map((_, index) => index)}
          chosen={step}
          choose={setStep}
          text={from === "here" ? `${step} (${source.tokens[step]})` : `${step}`}
        />
      )}
      {from === "history" && !history && (
        <Problem message={source.historyProblem ?? "This page was given no training history."} />
      )}
      {from === "history" && at && (
        <>
          {numbers("Epoch", at.epochs, at.epoch, "epoch")}
          {numbers("Batch", at.batches, at.batch, "batch")}
          {!ofParameter && numbers("Recorded token", at.tokens, at.token, "token")}
          {!ofParameter && (
            <label class="ts-axis">
              sequence
              <input
                type="number"
                min={0}
                value={moment.sequence}
                onInput={(event) => setMoment({ ...moment, sequence: event.currentTarget.valueAsNumber || 0 })}
              />
            </label>
          )}
        </>
      )}
    </>
  );
}

/** One of the sequences that a history kept of a batch. @throws if there are fewer */
function sequenceOf(state: NamedArray, sequence: number): NamedArray {
  const [count, ...shape] = state.shape as [number, ...number[]];
  if (!Number.isInteger(sequence) || sequence < 0 || sequence >= count) {
    throw new Error(`The history keeps the sequences 0 to ${count - 1} of a batch; ${sequence} was asked for.`);
  }
  const size = state.data.length / count;
  const data = state.data.slice(sequence * size, (sequence + 1) * size);
  return { name: state.name, axes: state.axes.slice(1), shape, data };
}
