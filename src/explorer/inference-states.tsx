import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import type { Model } from "../model/model.js";
import { series } from "../model/run.js";
import type { NamedArray } from "../tensors/named-array.js";
import { AttentionTab, LookingPickers } from "./attention-tab.js";
import { lookingSites, memorySite, withSources } from "./looking-sites.js";
import type { Trial } from "./machine-bench.js";
import { MemoryTab, type SequenceProps } from "./memory-tab.js";
import { placeOf } from "./shown-sites.js";
import type { ModeProps } from "./view.js";

/** What is in the machine at a token: its memory, and beside it where it looks. */
export function InferenceStates(
  props: ModeProps & {
    readonly trial: Trial;
    readonly step: number;
    readonly chooseStep: (step: number) => void;
  },
): JSX.Element {
  const { trial, view, setView } = props;
  const { model } = trial.machine.checkpoint;
  const [memoryName, places] = useMemo(() => [memorySite(model.sites), lookingSites(model.sites)] as const, [model]);
  const place = placeOf(view, places);
  const memory = useMemo(() => memoryName && series(trial.run, memoryName), [trial, memoryName]);
  const looking = useMemo(() => place && lookingSeries(model, trial, place.site), [trial, place]);
  const sequence = (array: NamedArray): SequenceProps => ({
    ...props,
    series: array,
    tokens: trial.reading.tokens,
    where: "this run",
  });
  return (
    <div class="ts-states">
      {memory && (
        <section aria-label="Memory">
          <h2>Memory</h2>
          <MemoryTab {...sequence(memory)} />
        </section>
      )}
      {looking && place && (
        <section aria-label="Attention">
          <h2>Attention</h2>
          <LookingPickers view={view} setView={setView} places={places} place={place} />
          <AttentionTab {...sequence(looking)} place={place} />
        </section>
      )}
    </div>
  );
}

/** Where a machine looks, its sources named. */
function lookingSeries({ sites }: Model, { run }: Trial, site: string): NamedArray {
  const lengthOf = (name: string) => sites.find((one) => one.name === name)?.shape[0] ?? 0;
  return withSources(series(run, site), lengthOf("memory"), lengthOf("read.weights"));
}
