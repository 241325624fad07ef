import type { NamedArray } from "../tensors/named-array.js";
import { positionsOf, suffixOf } from "./axes.js";
import { type Colours, unitColours } from "./colours.js";
import { escapeText, FAINT, type Trace } from "./figure.js";
import { colourOfWrite, PALE, textOverWrite, type WriteRange } from "./write-colours.js";

/** A smaller share is drawn and told with the others only. */
const LEAST = 0.01;

/** As far as rounding may take a share below 0, or a sum of shares above 1. */
const ROUNDING = 1e-3;

/** Pixels of a whole bar on a page of 700, of a character, and of the lowest row that has room for a line of text. */
const ROOM = { bar: 140, character: 6, row: 11 };

/** What one write has in a slot; write −1 stands for all of small shares together. */
interface Part {
  readonly write: number;
  /** Where it begins in the slot's bar, from 0, and how long it is. */
  readonly from: number;
  readonly share: number;
}

interface SlotParts {
  readonly slot: number;
  /** In the order of the writes. */
  readonly parts: readonly Part[];
  /** The write that has most of the slot, or −1. */
  readonly most: number;
}

/** What there is to draw of shares, [slot, write]. */
export interface WriteShares {
  readonly shares: NamedArray;
  readonly slots: readonly SlotParts[];
  readonly range: WriteRange;
  /** For the bar of colours; undefined if nothing has any. */
  readonly colours: Colours | undefined;
}

/**
 * The shares in slots that hold something.
 *
 * @param empty the other slots, which are left out
 * @throws naming the slot, if a share is below 0 or all of a slot's are above 1.
 */
export function writeShares(shares: NamedArray, empty: readonly number[]): WriteShares {
  const [count, writes] = shares.shape as [number, number];
  const slots = Array.from({ length: count }, (_, slot) => slot).flatMap((slot): SlotParts[] => {
    const row = shares.data.subarray(slot * writes, (slot + 1) * writes);
    if (!row.every(Number.isFinite)) return [];
    checkShares(shares, slot, row);
    if (empty.includes(slot)) return [];
    const parts: Part[] = [];
    let [from, small] = [0, 0];
    row.forEach((share, write) => {
      if (share < LEAST) {
        small += share;
        return;
      }
      parts.push({ write, from, share });
      from += share;
    });
    if (small >= LEAST) parts.push({ write: -1, from, share: small });
    if (parts.length === 0) return [];
    const most = parts.reduce((best, part) => (part.share > best.share ? part : best)).write;
    return [{ slot, parts, most }];
  });
  const first = shares.labels?.[shares.axes[1] as string]?.[0] === "start" ? 1 : 0;
  const timed = slots.flatMap(({ parts }) => parts.map(({ write }) => write)).filter((write) => write >= first);
  const range = [Math.min(...timed), Math.max(...timed)] as const;
  return { shares, slots, range, colours: timed.length > 0 ? unitColours(shares.axes[1] as string) : undefined };
}

function checkShares({ axes, labels }: NamedArray, slot: number, row: Float32Array): void {
  const axis = axes[0] as string;
  const where = `${axis} ${labels?.[axis]?.[slot] ?? slot}`;
  const wanted = "each is a part of what the slot holds, and together they are 1 at most.";
  const negative = row.find((share) => share < -ROUNDING);
  if (negative !== undefined) throw new Error(`memoryProvenance: ${where} has a share of ${negative}; ${wanted}`);
  const sum = row.reduce((total, share) => total + share, 0);
  if (sum > 1 + ROUNDING) throw new Error(`memoryProvenance: the shares of ${where} add up to ${sum}; ${wanted}`);
}

/**
 * A bar from 0 to 1 for each slot, in parts that are named where there is room.
 *
 * @param contents the memory whose rows the bars stand beside, [slot, word]
 * @param look.row pixels of a row; `look.left`, [slot, write], what is left of each write
 */
export function shareBars(
  { shares, slots, range }: WriteShares,
  contents: NamedArray,
  look: { panel: number; colourAxis: string; row: number; left: NamedArray | undefined },
): Trace[] {
  const [slotAxis] = contents.axes as [string];
  const positions = positionsOf(contents, slotAxis);
  const n = suffixOf(look.panel - 1);
  const all = slots.flatMap(({ slot, parts, most }) => {
    const told = [...parts].sort((a, b) => b.share - a.share).map((part) => sentenceOn(part, slot, shares, look.left));
    return parts.map((part) => ({ ...part, slot, isMost: part.write === most, told: told.join("<br>") }));
  });
  const place = { type: "bar", orientation: "h", xaxis: `x${n}`, yaxis: `y${n}` };
  // Without a trace Plotly draws no axes.
  if (all.length === 0) return [{ ...place, y: [positions?.[0] ?? 0], x: [0], hoverinfo: "skip" }];
  const coloured = all.filter(({ write }) => write >= range[0]);
  const pale = all.filter(({ write }) => write < range[0]);
  return [coloured, pale].flatMap((bars) => {
    if (bars.length === 0) return [];
    const colours =
      bars === pale ? { color: PALE } : { color: bars.map(({ write }) => write), coloraxis: look.colourAxis };
    return {
      ...place,
      y: bars.map(({ slot }) => positions?.[slot] ?? slot),
      base: bars.map(({ from }) => rounded(from)),
      x: bars.map(({ share }) => rounded(share)),
      width: 0.76,
      marker: { ...colours, line: { width: 0 } },
      text: bars.map((bar) => (look.row < ROOM.row ? "" : textIn(bar, shares))),
      textposition: "inside",
      insidetextanchor: "middle",
      textangle: 0,
      constraintext: "none",
      textfont: { size: 11, color: bars.map(({ write }) => textOverWrite(write, range)) },
      hovertext: bars.map(({ told }) => told),
      hovertemplate: `${escapeText(slotAxis)} %{y}<br>%{hovertext}<extra></extra>`,
    };
  });
}

/**
 * A frame for the row of each slot, in the colour of the write that has most of it.
 *
 * @param right where it ends, as a part of the width; `row` the pixels of a row
 */
export function slotFrames({ slots, range }: WriteShares, right: number, row: number): object[] {
  return slots.map(({ slot, most }) => {
    const place = { xref: "paper", x0: 0, x1: right, yref: "y", y0: slot - 0.4, y1: slot + 0.4 };
    if (most < range[0]) return { type: "rect", ...place, line: { color: FAINT, width: 1 } };
    return { type: "rect", ...place, line: { color: colourOfWrite(most, range), width: row < ROOM.row ? 1 : 2 } };
  });
}

/** The name of a write, as its bar says it. */
export function nameOfWrite(write: number, { labels, axes }: NamedArray): string {
  return write < 0 ? "others" : (labels?.[axes[1] as string]?.[write] ?? String(write));
}

/** The write's name, with the share if it has most of the slot; as much of it as there is room for. */
function textIn({ write, share, isMost }: Part & { isMost: boolean }, shares: NamedArray): string {
  const name = nameOfWrite(write, shares);
  const percent = isMost ? ` · ${Math.round(100 * share)} %` : "";
  const room = Math.floor((share * ROOM.bar) / ROOM.character) - 1;
  if (name.length + percent.length <= room) return escapeText(name) + percent;
  return name.length <= room || (isMost && room >= 6) ? escapeText(name, room) : "";
}

function sentenceOn({ write, share }: Part, slot: number, shares: NamedArray, left: NamedArray | undefined): string {
  const percent = (part: number): string => `${(100 * part).toFixed(1)} %`;
  const writes = left?.shape[1] ?? 0;
  const kept = write >= 0 && write < writes ? left?.data[slot * writes + write] : undefined;
  const rest = kept === undefined ? "" : `; erasing left ${percent(kept)} of it`;
  return `${escapeText(nameOfWrite(write, shares), 24)}: ${percent(share)} of the slot${rest}`;
}

/** Four decimals say more than can be seen. */
function rounded(share: number): number {
  return Number(share.toFixed(4));
}
