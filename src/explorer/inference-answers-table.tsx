import type { JSX } from "preact";
import type { Answers } from "../tasks/answers.js";

/** Whether the answer is right, in one line: what was shown, expected and predicted. */
export function Verdict(props: { readonly shown: string; readonly answers: Answers }): JSX.Element {
  const { shown, answers } = props;
  if (answers.steps.length === 0) return <p class="ts-faint">Nothing is asked of the machine here.</p>;
  const term = (name: string, value: string) => (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
  return (
    <dl class="ts-verdict">
      {term("Input", shown)}
      {term("Expected", answers.expected)}
      {term("Predicted", answers.predicted)}
      <div>
        <dt>Result</dt>
        <dd class={answers.right ? "ts-right" : "ts-wrong"}>{answers.right ? "✓ right" : "✗ wrong"}</dd>
      </div>
    </dl>
  );
}

/** Every answer with the probability of each digit, or of each bit to be 1; a row leads to its token. */
export function AnswersTable(props: {
  readonly answers: Answers;
  /** Whether one of many is answered; else bits. */
  readonly digits: boolean;
  readonly names: readonly string[] | undefined;
  readonly step: number;
  readonly choose: (step: number) => void;
}): JSX.Element {
  const { answers, digits, names, step, choose } = props;
  const count = answers.steps[0]?.probabilities.length ?? 0;
  const columns = Array.from({ length: count }, (_, i) => names?.[i] ?? (digits ? `${i}` : `bit ${i + 1}`));
  return (
    <div class="ts-answers-place">
      <table class="ts-answers">
        <caption>
          {names
            ? "Probability of every answer"
            : digits
              ? "Probability of every digit"
              : "Probability of every bit to be 1"}
          ; a token's number leads to it
        </caption>
        <thead>
          <tr>
            {["token", "asked", "expected", "predicted", ""].map((name) => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
            {columns.map((name) => (
              <th key={name} scope="col" class="ts-number">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {answers.steps.map((answer) => (
            <tr key={answer.step} class={answer.counts ? "" : "ts-faint"} aria-current={answer.step === step}>
              <td>
                <button type="button" class="ts-link" onClick={() => choose(answer.step)}>
                  {answer.step}
                </button>
              </td>
              <th scope="row">{answer.label}</th>
              <td>{answer.expected}</td>
              <td>{answer.predicted}</td>
              <td class={answer.right ? "ts-right" : "ts-wrong"}>{answer.right ? "✓" : "✗"}</td>
              {columns.map((name, index) => (
                <Probability key={name} value={answer.probabilities[index] as number} />
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Probability({ value }: { readonly value: number }): JSX.Element {
  const text = value >= 0.9995 ? "1" : value < 0.0005 ? "0" : value.toFixed(3).slice(1);
  return (
    <td class="ts-number" style={`--ts-share:${Number.isFinite(value) ? value : 0}`} title={`${value}`}>
      {Number.isFinite(value) ? text : "NaN"}
    </td>
  );
}
