import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { resolve } from "node:path";
import type { Figure } from "../figures/figure.js";
import { replaceFolder, restoreFolder } from "../files/replace-folder.js";
import { toCsv } from "./csv.js";
import { fileNames } from "./file-names.js";
import { findBrowser } from "./headless-browser.js";
import { MANIFEST, manifestOf, type ReportAccount, refuseFiles, refuseOthers } from "./report-manifest.js";
import { reportPage, type Section } from "./report-page.js";
import { type ReportData, reportParts } from "./report-parts.js";
import { staticPictures } from "./static-pictures.js";

export interface CreatedReport {
  /** The folder's absolute path. */
  readonly directory: string;
  /** Its files by their path within it, the manifest last. */
  readonly files: readonly string[];
  /** What the report lacks, and what to do about it; empty if all is there. */
  readonly notes: readonly string[];
}

const LIBRARY = "plotly.js-dist-min/plotly.min.js";
const PLOTLY = "figures/plotly.min.js";

/**
 * Write a folder with figures, tables and pages that explain them, which work with no network.
 *
 * - `index.html` shows and explains everything; `report.html` does so in one file that can be sent alone.
 * - `figures/NAME.html` is each figure by itself, interactive; `figures/NAME.svg` is its picture, drawn in a Chromium,
 *   Chrome or Edge on PATH or named by TAPESCOPE_BROWSER. Without one the report says so and has no pictures.
 * - `tables/NAME.csv` is each table; `manifest.json` lists it all, with shapes, sizes and SHA-256 sums.
 *
 * The folder is written whole or not at all, and an older report in it is replaced whole.
 *
 * In the Python original: create_comprehensive_report.
 *
 * @param data the arrays to draw by name, in the standard figures, beside figures and tables of your own.
 * @param directory made if it is missing; else it must be empty or hold a report and nothing else.
 * @param options.title of the pages; `options.about` stands under it: plain text, paragraphs divided by empty lines.
 * @throws before anything is written, if the data cannot be drawn or the directory holds something else.
 * @example
 * const report = await createReport(
 *   { attentionWeights: [[0.9, 0.1], [0.2, 0.8]], memoryContent: memory, tables: { Costs: { table: costs, about: "Bits." } } },
 *   "reports/attention",
 * );
 */
export async function createReport(
  data: ReportData,
  directory: string,
  options: { title?: string; about?: string } = {},
): Promise<CreatedReport> {
  const parts = reportParts(data);
  if (typeof directory !== "string" || !directory) throw new Error("createReport needs the path of a directory.");
  const path = resolve(directory);
  const browser = findBrowser();
  await refuseFiles(path);
  await restoreFolder(path);
  await refuseOthers(path);

  const plotly = await readFile(createRequire(import.meta.url).resolve(LIBRARY), "utf8");
  const { title = "Memory and attention report", about = "" } = options;
  const ids = fileNames(parts.map(({ name }) => name));
  const sections = parts.map((part, index): Section => ({ id: ids[index] as string, part, links: {} }));
  const { pictures, notes } = await pictureAll(sections, plotly, browser);
  const account = { title, about, notes, sections, maker: await maker() };
  const files = filesWith(account, plotly, pictures);
  files.set(MANIFEST, manifestOf(account, files));

  await refuseOthers(path); // drawing took a while
  await replaceFolder(path, files);
  return { directory: path, files: [...files.keys()], notes };
}

/** All but the manifest. */
function filesWith(account: ReportAccount, plotly: string, pictures: ReadonlyMap<string, string>): Map<string, string> {
  const { title, maker, sections } = account;
  const hasFigures = sections.some(({ part }) => "figure" in part);
  const files = new Map(hasFigures ? [[PLOTLY, plotly]] : []);
  for (const { id, part } of sections) {
    if ("table" in part) {
      files.set(`tables/${id}.csv`, toCsv(part.table));
      continue;
    }
    const picture = pictures.get(id);
    if (picture) files.set(`figures/${id}.svg`, picture);
    const alone = { title: part.name, about: part.about, notes: [], maker, plotly: { src: "plotly.min.js" } };
    const links = { "../index.html": title, ...(picture && { [`${id}.svg`]: "SVG" }) };
    const section = { id, part: { ...part, name: "", about: "" }, links: {} }; // its words stand on top of the page
    files.set(`figures/${id}.html`, reportPage({ ...alone, links, sections: [section] }));
  }
  const linked = sections.map((section) => {
    const { id, part } = section;
    if ("table" in part) return { ...section, csv: `tables/${id}.csv` };
    return { ...section, links: { [`figures/${id}.html`]: "By itself", ...linkTo(files, `figures/${id}.svg`) } };
  });
  const others = { "report.html": "All in one file", [MANIFEST]: "What is in the folder" };
  files.set("index.html", reportPage({ ...account, links: others, sections: linked, plotly: { src: PLOTLY } }));
  files.set("report.html", reportPage({ ...account, links: {}, plotly: { source: plotly } }));
  return files;
}

/** A link to a picture, if it was drawn. */
function linkTo(files: ReadonlyMap<string, string>, path: string): Record<string, string> {
  return files.has(path) ? { [path]: "SVG" } : {};
}

async function pictureAll(
  sections: readonly Section[],
  plotly: string,
  browser: string | undefined,
): Promise<{ pictures: ReadonlyMap<string, string>; notes: readonly string[] }> {
  const figures = new Map<string, Figure>();
  for (const { id, part } of sections) if ("figure" in part) figures.set(id, part.figure);
  if (figures.size === 0) return { pictures: new Map(), notes: [] };
  if (browser) return staticPictures(figures, plotly, browser);
  const note =
    "There are no static pictures (SVG): no Chromium, Chrome or Edge was found on PATH. Install one, or give its path in " +
    "TAPESCOPE_BROWSER, and create the report again.";
  return { pictures: new Map(), notes: [note] };
}

async function maker(): Promise<string> {
  const { name, version } = JSON.parse(await readFile(new URL("../../package.json", import.meta.url), "utf8"));
  return `${name} ${version}`;
}
