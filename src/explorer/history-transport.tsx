import type { JSX } from "preact";
import { useRef, useState } from "preact/hooks";
import { Button, NumberSlider, Picker } from "./controls.js";
import { epochChosen, type Moment, pinned, stepped } from "./history-moment.js";
import type { TokenName } from "./history-tokens.js";
import { useKeys } from "./use-keys.js";
import { usePlayer } from "./use-player.js";
import type { ModeProps, View } from "./view.js";

const speeds = [1, 2, 5, 10, 20, 40].map((value) => ({ value, label: `${value} a second` }));
const ways = [
  { value: "token", label: "tokens" },
  { value: "epoch", label: "epochs" },
] as const;

/** Sliders, buttons and keys that move through a history. */
export function Transport(
  props: ModeProps & { readonly moment: Moment; readonly tokens: readonly TokenName[]; readonly sequences: number },
): JSX.Element {
  const { moment, setView, active, view, sources } = props;
  const [playing, setPlaying] = useState(false);
  const [speed, setSpeed] = useState(2);
  const [way, setWay] = useState<"token" | "epoch">("token");
  const step = (axis: "epoch" | "batch" | "token", by: number): void => setView(stepped(moment, axis, by));
  usePlayer(playing && active, speed, () => setView(onwards(moment, way)));
  const place = useRef<HTMLFieldSetElement>(null);
  useKeys(place, active, sources.live, {
    " ": () => setPlaying(!playing),
    ArrowRight: () => step("token", 1),
    ArrowLeft: () => step("token", -1),
    "Shift+ArrowRight": () => step("batch", 1),
    "Shift+ArrowLeft": () => step("batch", -1),
    "Shift+ArrowUp": () => step("epoch", 1),
    "Shift+ArrowDown": () => step("epoch", -1),
  });
  const shown = props.tokens[moment.tokens.indexOf(moment.token)]?.shown;
  const named = shown !== undefined && shown !== String(moment.token) ? `${moment.token}: ${shown}` : `${moment.token}`;
  return (
    <fieldset class="ts-transport" ref={place}>
      <legend>Moment</legend>
      <NumberSlider
        label="Epoch"
        values={moment.epochs}
        chosen={moment.epoch}
        choose={(epoch) => setView(epochChosen(moment, epoch))}
      />
      <NumberSlider
        label="Batch"
        values={moment.batches}
        chosen={moment.batch}
        choose={(batch) => setView(pinned(moment, { batch }))}
      />
      <NumberSlider
        label="Token"
        values={moment.tokens}
        chosen={moment.token}
        text={named}
        choose={(token) => setView(pinned(moment, { token }))}
      />
      <div class="ts-buttons">
        <Button label="Step backward" onClick={() => step(way, -1)}>
          ◀
        </Button>
        <Button onClick={() => setPlaying(!playing)} pressed={playing}>
          {playing ? "Pause" : "Play"}
        </Button>
        <Button label="Step forward" onClick={() => step(way, 1)}>
          ▶
        </Button>
        <Picker label="through" options={ways} chosen={way} choose={setWay} />
        <Picker label="speed" options={speeds} chosen={speed} choose={setSpeed} />
        {props.sequences > 1 && (
          <Picker
            label="sequence"
            options={Array.from({ length: props.sequences }, (_, value) => ({ value, label: `${value}` }))}
            chosen={Math.min(view.sequence, props.sequences - 1)}
            choose={(sequence) => setView({ sequence })}
          />
        )}
        <span class="ts-keys">
          Keys: <kbd>←</kbd> <kbd>→</kbd> token, <kbd>Shift</kbd> <kbd>←</kbd> <kbd>→</kbd> batch, <kbd>Shift</kbd>{" "}
          <kbd>↑</kbd> <kbd>↓</kbd> epoch, <kbd>Space</kbd> play and pause
        </span>
      </div>
    </fieldset>
  );
}

/** The next token or epoch, and after the last one the first. */
function onwards(moment: Moment, way: "token" | "epoch"): Partial<View> {
  const values = way === "token" ? moment.tokens : moment.epochs;
  const last = moment[way] === values.at(-1);
  return stepped(moment, way, last ? -values.length : 1);
}
