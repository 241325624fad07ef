import { useEffect, useState } from "preact/hooks";
import { type History, openHistory } from "../tracker/history.js";
import type { ReadableStorage } from "../tracker/storage.js";
import { type HistoryReader, historyReader } from "./history-reader.js";
import { messageOf } from "./message.js";

/** A history as the page has it open. */
export interface OpenedHistory {
  readonly history?: History;
  readonly reader?: HistoryReader;
  /** One more with each saving of a training that goes on. */
  readonly version: number;
  /** Why it cannot be opened, or not be looked at any more. */
  readonly problem?: string;
}

const pause = 2000; // milliseconds between looks at a history that is being written

/** Open a history; a live one is looked at again and again, also for its beginning. */
export function useHistory(storage: ReadableStorage | undefined, live: boolean): OpenedHistory {
  const [opened, setOpened] = useState<OpenedHistory>({ version: 0 });
  useEffect(() => {
    if (!storage) return;
    let gone = false;
    let clock: ReturnType<typeof setTimeout> | undefined;
    let history: History | undefined;
    let version = 0;
    const look = async (): Promise<void> => {
      let problem: string | undefined;
      let news = false;
      try {
        news = history ? await history.refresh() : true;
        history ??= await openHistory(storage, { warn: () => {} });
      } catch (error) {
        problem = messageOf(error);
      }
      if (gone) return;
      if (news && history) {
        version++;
        const reader = historyReader(history);
        setOpened({ history, reader, version, ...(problem && { problem }) });
      } else {
        setOpened((before) => (before.problem === problem ? before : withProblem(before, problem)));
      }
      if (live) clock = setTimeout(look, pause);
    };
    void look();
    return () => {
      gone = true;
      clearTimeout(clock);
    };
  }, [storage, live]);
  return opened;
}

function withProblem({ problem: _, ...opened }: OpenedHistory, problem: string | undefined): OpenedHistory {
  return problem === undefined ? opened : { ...opened, problem };
}
