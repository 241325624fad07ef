import type { JSX } from "preact";
import { useEffect, useMemo, useState } from "preact/hooks";
import { random } from "../tensors/random.js";
import { Button, Picker } from "./controls.js";
import { InputFields } from "./inference-fields.js";
import type { Bench } from "./machine-bench.js";
import { Problem } from "./message.js";
import { misfitOf } from "./misfit.js";
import type { ModeProps } from "./view.js";

/** Choose a checkpoint, load it, type what it is shown, run it. */
export function MachineForm(props: ModeProps & { readonly bench: Bench }): JSX.Element {
  const { bench, view, setView, active, opened } = props;
  const { machine, task, trial, loading } = bench;
  const names = bench.checkpoints.map(({ name }) => name);
  const wanted = view.checkpoint || machine?.name || names[0] || "";
  const [picked, choose] = useState(wanted);
  const chosen = names.includes(picked) ? picked : (names[0] ?? ""); // an address may name one that is not here
  const [text, type] = useState(view.input);
  const [draws, setDraws] = useState(0);
  const load = async (name: string): Promise<void> => {
    choose(name);
    await bench.load(name, view.input);
    if (bench.machine?.name !== name) return;
    // Edits are of the checkpoint that they were made with.
    setView({ checkpoint: name, input: bench.trial?.text ?? "", ...(name !== wanted && { edits: "" }) });
  };
  const show = (input: string): void => {
    type(input);
    bench.show(input);
    setView({ input });
  };
  useEffect(() => {
    if (active && wanted && wanted !== machine?.name && wanted !== loading) void load(wanted);
  }, [active, wanted]);
  useEffect(() => {
    if (active && view.input && machine && view.input !== trial?.text) bench.show(view.input);
  }, [active, view.input]);
  useEffect(() => {
    if (trial) type(trial.text);
  }, [trial]);

  const misfit = useMemo(
    () => machine && misfitOf(opened.history, machine.checkpoint),
    [machine, opened.history, opened.version],
  );

  if (names.length === 0) {
    return (
      <section class="ts-panel" aria-label="Machine">
        <p>This page was given no checkpoint. Choose one of your files:</p>
        <FileButton bench={bench} load={load} />
      </section>
    );
  }
  return (
    <section class="ts-panel ts-machine" aria-label="Machine">
      <div class="ts-row">
        <Picker
          label="Checkpoint"
          options={names.map((name) => ({ value: name, label: name }))}
          chosen={chosen}
          choose={choose}
        />
        <Button onClick={() => void load(chosen)} disabled={loading !== "" || chosen === machine?.name}>
          Load model
        </Button>
        <FileButton bench={bench} load={load} />
      </div>
      <p class="ts-faint" role="status">
        {loading ? `Loading ${loading} …` : machine ? <About bench={bench} /> : "No model is loaded."}
      </p>
      {misfit && <p class="ts-note">{misfit}</p>}
      {machine && task && (
        <form
          class="ts-row"
          onSubmit={(event) => {
            event.preventDefault();
            show(text);
          }}
        >
          <InputFields task={task} text={text} type={type} />
          <button type="submit" class="ts-button ts-primary">
            Run inference
          </button>
          <Button
            onClick={() => {
              setDraws(draws + 1);
              show(task.draw(random(draws + 1), machine.checkpoint));
            }}
          >
            Another example
          </Button>
        </form>
      )}
      {bench.problem && <Problem message={bench.problem} />}
    </section>
  );
}

function About({ bench: { machine, trial } }: { readonly bench: Bench }): JSX.Element {
  const { checkpoint, size } = machine as NonNullable<Bench["machine"]>;
  const { model, metadata } = checkpoint;
  return (
    <>
      {`${model.name.toUpperCase()}, trained on ${metadata.task ?? "an unnamed task"}, ${size.toLocaleString("en")} parameters`}
      {trial &&
        `; ran ${trial.reading.tokens.length} tokens in ${trial.run.milliseconds.toFixed(1)} ms in this page, by ${trial.run.engine}`}
    </>
  );
}

/** A checkpoint among the reader's own files; it is read in the page and goes nowhere. */
function FileButton(props: { readonly bench: Bench; readonly load: (name: string) => Promise<void> }): JSX.Element {
  return (
    <label class="ts-button ts-file">
      Open a file …
      <input
        type="file"
        accept=".safetensors"
        onChange={(event) => {
          const file = event.currentTarget.files?.[0];
          if (!file) return;
          props.bench.add({ name: file.name, load: async () => new Uint8Array(await file.arrayBuffer()) });
          void props.load(file.name);
        }}
      />
    </label>
  );
}
