import type { JSX } from "preact";
import { useErrorBoundary, useRef, useState } from "preact/hooks";
import { Tabs } from "./controls.js";
import { ExperimentMode } from "./experiment-mode.js";
import { HistoryMode } from "./history-mode.js";
import { InferenceMode } from "./inference-mode.js";
import { messageOf, Problem } from "./message.js";
import type { Sources } from "./sources.js";
import { useHistory } from "./use-history.js";
import { type Highlight, type ModeProps, useView, type View } from "./view.js";

const modes: readonly { readonly value: View["mode"]; readonly label: string }[] = [
  { value: "history", label: "Training history" },
  { value: "inference", label: "Inference" },
  { value: "experiment", label: "State experimentation" },
];
const contents = { history: HistoryMode, inference: InferenceMode, experiment: ExperimentMode };

/** The whole page: three modes. One that was opened stays as it was left, unseen, while another is shown. */
export function Page({ sources }: { readonly sources: Sources }): JSX.Element {
  const [view, setView] = useView(sources);
  const history = useHistory(sources.history, sources.live);
  const [highlight, setHighlight] = useState<Highlight>({});
  const [opened, setOpened] = useState<readonly View["mode"][]>([]);
  if (!opened.includes(view.mode)) setOpened([...opened, view.mode]);
  return (
    <>
      <Tabs name="Mode" kind="mode" tabs={modes} chosen={view.mode} choose={(mode) => setView({ mode })} />
      {modes.map(({ value }) => {
        const active = value === view.mode;
        const props = { sources, opened: history, view, setView, highlight, setHighlight, active };
        return (
          <div key={value} class="ts-mode" role="tabpanel" aria-label={labelOf(value)} hidden={!active}>
            {(active || opened.includes(value)) && <Mode mode={value} {...props} />}
          </div>
        );
      })}
    </>
  );
}

/** One mode; a fault in it is told there, and leaves the others usable. One that is not seen is not drawn again. */
function Mode({ mode, ...props }: ModeProps & { readonly mode: View["mode"] }): JSX.Element {
  const [error] = useErrorBoundary((fault) => console.error(fault));
  const Content = contents[mode];
  const drawn = useRef<{ readonly active: boolean; readonly content: JSX.Element }>(undefined);
  if (!drawn.current || props.active || drawn.current.active) {
    drawn.current = { active: props.active, content: <Content {...props} /> };
  }
  return error ? <Problem message={messageOf(error)} /> : drawn.current.content;
}

function labelOf(mode: View["mode"]): string {
  return modes.find(({ value }) => value === mode)?.label ?? mode;
}
