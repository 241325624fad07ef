import { useEffect, useRef } from "preact/hooks";

/**
 * Listen to keys: those of the whole document where the page is alone in it, else only while the focus is within this page.
 *
 * What has a use for a key itself keeps it: text fields all keys, sliders and tabs the arrows, buttons the space bar.
 *
 * @param place an element of the page.
 * @param actions by key, such as " ", "ArrowLeft" or "Shift+ArrowLeft".
 */
export function useKeys(
  place: { readonly current: HTMLElement | null },
  active: boolean,
  alone: boolean,
  actions: Readonly<Record<string, () => void>>,
): void {
  const latest = useRef(actions);
  latest.current = actions;
  useEffect(() => {
    if (!active) return;
    const press = (event: KeyboardEvent): void => {
      const { key, shiftKey, target } = event;
      if (event.altKey || event.ctrlKey || event.metaKey || !(target instanceof Element)) return;
      if (!alone && !place.current?.closest(".ts-explorer")?.contains(target)) return;
      if (target.closest("textarea, select, [contenteditable=true], input:not([type=range])")) return;
      if (key.startsWith("Arrow") && !shiftKey && target.closest("input, [role=tab]")) return;
      if (key === " " && target.closest("button, a, summary, [role=button]")) return;
      const action = latest.current[`${shiftKey ? "Shift+" : ""}${key}`];
      if (!action) return;
      event.preventDefault();
      action();
    };
    document.addEventListener("keydown", press);
    return () => document.removeEventListener("keydown", press);
  }, [place, active, alone]);
}
