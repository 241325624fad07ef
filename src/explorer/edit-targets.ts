import type { Model, Site } from "../model/model.js";

/** What a site is to a reader who looks for something to edit. */
export const targetGroups = ["memory", "attention", "routing", "read weights", "write weights", "other sites"] as const;
export type TargetGroup = (typeof targetGroups)[number];

/** The group of a site, by its name: the same in every model. */
export function groupOf({ name }: Pick<Site, "name">): TargetGroup {
  if (/^memory(\.|$)/.test(name)) return "memory";
  if (/(^|\.)attention$/.test(name) && !name.startsWith("importance")) return "attention";
  if (/^routing\./.test(name)) return "routing";
  if (/^read(\.\d+)?\.weights$/.test(name)) return "read weights";
  if (/^write(\.\d+)?\.weights$/.test(name)) return "write weights";
  return "other sites";
}

/** Sites by group, groups without sites left out. */
export function groupedSites({
  sites,
}: Pick<Model, "sites">): readonly { group: TargetGroup; sites: readonly Site[] }[] {
  return targetGroups
    .map((group) => ({ group, sites: sites.filter((site) => groupOf(site) === group) }))
    .filter((one) => one.sites.length > 0);
}
