import { type JSX, render } from "preact";

/** What went wrong, said once and plainly where the figure or the page would stand. */
export function Problem({ message }: { readonly message: string }): JSX.Element {
  return (
    <p class="ts-problem" role="alert">
      {message}
    </p>
  );
}

/** Say in an element, in place of the page, why there is none: for what fails before a page can be mounted. */
export function tell(element: HTMLElement, message: string): void {
  element.classList.add("ts-explorer");
  render(<Problem message={message} />, element);
}

/** What an error says, whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
