import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import { type Answer, answersOf } from "../tasks/answers.js";
import type { TokenName } from "./history-tokens.js";
import { AnswersTable, Verdict } from "./inference-answers-table.js";
import { InferenceStates } from "./inference-states.js";
import { type Trial, useBench } from "./machine-bench.js";
import { MachineForm } from "./machine-form.js";
import { StepBar } from "./step-bar.js";
import { TokenStrip } from "./token-strip.js";
import type { ModeProps } from "./view.js";
import "./inference.css";

/** Show a machine an input of one's own: what it answers, and what is in it at every token. */
export function InferenceMode(props: ModeProps): JSX.Element {
  const bench = useBench(props.sources);
  const { trial } = bench;
  return (
    <div class="ts-inference">
      <MachineForm {...props} bench={bench} />
      {trial && <Result {...props} trial={trial} />}
    </div>
  );
}

function Result(props: ModeProps & { readonly trial: Trial }): JSX.Element {
  const { trial, view, setView, active, sources, highlight, setHighlight } = props;
  const { reading, run, machine } = trial;
  const { model } = machine.checkpoint;
  const answers = useMemo(() => answersOf(reading, model, run.outputs), [trial]);
  const names = useMemo(() => tokenNames(reading.tokens, answers.steps), [reading, answers]);
  const step = stepOf(view.token, trial);
  const choose = (token: number): void => setView({ token });
  return (
    <>
      <section class="ts-panel" aria-label="Result">
        <Verdict shown={trial.text.replace(/\n/g, " / ")} answers={answers} />
        {reading.notes.map((note) => (
          <p key={note} class="ts-faint">
            {note}
          </p>
        ))}
        {answers.steps.length > 0 && (
          <AnswersTable {...{ answers, names: reading.names, step, choose }} digits={model.activation === "softmax"} />
        )}
      </section>
      <StepBar tokens={reading.tokens} step={step} choose={choose} active={active} alone={sources.live} />
      <TokenStrip tokens={names} current={step} choose={choose} highlight={highlight} setHighlight={setHighlight} />
      <InferenceStates {...props} step={step} chooseStep={choose} />
    </>
  );
}

/** The tokens with what was answered at them, where that is short enough to stand there. */
function tokenNames(tokens: readonly string[], answers: readonly Answer[]): TokenName[] {
  const at = new Map(answers.map((answer) => [answer.step, answer]));
  return tokens.map((shown, step) => {
    const answer = at.get(step);
    return answer ? { shown, said: answer.predicted, right: answer.expected } : { shown };
  });
}

/** The token that a view means, in a run that may be shorter. */
export function stepOf(token: number, { reading }: Trial): number {
  return Math.min(Math.max(0, token), reading.tokens.length - 1);
}
