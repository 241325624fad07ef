import { readFile } from "node:fs/promises";
import type { Locator, Page } from "playwright-core";
import { expect } from "vitest";
import type { Edit } from "../../src/model/edits.js";

// What tests do to the explorer and see of it, served or in an export.

export const tolerance = 1e-5;

/** Numbers of a trace of the figure whose label begins so. */
export async function drawn(page: Page, label: string, trace = 0): Promise<number[] | undefined> {
  return page.evaluate(
    ([beginning, index]) => {
      type Drawn = HTMLElement & { data?: { z?: { bdata: string } }[] };
      const all = [...document.querySelectorAll<Drawn>(".ts-plot")].filter((one) => one.offsetParent);
      const figure = all.find((one) => one.getAttribute("aria-label")?.startsWith(beginning));
      const text = figure?.data?.[index]?.z?.bdata;
      if (text === undefined) return undefined;
      return [...new Float32Array(Uint8Array.from(atob(text), (character) => character.charCodeAt(0)).buffer)];
    },
    [label, trace] as const,
  );
}

/** Wait until a figure shows these numbers. */
export async function shows(page: Page, label: string, wanted: ArrayLike<number>, trace = 0): Promise<void> {
  const difference = async (): Promise<number> => {
    const values = await drawn(page, label, trace);
    if (values?.length !== wanted.length) return Number.POSITIVE_INFINITY;
    return values.reduce((most, value, index) => Math.max(most, Math.abs(value - (wanted[index] as number))), 0);
  };
  await expect.poll(difference, { message: `${label} [${trace}]` }).toBeLessThanOrEqual(tolerance);
}

/** The edits that the page has, by its own "Save as JSON", which notes in each the model that it is for. */
export async function saved(page: Page): Promise<Edit[]> {
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: "Save as JSON" }).click(),
  ]);
  const edits: Edit[] = JSON.parse(await readFile(await download.path(), "utf8"));
  return edits.map(({ model, ...edit }) => {
    expect(model).toMatch(/^(ntm|nsm|ttm)-[0-9a-f]{8}$/);
    return edit;
  });
}

export async function slide(page: Page, name: string, position: number): Promise<void> {
  const slider = page.getByRole("slider", { name, exact: true });
  await slider.press("Home");
  for (let i = 0; i < position; i++) await slider.press("ArrowRight");
}

export async function typeInput(page: Page, text: string): Promise<void> {
  const factors = /^(\d+) × (\d+)$/.exec(text);
  if (factors) {
    await page.getByRole("spinbutton", { name: "First factor" }).fill(factors[1] as string);
    await page.getByRole("spinbutton", { name: "Second factor" }).fill(factors[2] as string);
  } else await page.getByRole("textbox", { name: "Input" }).fill(text);
  await page.getByRole("button", { name: "Run inference" }).click();
}

export const component = (page: Page): Locator => page.getByRole("combobox", { name: "Component" });
export const operation = (page: Page): Locator => page.getByRole("combobox", { name: "Operation" });
export const apply = (page: Page): Promise<void> => page.getByRole("button", { name: "Apply" }).click();
export const removeAll = (page: Page): Promise<void> => page.getByRole("button", { name: "Remove all" }).click();
