import { regionOf } from "./edit-region.js";
import type { SiteEdit } from "./edits.js";
import type { Model } from "./model.js";
import { noShift, type StepProgram } from "./step-program.js";

/**
 * Let the next step of a program carry out edits: several of one number come together in its scale and shift.
 *
 * @param edits of that step, in their order; they have been checked
 * @returns takes them back
 */
export function placeEdits(program: StepProgram, model: Model, batch: number, edits: readonly SiteEdit[]): () => void {
  const placed = edits.map(({ site, index, operation, value }) => {
    const { axes, shape } = model.sites.find(({ name }) => name === site) as Model["sites"][number];
    const place = { name: site, axes: ["batch", ...axes], shape: [batch, ...shape] };
    const { places, operands } = regionOf(place, index ?? {}, value);
    const [scale, shift] = [program.numbers(`scale.${site}`), program.numbers(`shift.${site}`)];
    places.forEach((at, i) => {
      const operand = operands[i] as number;
      const before = shift[at] as number;
      if (operation === "set") {
        scale[at] = Number.NaN;
        shift[at] = operand;
      } else if (operation === "add") {
        shift[at] = before + operand;
      } else {
        scale[at] = (scale[at] as number) * operand;
        shift[at] = before * operand;
      }
    });
    return { site, places };
  });
  return () => {
    for (const { site, places } of placed) {
      const [scale, shift] = [program.numbers(`scale.${site}`), program.numbers(`shift.${site}`)];
      for (const place of places) {
        scale[place] = 1;
        shift[place] = noShift;
      }
    }
  };
}
