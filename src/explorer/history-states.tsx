import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import type { NamedArray } from "../tensors/named-array.js";
import type { RecordedSite } from "../tracker/state-row.js";
import { AttentionTab, LookingPickers } from "./attention-tab.js";
import { Tabs } from "./controls.js";
import type { MomentProps } from "./history-moment.js";
import { type RecordedSequence, seriesOf } from "./history-sequence.js";
import type { TokenName } from "./history-tokens.js";
import { type LookingSite, withSources } from "./looking-sites.js";
import { MemoryTab, type SequenceProps } from "./memory-tab.js";
import { Problem } from "./message.js";
import { ParametersTab } from "./parameters-tab.js";
import { placeOf, type ShownSites } from "./shown-sites.js";
import { StateDetails } from "./state-details.js";
import { StateFigure } from "./state-figure.js";
import { useLoaded } from "./use-loaded.js";
import type { View } from "./view.js";

const tabs: readonly { readonly value: View["tab"]; readonly label: string }[] = [
  { value: "memory", label: "Memory" },
  { value: "attention", label: "Attention" },
  { value: "parameters", label: "Parameters" },
];

/** The tabs, and beside them the numbers about all states of the token. */
export function HistoryStates(
  props: MomentProps & {
    readonly states: readonly RecordedSite[];
    readonly places: readonly LookingSite[];
    readonly shown: ShownSites;
    readonly recorded?: RecordedSequence;
    readonly loading: boolean;
    readonly names: readonly TokenName[];
    /** Which of the kept sequences. */
    readonly number: number;
    readonly step: number;
    readonly chooseStep: (step: number) => void;
    readonly choose: (site: string) => void;
  },
): JSX.Element {
  const { history, reader, version, moment, states, places, shown, recorded, names, number, step, view, setView } =
    props;
  const { epoch, batch, token } = moment;
  const place = view.tab === "attention" ? placeOf(view, places) : undefined;
  const tokens = useMemo(() => names.map((name) => name.shown), [names]);
  const slots = states.find(({ name }) => name === "memory")?.shape[0] ?? 0;
  const read = states.find(({ name }) => name === "read.weights")?.shape[0] ?? 0;
  const seriesFor = (site: string | undefined): NamedArray | undefined => {
    const series = recorded && site !== undefined ? seriesOf(recorded, site, number) : undefined;
    return series && withSources(series, slots, read);
  };
  const inTab = useMemo(() => seriesFor(shown.tab), [recorded, shown.tab, number, slots, read]);
  const beside = useMemo(() => seriesFor(shown.beside), [recorded, shown.beside, number, slots, read]);
  const numbers = useLoaded(`${version} ${epoch} ${batch}`, () => reader.rows(epoch, batch));
  const rows = (numbers.value ?? []).filter(({ kind, step: at }) => kind === "state" && at === token);
  const where = recorded ? `epoch ${recorded.epoch}, batch ${recorded.batch}` : "";
  const sequence = (series: NamedArray): SequenceProps => ({ ...props, series, step, tokens, where });
  const nothing = <p class="ts-wait">{shown.tab === undefined ? `No ${view.tab} was recorded.` : "Loading …"}</p>;
  return (
    <div class="ts-states">
      <section class="ts-main" aria-busy={props.loading}>
        <Tabs name="States" kind="inner" tabs={tabs} chosen={view.tab} choose={(tab) => setView({ tab, site: "" })} />
        <div role="tabpanel" aria-label={view.tab}>
          {view.tab === "memory" && (inTab ? <MemoryTab {...sequence(inTab)} /> : nothing)}
          {place && <LookingPickers view={view} setView={setView} places={places} place={place} />}
          {view.tab === "attention" && (inTab && place ? <AttentionTab {...sequence(inTab)} place={place} /> : nothing)}
          {view.tab === "parameters" && <ParametersTab {...props} sites={history.sites} epoch={epoch} batch={batch} />}
        </div>
      </section>
      <section class="ts-side">
        <h2>
          States at token {token}, epoch {epoch}, batch {batch}
        </h2>
        {numbers.problem && <Problem message={numbers.problem} />}
        <StateDetails
          rows={rows}
          about={(site) => states.find(({ name }) => name === site)?.about ?? ""}
          site={shown.site}
          choose={props.choose}
        />
        {beside && <StateFigure {...sequence(beside)} />}
      </section>
    </div>
  );
}
