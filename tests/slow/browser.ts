import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { limit } from "../limit.js";

/** The first Chromium on PATH. */
export const browserPath: string | undefined = ["chromium", "chromium-browser", "google-chrome"]
  .flatMap((name) => (process.env.PATH ?? "").split(delimiter).map((folder) => join(folder, name)))
  .find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });

/**
 * Whether to skip tests that need a browser: `test.skipIf(browserMissing)(…)`.
 *
 * In continuous integration nothing is skipped: there the browser is part of the test, and its absence a failure.
 */
export const browserMissing: boolean = browserPath === undefined && !process.env.CI;
if (browserMissing)
  console.warn("No Chromium on PATH: tests in a browser are skipped. Install one, for example `chromium`.");

/** Nothing of the browser's own asks a network either. */
const ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"].concat([
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
]);

/** A headless browser, to be closed by the caller. @throws if there is none on PATH. */
export async function launchBrowser(): Promise<Browser> {
  if (!browserPath) throw new Error("No chromium, chromium-browser or google-chrome on PATH.");
  return chromium.launch({ executablePath: browserPath, args: ARGUMENTS, timeout: limit });
}

/** A page by itself, with no cookies of others: to be closed by `page.context().close()`, or with the browser. */
export async function openPage(browser: Browser, options: BrowserContextOptions = {}): Promise<Page> {
  const context = await browser.newContext(options);
  context.setDefaultTimeout(limit);
  return context.newPage();
}

/**
 * Give a page's window a width, and wait until its figures have taken theirs from it.
 *
 * @returns pixels by which the page can then be slid sideways
 */
export async function slidesAt(page: Page, width: number): Promise<number> {
  await page.setViewportSize({ width, height: 900 });
  await page.waitForFunction(() => {
    type Plot = HTMLElement & { _fullLayout?: { width: number } };
    const shown = [...document.querySelectorAll<Plot>(".js-plotly-plot")].filter((plot) => plot.offsetParent);
    const widthOf = (plot: Plot) => Number.parseFloat(getComputedStyle(plot).width);
    return shown.every((plot) => Math.abs((plot._fullLayout?.width ?? 0) - widthOf(plot)) <= 1);
  });
  return page.evaluate(() => {
    scrollTo(1e4, scrollY);
    const pixels = scrollX;
    scrollTo(0, scrollY);
    return pixels;
  });
}

/** What went wrong in a page and what it asked for, filled while the page lives. */
export interface Watch {
  /** Errors on the console and exceptions that nothing caught. */
  readonly errors: string[];
  /** Addresses asked for that are neither the page's own file nor data in it; none of them was let through. */
  readonly requests: string[];
  /** Texts of alert(), confirm() and prompt(): the sign that a hostile string ran. */
  readonly dialogs: string[];
}

/**
 * A page with no network: it is offline, and all but file:, data: and blob: is recorded and refused.
 *
 * @example const { page, watch } = await openOffline(browser, { viewport: { width: 1400, height: 900 } });
 */
export async function openOffline(
  browser: Browser,
  options: BrowserContextOptions = {},
): Promise<{ page: Page; watch: Watch }> {
  const watch: Watch = { errors: [], requests: [], dialogs: [] };
  const page = await openPage(browser, options);
  const context = page.context();
  await context.setOffline(true);
  await context.route(/^(?!file:|data:|blob:)/, async (route) => {
    watch.requests.push(route.request().url());
    await route.abort();
  });
  page.on("console", (message) => {
    if (message.type() === "error") watch.errors.push(message.text());
  });
  page.on("pageerror", (error) => watch.errors.push(String(error)));
  page.on("dialog", async (dialog) => {
    watch.dialogs.push(dialog.message());
    await dialog.dismiss();
  });
  return { page, watch };
}
