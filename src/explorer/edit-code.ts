import { type Edit, isParameterEdit } from "../model/edits.js";
import type { Reading } from "./inference-input.js";

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
  const index = { ...one.index };
  const made = isParameterEdit(one)
    ? `editParameter(${[JSON.stringify(one.parameter), ...(Object.keys(index).length > 0 ? [literal(index)] : [])].join(", ")})`
    : `edit(${JSON.stringify(one.site)}, ${literal({ step: one.step, ...index })})`;
  return `${made}.${one.operation}(${JSON.stringify(one.value).replaceAll(",", ", ")})`;
}

function literal(record: Readonly<Record<string, number>>): string {
  const fields = Object.entries(record).map(
    ([name, value]) => `${/^\w+$/.test(name) ? name : JSON.stringify(name)}: ${value}`,
  );
  return `{ ${fields.join(", ")} }`;
}
