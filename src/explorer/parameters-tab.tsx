import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import { histogram } from "../figures/histogram.js";
import { type NamedArray, namedArray, sizeOf } from "../tensors/named-array.js";
import type { RecordedSite } from "../tracker/state-row.js";
import { Picker } from "./controls.js";
import type { HistoryReader } from "./history-reader.js";
import { Problem } from "./message.js";
import { Plot } from "./plot.js";
import { useLoaded } from "./use-loaded.js";
import type { ModeProps } from "./view.js";

/** The distribution of a layer's parameters and of their gradients, or of one parameter's. */
export function ParametersTab(
  props: Pick<ModeProps, "view" | "setView"> & {
    readonly sites: readonly RecordedSite[];
    readonly reader: HistoryReader;
    readonly version: number;
    readonly epoch: number;
    readonly batch: number;
  },
): JSX.Element {
  const { view, setView, sites, reader, version, epoch, batch } = props;
  const named = (kind: string): string[] => sites.filter((one) => one.kind === kind).map(({ name }) => name);
  const [parameters, gradients] = [named("parameter"), named("gradient")];
  const all = [...new Set([...parameters, ...gradients])];
  const layers = [...new Set(all.map(layerOf))];
  const layer = layers.find((name) => name === view.parameter || name === layerOf(view.parameter)) ?? "";
  const within = all.filter((name) => layer === "" || layerOf(name) === layer);
  const chosen = within.includes(view.parameter) ? [view.parameter] : within;
  const load = (kind: "parameters" | "gradients", from: readonly string[]): (() => Promise<NamedArray>) => {
    return async () =>
      together(
        kind,
        await reader[kind](
          epoch,
          batch,
          chosen.filter((name) => from.includes(name)),
        ),
      );
  };
  const key = `${version} ${epoch} ${batch} ${layer} ${chosen.length === 1 ? chosen[0] : ""}`;
  const loaded = {
    parameters: useLoaded(parameters.length > 0 ? key : undefined, load("parameters", parameters)),
    gradients: useLoaded(gradients.length > 0 ? key : undefined, load("gradients", gradients)),
  };
  const what = chosen.length === 1 ? (chosen[0] as string) : layer || "all layers";
  return (
    <>
      <div class="ts-buttons">
        <Picker
          label="Layer"
          options={[{ value: "", label: "all layers" }, ...layers.map((value) => ({ value, label: value }))]}
          chosen={layer}
          choose={(parameter) => setView({ parameter })}
        />
        <Picker
          label="Parameter"
          options={[{ value: layer, label: "all of it" }, ...within.map((value) => ({ value, label: value }))]}
          chosen={chosen.length === 1 && within.includes(view.parameter) ? view.parameter : layer}
          choose={(parameter) => setView({ parameter })}
        />
      </div>
      <div class="ts-pair" aria-busy={loaded.parameters.loading || loaded.gradients.loading}>
        {(["parameters", "gradients"] as const).map((kind) => {
          const { value, problem } = loaded[kind];
          if (problem) return <Problem key={kind} message={problem} />;
          if (value) return <Counts key={kind} values={value} title={`${kind} of ${what}`} />;
          return <p key={kind}>{named(kind.slice(0, -1)).length > 0 ? "Loading …" : `No ${kind} were recorded.`}</p>;
        })}
      </div>
    </>
  );
}

function Counts({ values, title }: { readonly values: NamedArray; readonly title: string }): JSX.Element {
  const figure = useMemo(() => histogram(values, { title }), [values, title]);
  return (
    <div>
      <Plot figure={figure} label={`Histogram of the ${title}: ${sizeOf(values.shape).toLocaleString("en")} values`} />
    </div>
  );
}

/** The values of several arrays in one row. */
function together(kind: string, arrays: readonly NamedArray[]): NamedArray {
  const size = arrays.reduce((sum, { data }) => sum + data.length, 0);
  const data = new Float32Array(size);
  let at = 0;
  for (const array of arrays) {
    data.set(array.data, at);
    at += array.data.length;
  }
  return namedArray(kind.slice(0, -1), ["value"], [size], data);
}

/** "layers.0.mlp.1.weight" is of "layers.0", "write.scores.bias" of "write". */
function layerOf(parameter: string): string {
  return /^[^.]+(\.\d+)?/.exec(parameter)?.[0] ?? parameter;
}
