import type { JSX } from "preact";
import { useId } from "preact/hooks";
import type { TaskInput } from "../tasks/typed-input.js";

/** Where the input of a task is typed. */
export function InputFields(props: {
  readonly task: TaskInput;
  readonly text: string;
  readonly type: (text: string) => void;
}): JSX.Element {
  const { task, text, type } = props;
  const id = useId();
  if (task.fields === "lines") {
    return (
      <div class="ts-field ts-lines">
        <label for={id}>Input</label>
        <textarea
          id={id}
          rows={Math.min(12, Math.max(4, text.split("\n").length))}
          spellcheck={false}
          aria-describedby={`${id}-help`}
          value={text}
          onInput={(event) => type(event.currentTarget.value)}
        />
        <small id={`${id}-help`}>{task.help}</small>
      </div>
    );
  }
  const [first = "", second = ""] = text.split("×").map((part) => part.trim());
  const factor = (label: string, value: string, change: (value: string) => string) => (
    <input
      type="number"
      class="ts-factor"
      aria-label={label}
      aria-describedby={`${id}-help`}
      min={0}
      max={9999}
      step={1}
      value={value}
      onInput={(event) => type(change(event.currentTarget.value))}
    />
  );
  return (
    <fieldset class="ts-field ts-factors">
      <legend>Input</legend>
      {factor("First factor", first, (value) => `${value} × ${second}`)}
      <span aria-hidden="true">×</span>
      {factor("Second factor", second, (value) => `${first} × ${value}`)}
      <small id={`${id}-help`}>{task.help}</small>
    </fieldset>
  );
}
