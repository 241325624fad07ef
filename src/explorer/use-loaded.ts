import { useEffect, useReducer, useRef } from "preact/hooks";
import { messageOf } from "./message.js";

/** What was loaded: of the key now asked for, or, while that is on its way, of the one before. */
export interface Loaded<Value> {
  readonly value?: Value;
  readonly problem?: string;
  /** Whether what is asked for is still on its way. */
  readonly loading: boolean;
}

/**
 * Load what is shown, by a key. One thing at a time: while it is on its way, only the newest wish is remembered, and an
 * answer that nobody waits for any more is dropped. So dragging a slider never piles up work.
 *
 * @param key undefined to load nothing.
 */
export function useLoaded<Value>(key: string | undefined, load: () => Promise<Value>): Loaded<Value> {
  const [, redraw] = useReducer((count: number) => count + 1, 0);
  const state = useRef<{ wanted?: string | undefined; busy: boolean; gone: boolean; answer: Answer<Value> }>({
    busy: false,
    gone: false,
    answer: {},
  }).current;
  const wish = useRef(load);
  wish.current = load;
  state.wanted = key;
  const work = async (): Promise<void> => {
    if (state.busy) return;
    state.busy = true;
    while (!state.gone && state.wanted !== undefined && state.wanted !== state.answer.key) {
      const asked = state.wanted;
      const answer = await wish.current().then(
        (value): Answer<Value> => ({ key: asked, value }),
        (error): Answer<Value> => ({ key: asked, problem: messageOf(error) }),
      );
      if (state.wanted !== asked) continue;
      state.answer = answer;
      if (!state.gone) redraw(undefined);
    }
    state.busy = false;
  };
  useEffect(() => void work(), [key]);
  useEffect(() => {
    state.gone = false;
    return () => {
      state.gone = true;
    };
  }, [state]);
  const { value, problem } = state.answer;
  const loading = key !== undefined && state.answer.key !== key;
  return { loading, ...(value !== undefined && { value }), ...(problem !== undefined && { problem }) };
}

interface Answer<Value> {
  readonly key?: string;
  readonly value?: Value;
  readonly problem?: string;
}
