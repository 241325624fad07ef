import type { ComponentChildren, JSX } from "preact";
import { useId, useRef } from "preact/hooks";

interface Tab<Value> {
  readonly value: Value;
  readonly label: string;
}

/** Tabs as the ARIA practices have them: one stop of the Tab key, arrow keys among them. */
export function Tabs<Value extends string>(props: {
  readonly name: string;
  /** The look: the page's modes or the tabs within one. */
  readonly kind: "mode" | "inner";
  readonly tabs: readonly Tab<Value>[];
  readonly chosen: Value;
  readonly choose: (value: Value) => void;
}): JSX.Element {
  const { tabs, chosen, choose } = props;
  const list = useRef<HTMLDivElement>(null);
  const go = (event: KeyboardEvent): void => {
    const at = tabs.findIndex(({ value }) => value === chosen);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tabs.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    const index = (to + tabs.length) % tabs.length;
    choose((tabs[index] as Tab<Value>).value);
    list.current?.querySelectorAll("button")[index]?.focus();
  };
  return (
    <div class={`ts-tabs ts-tabs-${props.kind}`} role="tablist" aria-label={props.name} ref={list} onKeyDown={go}>
      {tabs.map(({ value, label }) => (
        <button
          key={value}
          type="button"
          role="tab"
          aria-selected={value === chosen}
          tabIndex={value === chosen ? 0 : -1}
          onClick={() => choose(value)}
        >
          {label}
        </button>
      ))}
    </div>
  );
}

/** A slider over a list of numbers that may have gaps, such as the epochs that were recorded. */
export function NumberSlider(props: {
  readonly label: string;
  readonly values: readonly number[];
  readonly chosen: number;
  readonly choose: (value: number) => void;
  /** What the chosen value is called; by default its number. */
  readonly text?: string;
}): JSX.Element {
  const { label, values, chosen } = props;
  const id = useId();
  const text = props.text ?? String(chosen);
  return (
    <div class="ts-slider">
      <label for={id}>{label}</label>
      <input
        id={id}
        type="range"
        min={0}
        max={Math.max(0, values.length - 1)}
        step={1}
        value={Math.max(0, values.indexOf(chosen))}
        disabled={values.length < 2}
        aria-valuetext={text}
        onInput={(event) => props.choose(values[Number(event.currentTarget.value)] as number)}
      />
      <output for={id}>{text}</output>
    </div>
  );
}

/** A labelled list to choose one of. */
export function Picker<Value extends string | number>(props: {
  readonly label: string;
  readonly options: readonly { readonly value: Value; readonly label: string }[];
  readonly chosen: Value;
  readonly choose: (value: Value) => void;
}): JSX.Element {
  const id = useId();
  const { options, chosen } = props;
  return (
    <span class="ts-picker">
      <label for={id}>{props.label}</label>
      <select
        id={id}
        value={String(chosen)}
        onChange={(event) => props.choose((options[event.currentTarget.selectedIndex] as { value: Value }).value)}
      >
        {options.map(({ value, label }) => (
          <option key={value} value={String(value)}>
            {label}
          </option>
        ))}
      </select>
    </span>
  );
}

/** A button; `label` says what it does where its content is a sign. */
export function Button(props: {
  readonly onClick: () => void;
  readonly label?: string;
  readonly disabled?: boolean;
  readonly pressed?: boolean;
  readonly children: ComponentChildren;
}): JSX.Element {
  return (
    <button
      type="button"
      class="ts-button"
      aria-label={props.label}
      title={props.label}
      aria-pressed={props.pressed}
      disabled={props.disabled}
      onClick={props.onClick}
    >
      {props.children}
    </button>
  );
}
