import type { JSX } from "preact";
import { useRef, useState } from "preact/hooks";
import { Button, NumberSlider } from "./controls.js";
import { useKeys } from "./use-keys.js";
import { usePlayer } from "./use-player.js";

const pace = 3; // tokens a second while they play

/** Step through the tokens of a run: slider, one back, one on, play; the arrow keys and the space bar. */
export function StepBar(props: {
  readonly tokens: readonly string[];
  readonly step: number;
  readonly choose: (step: number) => void;
  readonly active: boolean;
  /** Whether the page is alone in its document, so that all keys are its own. */
  readonly alone: boolean;
}): JSX.Element {
  const { tokens, step, choose, active, alone } = props;
  const [playing, setPlaying] = useState(false);
  const last = tokens.length - 1;
  const go = (to: number): void => choose(Math.min(last, Math.max(0, to)));
  const play = (): void => {
    if (!playing && step === last) choose(0);
    setPlaying(!playing);
  };
  usePlayer(playing && active, pace, () => (step < last ? choose(step + 1) : setPlaying(false)));
  const place = useRef<HTMLDivElement>(null);
  useKeys(place, active, alone, { " ": play, ArrowLeft: () => go(step - 1), ArrowRight: () => go(step + 1) });
  return (
    <div class="ts-stepbar" ref={place}>
      <NumberSlider
        label="Token"
        values={tokens.map((_, index) => index)}
        chosen={step}
        choose={choose}
        text={`${step}: ${tokens[step]}`}
      />
      <Button label="Step backward" onClick={() => go(step - 1)} disabled={step === 0}>
        ◀
      </Button>
      <Button onClick={play} pressed={playing}>
        {playing ? "Pause" : "Play"}
      </Button>
      <Button label="Step forward" onClick={() => go(step + 1)} disabled={step === last}>
        ▶
      </Button>
    </div>
  );
}
