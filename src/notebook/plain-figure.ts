import type { Figure, PlotlyFigure } from "../figures/figure.js";

/** Whether something has the shape of a Plotly figure. */
export function isFigure(what: unknown): what is PlotlyFigure {
  const { data, layout } = (what ?? {}) as Partial<PlotlyFigure>;
  return Array.isArray(data) && data.every(isObject) && (layout === undefined || isObject(layout));
}

function isObject(what: unknown): what is object {
  return typeof what === "object" && what !== null && !Array.isArray(what);
}

/**
 * Any Plotly figure as plotly.js draws it from JSON: titles that are texts become { text }, for plotly.js 3 and later pass over
 * texts without a word, and typed arrays become lists, which JSON would make objects.
 */
export function drawable({ data, layout = {}, frames, config = {} }: PlotlyFigure): Figure {
  return written({ data, layout, ...(frames && { frames }), config }) as Figure;
}

function written(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(written);
  if (ArrayBuffer.isView(value) && !(value instanceof DataView)) return Array.from(value as Float64Array, Number);
  if (!isPlain(value)) return value; // a Date, for example, which JSON writes as Plotly reads it
  return Object.fromEntries(
    Object.entries(value).map(([name, part]) => {
      if (name === "meta" || name === "customdata") return [name, part]; // the reader's own
      return [name, /(^|\.)title$/.test(name) && typeof part === "string" ? { text: part } : written(part)];
    }),
  );
}

/** Whether it is an object literal, also one of a cell, whose `Object` is not ours. */
function isPlain(value: unknown): value is object {
  if (!isObject(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
