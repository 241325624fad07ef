import { render } from "preact";
import { Page } from "./page.js";
import type { Sources } from "./sources.js";

/**
 * Put the page into an element of a document that has the page's style.
 *
 * @returns a function that takes it out again
 * @example const unmount = mount(document.body, { checkpoints: [], live: false });
 */
export function mount(element: HTMLElement, sources: Sources): () => void {
  element.classList.add("ts-explorer");
  element.dataset.lmSuppressShortcuts = "true"; // JupyterLab's, which would take the page's keys
  render(<Page sources={sources} />, element);
  return () => {
    render(null, element);
    element.classList.remove("ts-explorer");
  };
}
