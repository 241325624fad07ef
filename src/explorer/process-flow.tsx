import type { JSX } from "preact";
import { useId } from "preact/hooks";
import type { Process, ProcessStep } from "./process-steps.js";

const box = { width: 124, height: 44, across: 158, down: 88 };

/**
 * A model's step as boxes and arrows. The step that has the shown site is lit; a click goes to one of a step's sites. A step
 * of which nothing was recorded is faint.
 */
export function ProcessFlow(props: {
  readonly process: Process;
  /** The site that is shown. */
  readonly site: string;
  readonly choose: (step: ProcessStep) => void;
}): JSX.Element {
  const { steps, arrows } = props.process;
  const head = useId();
  const columns = Math.max(...steps.map(({ column }) => column)) + 1;
  const rows = Math.max(...steps.map(({ row }) => row)) + 1;
  const width = (columns - 1) * box.across + box.width + 24;
  const height = (rows - 1) * box.down + box.height + 24 + (rows > 1 ? 18 : 0);
  const byName = new Map(steps.map((step) => [step.name, step]));
  return (
    // biome-ignore lint/a11y/useSemanticElements: within SVG there is no <fieldset>
    <svg
      class="ts-flow"
      viewBox={`0 0 ${width} ${height}`}
      role="group"
      aria-label="Process flow: the steps of the model"
    >
      <defs>
        <marker id={head} viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">
          <path d="M0 0 8 4 0 8z" />
        </marker>
      </defs>
      {arrows.map(([from, to]) => {
        const [a, b] = [byName.get(from), byName.get(to)];
        return a && b && <path key={`${from} ${to}`} class="ts-arrow" d={pathOf(a, b)} marker-end={`url(#${head})`} />;
      })}
      {steps.map((step) => (
        <Step key={step.name} step={step} lit={step.sites.includes(props.site)} choose={() => props.choose(step)} />
      ))}
    </svg>
  );
}

function Step(props: { readonly step: ProcessStep; readonly lit: boolean; readonly choose: () => void }): JSX.Element {
  const { step, lit, choose } = props;
  const { x, y } = cornerOf(step);
  const empty = step.sites.length === 0;
  const label = empty ? `${step.name}: not recorded` : `${step.name}: ${step.sites.join(", ")}`;
  return (
    // biome-ignore lint/a11y/useSemanticElements: within SVG there is no <button>
    <g
      class="ts-step"
      role="button"
      aria-label={label}
      aria-pressed={lit}
      aria-disabled={empty}
      tabindex={empty ? -1 : 0} // in SVG, names of attributes are told apart by their case
      onClick={() => !empty && choose()}
      onKeyDown={(event) => {
        if (empty || (event.key !== "Enter" && event.key !== " ")) return;
        event.preventDefault();
        event.stopPropagation();
        choose();
      }}
    >
      <title>{label}</title>
      <rect x={x} y={y} width={box.width} height={box.height} rx={8} />
      <text x={x + box.width / 2} y={y + box.height / 2}>
        {step.name}
      </text>
    </g>
  );
}

function cornerOf({ column, row }: ProcessStep): { x: number; y: number } {
  return { x: 12 + column * box.across, y: 12 + row * box.down };
}

/** An arrow between the sides of two boxes that face each other; one that goes back along a row takes a bow below it. */
function pathOf(from: ProcessStep, to: ProcessStep): string {
  const [a, b] = [cornerOf(from), cornerOf(to)];
  const middle = (y: number): number => y + box.height / 2;
  if (from.row === to.row && to.column === from.column + 1) return `M${a.x + box.width} ${middle(a.y)} H${b.x - 1}`;
  if (from.row === to.row && to.column === from.column - 1) return `M${a.x} ${middle(a.y)} H${b.x + box.width + 1}`;
  if (from.row === to.row) {
    const [start, end, foot] = [a.x + box.width / 2, b.x + box.width / 2, a.y + box.height];
    return `M${start} ${foot} C${start} ${foot + 26} ${end} ${foot + 26} ${end} ${foot + 1}`;
  }
  const down = to.row > from.row;
  const [y1, y2] = down ? [a.y + box.height, b.y - 1] : [a.y, b.y + box.height + 1];
  const [x1, x2] = [a.x + box.width / 2, b.x + box.width / 2];
  if (from.column === to.column) return `M${x1} ${y1} V${y2}`;
  const half = (y1 + y2) / 2;
  return `M${x1} ${y1} C${x1} ${half} ${x2} ${half} ${x2} ${y2}`;
}
