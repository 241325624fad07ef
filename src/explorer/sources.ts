import type { ReadableStorage } from "../tracker/storage.js";

/** What the page is given. */
export interface Sources {
  /** A state history, over HTTP ranges or in memory; the same code reads both. */
  readonly history?: ReadableStorage;
  /** Checkpoints to choose from, loaded when chosen. */
  readonly checkpoints: readonly CheckpointSource[];
  /** Watch the history for more (served pages only). */
  readonly live: boolean;
}

/** A checkpoint by its file name, which the page shows, and its bytes. */
export interface CheckpointSource {
  readonly name: string;
  load(): Promise<Uint8Array>;
}
