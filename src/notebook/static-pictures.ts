import type { Figure } from "../figures/figure.js";
import { type BrowserPage, withBrowserPage } from "./headless-browser.js";

/** Pixels; the page's text is about as wide. */
const WIDTH = 960;
const HEIGHT = 450;

/**
 * Figures as SVG text on a white ground, drawn by plotly.js in a browser.
 *
 * An animated figure is drawn in its first state, with its slider and without buttons.
 *
 * @param figures by name.
 * @param plotly the source of plotly.js.
 * @param browser path of a Chromium, Chrome or Edge.
 * @returns the pictures by name, and a sentence for each that could not be drawn
 */
export async function staticPictures(
  figures: ReadonlyMap<string, Figure>,
  plotly: string,
  browser: string,
): Promise<{ pictures: ReadonlyMap<string, string>; notes: readonly string[] }> {
  const pictures = new Map<string, string>();
  const notes: string[] = [];
  const drawAll = async (page: BrowserPage): Promise<void> => {
    await page.evaluate(`${plotly}\n;document.title = "pictures"`);
    for (const [name, figure] of figures) {
      const svg = await page.evaluate(drawing(figure));
      if (typeof svg === "string" && svg.startsWith("<svg")) pictures.set(name, svg);
      else notes.push(`No static picture of "${name}": ${svg}.`);
    }
  };
  try {
    await withBrowserPage(browser, drawAll);
  } catch (error) {
    const left = [...figures.keys()].filter((name) => !pictures.has(name));
    const which = left.map((name) => `"${name}"`).join(", ");
    notes.push(`No static picture of ${which}: ${(error as Error).message} (${browser}). Create the report again.`);
  }
  return { pictures, notes };
}

/** JavaScript whose value is the figure's SVG, or in words what Plotly found wrong with it. */
function drawing({ data, layout }: Figure): string {
  const { width, height, updatemenus, ...look } = layout;
  const size = { width: positive(width) ?? WIDTH, height: positive(height) ?? HEIGHT };
  const figure = { data, layout: { ...look, paper_bgcolor: "#fff" } };
  const options = { format: "svg", imageDataOnly: true, ...size };
  return `Plotly.toImage(${JSON.stringify(figure)}, ${JSON.stringify(options)}).catch((error) => String(error))`;
}

function positive(length: unknown): number | undefined {
  return typeof length === "number" && length > 0 ? length : undefined;
}
