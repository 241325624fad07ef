import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import type { History } from "../tracker/history.js";
import { MetricCharts } from "./history-metrics.js";
import { epochChosen, type MomentProps, momentOf, pinned } from "./history-moment.js";
import { namesOf, readSequence, sequencesOf } from "./history-sequence.js";
import { HistoryStates } from "./history-states.js";
import { Transport } from "./history-transport.js";
import { lookingSites } from "./looking-sites.js";
import { Problem } from "./message.js";
import { ProcessFlow } from "./process-flow.js";
import { processOf } from "./process-steps.js";
import { principalSite, shownSites, siteChosen } from "./shown-sites.js";
import { TokenStrip } from "./token-strip.js";
import { useLoaded } from "./use-loaded.js";
import type { ModeProps } from "./view.js";

/** Training history: what was recorded while a model learned, token by token. */
export function HistoryMode(props: ModeProps): JSX.Element {
  const { history, reader, version, problem } = props.opened;
  const { epoch, batch, token } = props.view;
  const moment = useMemo(
    () => history && momentOf(history, { epoch, batch, token }),
    [history, version, epoch, batch, token],
  );
  if (!props.sources.history) {
    return <Problem message="This page was given no state history: train with --history DIR, and open that folder." />;
  }
  if (!history || !reader) return problem ? <Problem message={problem} /> : <p class="ts-wait">Loading …</p>;
  return (
    <>
      {[...(problem ? [problem] : []), ...history.warnings].map((message) => (
        <Problem key={message} message={message} />
      ))}
      {moment ? (
        <RecordedMoment {...props} history={history} reader={reader} version={version} moment={moment} />
      ) : (
        <p class="ts-wait">No batch was recorded yet.</p>
      )}
    </>
  );
}

function RecordedMoment(props: MomentProps): JSX.Element {
  const { history, reader, version, moment, view, setView, highlight, setHighlight } = props;
  const { epoch, batch } = moment;
  const states = useMemo(() => history.sites.filter(({ kind }) => kind === "state"), [history, version]);
  const metrics = useMemo(() => history.metrics, [history, version]);
  const process = useMemo(
    () =>
      processOf(
        history.model.name,
        states.map(({ name }) => name),
      ),
    [history, states],
  );
  const places = useMemo(() => lookingSites(states), [states]);
  const shown = shownSites(view, states, places);
  const wanted = [shown.tab, shown.beside].filter((site) => site !== undefined);
  const sequence = useLoaded(moment.tokens.length > 0 ? `${version} ${epoch} ${batch} ${wanted}` : undefined, () =>
    readSequence(history, reader, moment, wanted),
  );
  const recorded = sequence.value;
  const kept = recorded ? sequencesOf(recorded) : 1;
  const number = Math.min(view.sequence, Math.max(0, kept - 1));
  const names = useMemo(() => (recorded ? namesOf(recorded, number) : []), [recorded, number]);
  const step = recorded ? Math.max(0, recorded.numbers.indexOf(moment.token)) : 0;
  const chooseStep = (index: number): void => {
    const token = recorded?.numbers[index];
    if (token !== undefined) setView(pinned(moment, { token }));
  };
  const choose = (site: string): void => setView(siteChosen(site, states, places));
  return (
    <>
      <p class="ts-faint">{aboutHistory(history)}</p>
      <Transport {...props} tokens={names} sequences={kept} />
      <TokenStrip tokens={names} current={step} choose={chooseStep} highlight={highlight} setHighlight={setHighlight} />
      <div class="ts-pair ts-overview">
        <section aria-label="Training metrics">
          <MetricCharts metrics={metrics} epoch={epoch} choose={(to) => setView(epochChosen(moment, to))} />
        </section>
        <section aria-label="Process flow">
          <h2>Process flow</h2>
          <ProcessFlow
            process={process}
            site={shown.site}
            choose={({ sites }) => choose(principalSite(sites, shown.site))}
          />
        </section>
      </div>
      {sequence.problem && <Problem message={sequence.problem} />}
      {moment.tokens.length === 0 && <p class="ts-wait">No states were recorded of this batch.</p>}
      <HistoryStates
        {...props}
        {...{ states, places, shown, names, step, chooseStep, choose, number }}
        {...(recorded && { recorded })}
        loading={sequence.loading}
      />
    </>
  );
}

/** One line: whose training this is. */
function aboutHistory({ model, getAvailableEpochs }: History): string {
  const epochs = getAvailableEpochs().length;
  return `${model.name.toUpperCase()}, ${epochs} recorded ${epochs === 1 ? "epoch" : "epochs"} of training`;
}
