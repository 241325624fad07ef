import type { JSX } from "preact";
import type { TokenName } from "./history-tokens.js";
import type { Highlight } from "./view.js";

/** The tokens of a sequence to choose from, each with what was answered there. */
export function TokenStrip(props: {
  readonly tokens: readonly TokenName[];
  readonly current: number;
  readonly choose: (index: number) => void;
  readonly highlight: Highlight;
  readonly setHighlight: (highlight: Highlight) => void;
}): JSX.Element {
  const { tokens, current, choose, highlight, setHighlight } = props;
  return (
    <>
      <ol class="ts-tokens" aria-label="Tokens of the sequence">
        {tokens.map(({ shown, said, right }, index) => (
          <li key={index}>
            <button
              type="button"
              class={highlight.token === index ? "ts-token ts-pointed" : "ts-token"}
              aria-current={index === current ? "step" : undefined}
              aria-label={labelOf(tokens[index] as TokenName, index)}
              onClick={() => choose(index)}
              onMouseEnter={() => setHighlight({ token: index })}
              onMouseLeave={() => setHighlight({})}
            >
              <span class="ts-shown">{shown}</span>
              {said !== undefined && (
                <span class={said === right ? "ts-right" : "ts-wrong"}>
                  {said} {said === right ? "✓" : `✗ ${right}`}
                </span>
              )}
            </button>
          </li>
        ))}
      </ol>
      {tokens.some(({ shown }) => shown === "×") && <p class="ts-faint">Numbers stand with their last digit first.</p>}
    </>
  );
}

function labelOf({ shown, said, right }: TokenName, index: number): string {
  const answer =
    said === undefined ? "" : `, answered ${said}, ${said === right ? "right" : `wrong: ${right} is right`}`;
  return `token ${index}: ${shown}${answer}`;
}
