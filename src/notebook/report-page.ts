import { readFileSync } from "node:fs";
import { escapeText, type Figure } from "../figures/figure.js";
import type { ReportPart } from "./report-parts.js";
import { escapeHtml, htmlTable } from "./table.js";

/** One part of a report on a page. */
export interface Section {
  /** Names its files and its place on the page. */
  readonly id: string;
  readonly part: ReportPart;
  /** Links under it: their text by address, relative to the page. */
  readonly links: Readonly<Record<string, string>>;
  /** Address of a table's CSV, relative to the page; without one the page holds the CSV itself. */
  readonly csv?: string;
}

export interface Page {
  readonly title: string;
  /** Paragraphs under the title, divided by empty lines; empty for none. */
  readonly about: string;
  readonly sections: readonly Section[];
  /** What the reader must know about the report itself. */
  readonly notes: readonly string[];
  /** Links under the title. */
  readonly links: Readonly<Record<string, string>>;
  /** Address of plotly.js, relative to the page, or its source, for a page that stands alone. */
  readonly plotly: { readonly src: string } | { readonly source: string };
  /** What made it, with its version. */
  readonly maker: string;
}

const beside = (path: string): string => readFileSync(new URL(`../../src/notebook/${path}`, import.meta.url), "utf8");

/**
 * One page that asks no network for anything and looks as an exported notebook does: it has the same style sheet and script.
 *
 * All text is plain and escaped here, by where it stands.
 */
export function reportPage(page: Page): string {
  const { title, about, sections, notes, links, plotly, maker } = page;
  const hasFigures = sections.some(({ part }) => "figure" in part);
  const own = "src" in plotly ? " 'self' file:" : "";
  const library = "src" in plotly ? `<script src="${plotly.src}"></script>` : `<script>${plotly.source}</script>`;
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval' blob:${own}; style-src 'unsafe-inline'; img-src data: blob:; font-src data:; connect-src data: blob:; worker-src blob:; base-uri 'none'; form-action 'none'">
<meta name="generator" content="${escapeHtml(maker)}">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>${escapeHtml(title)}</title>
<style>
${beside("template/static/report.css")}
${beside("report-page.css")}
</style>
${hasFigures ? library : ""}
</head>
<body class="jp-Notebook">
<a class="report-skip" href="#report-main">Skip to the content</a>
<header class="report-tools">
<button type="button" class="report-fold" hidden>Hide all code</button>
<nav class="report-contents" aria-label="Contents" hidden><details><summary>Contents</summary><ul></ul></details></nav>
</header>
<main id="report-main">
<noscript><p class="report-problem">This page needs JavaScript to draw its figures.</p></noscript>
<div class="jp-Cell jp-RenderedHTMLCommon jp-RenderedMarkdown">
<h1>${escapeHtml(title)}</h1>
${paragraphs(about)}${smallPrint(linksHtml(links))}
</div>
${notes.map((note) => `<p class="jp-Cell report-problem">${escapeHtml(note)}</p>\n`).join("")}${sections.map(sectionHtml).join("")}<footer class="report-source">Made with ${escapeHtml(maker)}.</footer>
</main>
<script>
${beside("template/static/report.js")}
</script>
</body>
</html>
`;
}

function sectionHtml({ id, part, links, csv }: Section): string {
  const heading = part.name && `<h2 id="${escapeHtml(id)}">${escapeHtml(part.name)}</h2>`;
  return `<section class="jp-Cell jp-MarkdownCell">
<div class="jp-RenderedHTMLCommon jp-RenderedMarkdown">
${heading}${paragraphs(part.about)}
</div>
${"figure" in part ? figureHtml(untitled(part.figure, part.name), part.name && id) : tableHtml(part.table, { name: `${id}.csv`, ...(csv && { address: encodeURI(csv) }) })}
${smallPrint([...part.arrays.map(shapeOf), linksHtml(links)].filter(Boolean).join(" · "))}
</section>
`;
}

/** Pixels of a figure's title line. */
const TITLE = 24;

/** The figure without its title, if that is the heading which stands above it; a note under the title takes its place. */
function untitled(figure: Figure, heading: string): Figure {
  const { title, height, margin } = figure.layout as Figure["layout"] & { margin?: { t?: unknown } };
  if (!heading || title?.text !== escapeText(heading)) return figure;
  if (typeof height !== "number" || typeof margin?.t !== "number") return figure; // none of ours
  const { subtitle, ...place } = title as Figure["layout"]["title"] & { subtitle?: object };
  const layout = { ...figure.layout, height: height - TITLE, margin: { ...margin, t: margin.t - TITLE } };
  return { ...figure, layout: { ...layout, title: { ...place, y: 1 - 12 / layout.height, text: "", ...subtitle } } };
}

/** @param headedBy the id of its heading, empty for none. */
function figureHtml(figure: Figure, headedBy: string): string {
  const { height } = figure.layout as { height?: unknown };
  // In JSON "<" stands only within strings, so that this spelling keeps every value and cannot end the script.
  const json = JSON.stringify(figure).replaceAll("<", "\\u003c");
  const room = typeof height === "number" ? ` style="min-height: ${height}px"` : "";
  return `<figure class="report-figure jp-OutputArea-output"${headedBy && ` aria-labelledby="${escapeHtml(headedBy)}"`}>
<script type="application/json">${json}</script>
<div class="report-plot"${room}></div>
</figure>`;
}

function tableHtml(...[table, csv]: Parameters<typeof htmlTable>): string {
  return `<div class="jp-RenderedHTMLCommon jp-RenderedHTML jp-OutputArea-output">${htmlTable(table, csv)}</div>`;
}

function paragraphs(text: string): string {
  const all = text.split(/\n\s*\n/).filter((paragraph) => paragraph.trim());
  return all.map((paragraph) => `<p>${escapeHtml(paragraph.trim())}</p>\n`).join("");
}

function linksHtml(links: Readonly<Record<string, string>>): string {
  return Object.entries(links)
    .map(([address, text]) => `<a href="${escapeHtml(encodeURI(address))}">${escapeHtml(text)}</a>`)
    .join(" · ");
}

function smallPrint(html: string): string {
  return html && `<p class="report-source">${html}</p>`;
}

/** "memory [slot 32 × word 16]" */
function shapeOf({ name, axes, shape }: ReportPart["arrays"][number]): string {
  return escapeHtml(`${name} [${axes.map((axis, index) => `${axis} ${shape[index]}`).join(" × ")}]`);
}
