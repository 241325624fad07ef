import { quoted } from "../tensors/quoted.js";
import { commit } from "./commit.js";
import { latestManifest } from "./latest-manifest.js";
import { type HistoryContents, type Manifest, numbersOf, type Part } from "./manifest.js";
import { isBefore, type Moment } from "./part-cover.js";
import type { RecordedSite } from "./state-row.js";
import type { WritableStorage } from "./storage.js";

/** What is going to be recorded, of which model, and how. */
export type Recording = Omit<HistoryContents, "parts">;

/**
 * The manifest that a writer goes on from. A new history has its first one written here, and so it is known at once
 * whether the place can be written.
 *
 * @param resumeAt what the old history has from this moment on is left out
 * @throws if there is no place for a history, or an old one that cannot be gone on with so.
 */
export async function openManifest(
  storage: WritableStorage,
  recording: Recording,
  resumeAt: Moment | undefined,
): Promise<Manifest> {
  const writer = { id: crypto.randomUUID().replaceAll("-", ""), owner: storage.owner };
  const place = quoted(storage.name);
  const latest = await latestManifest(storage);
  if (!latest) {
    const [part] = numbersOf(await storage.list(), "part");
    if (part !== undefined) {
      throw new Error(`${place} holds parts of a history, but no manifest; choose an empty folder.`);
    }
    if (resumeAt) throw new Error(`${place} holds no state history to go on with; begin one, without resumeAt.`);
    const manifest = { ...recording, parts: [], number: 1, writer };
    return { ...manifest, number: await commit(storage, manifest) };
  }
  if (latest.damaged.length > 0) {
    throw new Error(`${place}: ${latest.damaged.join(", ")} is damaged; move it away to go on from the one before.`);
  }
  const old = latest.manifest;
  if (!resumeAt) {
    const rows = old.parts.reduce((sum, part) => sum + part.rows, 0);
    throw new Error(
      `${place} holds a state history already, of ${rows} rows by ${quoted(old.writer.owner)}; choose another folder, ` +
        "remove this one, or say where to go on (resumeAt).",
    );
  }
  if (JSON.stringify(old.model) !== JSON.stringify(recording.model)) {
    throw new Error(`${place} is the history of another model (${old.model.name}); choose another folder.`);
  }
  const sites = mergeSites(place, old.sites, recording.sites);
  return { ...recording, sites, parts: partsBefore(place, old.parts, resumeAt), number: old.number, writer };
}

function mergeSites(place: string, old: readonly RecordedSite[], added: readonly RecordedSite[]): RecordedSite[] {
  const key = ({ kind, name }: RecordedSite): string => `${kind} ${name}`;
  const known = new Map(old.map((site) => [key(site), site]));
  for (const site of added) {
    const before = known.get(key(site));
    if (before && `${before.axes}|${before.shape}` !== `${site.axes}|${site.shape}`) {
      const [then, now] = [`[${before.shape}]`, `[${site.shape}]`];
      throw new Error(`${place} has "${site.name}" as ${then}, and the model has ${now}; choose another folder.`);
    }
    known.set(key(site), site);
  }
  return [...known.values()];
}

function partsBefore(place: string, parts: readonly Part[], moment: Moment): Part[] {
  const kept = parts.filter(({ from }) => isBefore(from, moment));
  const torn = kept.find(({ to }) => !isBefore(to, moment));
  if (!torn) return kept;
  const [epoch, batch] = moment;
  throw new Error(
    `${place} cannot be cut at epoch ${epoch}, batch ${batch}, in the middle of ${torn.file}: ` +
      "a history is cut only where it was saved. Go on from such a moment.",
  );
}
