import type { RecordedSite } from "../tracker/state-row.js";
import { type LookingSite, memorySite } from "./looking-sites.js";
import type { View } from "./view.js";

/** Which sites are shown: one by the tab, another beside the numbers about all. */
export interface ShownSites {
  /** Undefined where the tab shows no state, or nothing that it could show was recorded. */
  readonly tab?: string;
  readonly beside?: string;
  /** The one that is lit in the process flow. */
  readonly site: string;
}

/** Which sites a view shows of the states that were recorded, and of the places where the model looks. */
export function shownSites(view: View, states: readonly RecordedSite[], places: readonly LookingSite[]): ShownSites {
  const known = states.some(({ name }) => name === view.site) ? view.site : "";
  if (view.tab === "memory") {
    const tab = isMemory(known, states) ? known : memorySite(states);
    const beside = known !== tab && known !== "" ? known : undefined;
    return { ...(tab !== undefined && { tab }), ...(beside && { beside }), site: beside ?? tab ?? "" };
  }
  const place = view.tab === "attention" ? placeOf(view, places) : undefined;
  const beside = known !== "" && known !== place?.site ? known : undefined;
  return { ...(place && { tab: place.site }), ...(beside && { beside }), site: beside ?? place?.site ?? "" };
}

/** The place that the attention tab shows. */
export function placeOf({ layer }: Pick<View, "layer">, places: readonly LookingSite[]): LookingSite | undefined {
  return places[Math.min(Math.max(0, layer), places.length - 1)];
}

/** The change of a view that shows a site: in the tab that is for its kind, or beside the numbers. */
export function siteChosen(
  site: string,
  states: readonly RecordedSite[],
  places: readonly LookingSite[],
): Partial<View> {
  const layer = places.findIndex((place) => place.site === site);
  if (layer >= 0) return { tab: "attention", layer, site: "" };
  if (isMemory(site, states)) return { tab: "memory", site: site === memorySite(states) ? "" : site };
  return { site };
}

/** What a step of the process shows first: where it looks, else what it ends with; clicked again, the next of its sites. */
export function principalSite(sites: readonly string[], shown: string): string {
  const at = sites.indexOf(shown);
  if (at >= 0) return sites[(at + 1) % sites.length] as string;
  return sites.find((site) => /(weights|attention)$/.test(site)) ?? (sites.at(-1) as string);
}

function isMemory(site: string, states: readonly RecordedSite[]): boolean {
  return /^memory(\.|$)/.test(site) && states.some(({ name, axes }) => name === site && axes.length === 2);
}
