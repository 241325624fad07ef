import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import { select } from "../tensors/named-array.js";
import { AllHeads } from "./attention-heads.js";
import { Picker } from "./controls.js";
import { attentionFigure, focusTimeline, headsDrawn, weightsOverTokens } from "./history-figures.js";
import type { LookingSite } from "./looking-sites.js";
import { columnFrame, columnMark, rowFrame, tokenMark } from "./marks.js";
import type { SequenceProps } from "./memory-tab.js";
import { Plot, type PlotPoint } from "./plot.js";
import type { Highlight, ModeProps } from "./view.js";

/** Where to look: the layer or other place, and its head. */
export function LookingPickers(
  props: Pick<ModeProps, "view" | "setView"> & { readonly places: readonly LookingSite[]; readonly place: LookingSite },
): JSX.Element {
  const { places, place, view, setView } = props;
  return (
    <div class="ts-buttons">
      <Picker
        label="Layer"
        options={places.map(({ label }, value) => ({ value, label }))}
        chosen={places.indexOf(place)}
        choose={(layer) => setView({ layer, site: "" })}
      />
      {place.heads > 0 && (
        <Picker
          label="Head"
          options={Array.from({ length: place.heads }, (_, value) => ({ value, label: `head ${value}` }))}
          chosen={Math.min(view.head, place.heads - 1)}
          choose={(head) => setView({ head })}
        />
      )}
    </div>
  );
}

/** Attention at a token, and its focus over the tokens. Weights over slots, which have no query, are drawn over all tokens. */
export function AttentionTab(props: SequenceProps & { readonly place: LookingSite }): JSX.Element {
  const { series, step, tokens, where, view, setView, place, highlight, setHighlight, chooseStep } = props;
  const head = Math.min(view.head, Math.max(0, place.heads - 1));
  const one = useMemo(() => (place.heads > 0 ? select(series, { head }) : series), [series, place, head]);
  const title = `${place.label}${place.heads > 0 ? `, head ${head}` : ""}`;
  const overTokens = one.axes.length === 2;
  const isSmall = !overTokens && one.axes.length === 3 && Math.max(...one.shape.slice(1)) <= 8;
  const looks = useMemo(
    () =>
      overTokens
        ? weightsOverTokens(one, tokens, `${title} over the tokens, ${where}`)
        : attentionFigure(one, step, `${title}, token ${step}${isSmall ? "" : ` “${tokens[step]}”, ${where}`}`),
    [one, overTokens ? 0 : step, tokens, title, where],
  );
  const heads = useMemo(() => headsDrawn(place.heads, head), [place, head]);
  const pointed = highlight.head ?? head;
  const focus = useMemo(
    () => focusTimeline(series, tokens, heads, [head, pointed], `Focus of ${place.label} over the tokens`),
    [series, tokens, heads, head, pointed, place],
  );
  const columns = highlight.token === undefined ? [] : [columnMark(highlight.token)];
  const slots = [highlight.slot, view.slot < 0 ? undefined : view.slot].flatMap((slot) => slotMarks(one.axes, slot));
  const headOf = (point: PlotPoint): Pick<Highlight, "head"> => {
    const at = heads[point.trace];
    return at === undefined ? {} : { head: at };
  };
  const pointToken = (point?: PlotPoint): void =>
    setHighlight(point ? { token: Number(point.x), ...headOf(point) } : {});
  const pointSlot = (point?: PlotPoint): void => {
    const [rows, across] = overTokens ? [one.axes[1], ""] : one.axes.slice(1);
    const slot = rows === "slot" ? point?.row : across === "slot" || across === "source" ? point?.column : undefined;
    setHighlight(slot === undefined ? {} : { slot, ...(overTokens && { token: point?.column as number }) });
  };
  return (
    <div class={isSmall ? "ts-looks ts-looks-small" : "ts-looks"}>
      <Plot
        figure={looks}
        label={overTokens ? `Weights of ${title} over the tokens` : `Attention weights of ${title} at token ${step}`}
        marks={overTokens ? [columnFrame(step), ...columns, ...slots] : slots}
        onHover={pointSlot}
        {...(overTokens && { onClick: ({ column }: PlotPoint) => chooseStep(column as number) })}
      />
      <Plot
        figure={focus}
        height={isSmall ? 310 : 250}
        label={`Focus of ${place.label} over the tokens, 0 to 1`}
        marks={[tokenMark(step), ...columns]}
        onHover={pointToken}
        onClick={(point) => {
          chooseStep(Number(point.x));
          setView(headOf(point));
        }}
      />
      {place.heads > 1 && <AllHeads {...props} head={head} />}
    </div>
  );
}

/** Frames around a slot, whichever axis has slots. Sources begin with the slots. */
function slotMarks(axes: readonly string[], slot: number | undefined): ReturnType<typeof rowFrame>[] {
  if (slot === undefined) return [];
  const [rows, across] = axes.length === 2 ? [axes[1], ""] : axes.slice(1);
  return [
    ...(rows === "slot" ? [rowFrame(slot)] : []),
    ...(across === "slot" || across === "source" ? [columnFrame(slot)] : []),
  ];
}
