import { type Edit, isParameterEdit } from "../model/edits.js";
import type { Reading } from "../tasks/typed-input.js";

/**
 * An experiment as a notebook's cell: TypeScript that imports from "tapescope" alone, and draws what the edits change.
 *
 * @param checkpoint file name, looked for in data/
 */
export function notebookCode(
  checkpoint: string,
  { code: [maker, given] }: Pick<Reading, "code">,
  edits: readonly Edit[],
): string {
  const names = ["compareHeatmaps", "loadCheckpoint", "run", "select", "show", "useBackend", maker];
  if (edits.some((one) => !isParameterEdit(one))) names.push("edit");
  if (edits.some(isParameterEdit)) names.push("editParameter");
  names.sort((a, b) => (a.toLowerCase() < b.toLowerCase() ? -1 : 1));
  const inputs = maker === "toNamedArray" ? "inputs" : "{ inputs }";
  return `import { ${names.join(", ")} } from "tapescope";

await useBackend();
const { model, parameters } = await loadCheckpoint(${JSON.stringify(`../data/${checkpoint}`)});
const ${inputs} = ${maker}(${given});

const edits = [${edits.map((one) => `\n  ${callOf(one)},`).join("")}${edits.length > 0 ? "\n" : ""}];

const original = run(model, parameters, inputs);
const edited = run(model, parameters, inputs, { edits });
const title = "Outputs, as the edits change them";
show(compareHeatmaps(select(original.outputs, { batch: 0 }), select(edited.outputs, { batch: 0 }), { title }));
`;
}

/** An edit as the call that makes it. */
export function callOf(one: Edit): string {
  const isParameter = isParameterEdit(one);
  const place = isParameter ? { ...one.index } : { step: one.step, ...one.index };
  const how = {
    ...(!isParameter && one.renormalise !== undefined && { renormalise: one.renormalise }),
    ...(one.model !== undefined && { model: one.model }),
  };
  const given = [JSON.stringify(isParameter ? one.parameter : one.site), literal(place), literal(how)];
  while (given.at(-1) === "{}") given.pop();
  return `${isParameter ? "editParameter" : "edit"}(${given.join(", ")}).${one.operation}(${givenTo(one)})`;
}

function givenTo({ operation, value }: Edit): string {
  if (operation === "clamp") return `${value.least}, ${value.greatest}`;
  if (typeof value === "object" && !Array.isArray(value)) return literal({ ...value });
  return JSON.stringify(value).replaceAll(",", ", ");
}

function literal(record: Readonly<Record<string, unknown>>): string {
  const fields = Object.entries(record).map(
    ([name, value]) => `${/^\w+$/.test(name) ? name : JSON.stringify(name)}: ${JSON.stringify(value)}`,
  );
  return fields.length === 0 ? "{}" : `{ ${fields.join(", ")} }`;
}
