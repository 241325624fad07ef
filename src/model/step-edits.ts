import { editNumbers, operandsOf } from "./edit-numbers.js";
import { type Place, sitePlace } from "./edit-places.js";
import type { SiteEdit } from "./edits.js";
import type { Model, Site } from "./model.js";
import { noShift, type StepProgram } from "./step-program.js";

/**
 * Take the next step of a program, with its edits. Those of one number come together in its scale and shift. Where an edit
 * depends on what it finds (clamping, renormalising), the step is computed beforehand: the site's numbers are edited here,
 * and set.
 *
 * @param edits of that step, in their order; they have been checked
 * @throws if a row cannot be renormalised
 */
export function stepWithEdits(program: StepProgram, model: Model, batch: number, edits: readonly SiteEdit[]): void {
  const edited = [...new Set(edits.map(({ site }) => site))].map((name) => {
    const place = sitePlace(model.sites.find((site) => site.name === name) as Site, batch);
    const own = edits.filter(({ site }) => site === name);
    return { name, place, own, depends: own.some(dependsOnValue) };
  });
  const placed: (readonly [name: string, places: Uint32Array])[] = [];
  try {
    for (const { name, place, own } of edited.filter(({ depends }) => !depends)) {
      for (const one of own) placed.push([name, placeEdit(program, place, one)]);
    }
    const dependent = new Map(edited.filter(({ depends }) => depends).map((one) => [one.name, one]));
    // In the order in which the model passes its sites: what one finds may come of what was set in another.
    for (const name of dependent.size > 0 ? program.sites : []) {
      const one = dependent.get(name);
      if (!one) continue;
      program.look();
      const numbers = program.numbers(`site.${name}`).slice();
      const places = one.own.map((own) => editNumbers(one.place, own, numbers));
      placed.push(...places.map((own) => [name, own] as const));
      for (const own of places) setNumbers(program, name, own, numbers);
    }
    program.step();
  } finally {
    for (const [name, places] of placed) takeBack(program, name, places);
  }
}

function dependsOnValue({ operation, renormalise }: SiteEdit): boolean {
  return operation === "clamp" || renormalise !== undefined;
}

/** @returns where numbers are edited */
function placeEdit(program: StepProgram, place: Place, one: SiteEdit): Uint32Array {
  const { places, operands } = operandsOf(place, one);
  const [scale, shift] = editedAt(program, one.site);
  places.forEach((at, i) => {
    const operand = operands[i] as number;
    const before = shift[at] as number;
    if (one.operation === "set") {
      scale[at] = Number.NaN;
      shift[at] = operand;
    } else if (one.operation === "scale") {
      scale[at] = (scale[at] as number) * operand;
      shift[at] = before * operand;
    } else {
      shift[at] = before + operand; // what is given, or noise
    }
  });
  return places;
}

function setNumbers(program: StepProgram, site: string, places: Uint32Array, numbers: Float32Array): void {
  const [scale, shift] = editedAt(program, site);
  for (const at of places) {
    scale[at] = Number.NaN;
    shift[at] = numbers[at] as number;
  }
}

function takeBack(program: StepProgram, site: string, places: Uint32Array): void {
  const [scale, shift] = editedAt(program, site);
  for (const at of places) {
    scale[at] = 1;
    shift[at] = noShift;
  }
}

function editedAt(program: StepProgram, site: string): readonly [scale: Float32Array, shift: Float32Array] {
  return [program.numbers(`scale.${site}`), program.numbers(`shift.${site}`)];
}
