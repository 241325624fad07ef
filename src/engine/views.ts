// Views: the same numbers seen with another shape. All in elements, row-major.
import { stridesOf } from "../tensors/named-array.js";

/** Where the numbers of a view stand in what it looks at. A stride of 0 repeats them. */
export interface Layout {
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  readonly offset: number;
}

/** The layout of an array that fills its storage, row by row. */
export function wholeLayout(shape: readonly number[]): Layout {
  return { shape, strides: stridesOf(shape), offset: 0 };
}

/** Whether the numbers of a layout follow one another without a hole. Axes of length one do not count. */
export function isContiguous({ shape, strides }: Layout): boolean {
  const whole = stridesOf(shape);
  return shape.every((length, axis) => length === 1 || strides[axis] === whole[axis]);
}

/** The layout with another shape of as many numbers; undefined if only a copy can have it. */
export function reshapeLayout(layout: Layout, shape: readonly number[]): Layout | undefined {
  const from = layout.shape
    .map((length, axis) => ({ length, stride: layout.strides[axis] as number }))
    .filter(({ length }) => length !== 1);
  const strides = shape.map(() => 0);
  let axis = shape.length - 1;
  for (let at = from.length - 1; at >= 0; ) {
    // Join old axes until they hold as many numbers as some new ones together.
    let { length, stride } = from[at] as { length: number; stride: number };
    const inner = stride;
    at--;
    let taken = 1;
    let next = inner;
    for (;;) {
      while (axis >= 0 && taken < length && length % (taken * (shape[axis] as number)) === 0) {
        strides[axis] = next;
        next *= shape[axis] as number;
        taken *= shape[axis] as number;
        axis--;
      }
      if (taken === length) break;
      const outer = from[at];
      if (!outer || outer.stride !== stride * (from[at + 1] as { length: number }).length) return undefined;
      stride = outer.stride;
      length *= outer.length;
      at--;
    }
  }
  return { shape, strides, offset: layout.offset };
}

/** The layout repeated along new first axes and along axes of length one, so that it has the shape. */
export function broadcastLayout(layout: Layout, shape: readonly number[]): Layout {
  const added = shape.length - layout.shape.length;
  const strides = shape.map((length, axis) => {
    const old = layout.shape[axis - added];
    return old === undefined || (old === 1 && length !== 1) ? 0 : (layout.strides[axis - added] as number);
  });
  return { shape, strides, offset: layout.offset };
}

/** The layout with its axes in another order. */
export function transposeLayout({ shape, strides, offset }: Layout, order: readonly number[]): Layout {
  return {
    shape: order.map((axis) => shape[axis] as number),
    strides: order.map((axis) => strides[axis] as number),
    offset,
  };
}

/** A box of the layout: `size` numbers from `start` along each axis. */
export function sliceLayout(layout: Layout, start: readonly number[], size: readonly number[]): Layout {
  const skipped = start.reduce((sum, one, axis) => sum + one * (layout.strides[axis] as number), 0);
  return { shape: size, strides: layout.strides, offset: layout.offset + skipped };
}

/** The shape that arrays of these shapes have together. @throws if an axis has two lengths. */
export function broadcastShape(shapes: readonly (readonly number[])[]): number[] {
  const rank = Math.max(...shapes.map(({ length }) => length));
  return Array.from({ length: rank }, (_, axis) => {
    const lengths = new Set(shapes.map((shape) => shape[axis - rank + shape.length] ?? 1).filter((one) => one !== 1));
    if (lengths.size > 1) throw new Error(`Shapes ${shapes.map((shape) => `[${shape}]`).join(", ")} do not broadcast.`);
    return [...lengths][0] ?? 1;
  });
}
