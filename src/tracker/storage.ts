/** Where the files of a history are read from: a folder, a web server, a test's memory. Names have no "/" in them. */
export interface ReadableStorage {
  /** The path or address, for messages. */
  readonly name: string;
  /**
   * Bytes of a file from `start` up to, not including, `end` (by default all): fewer if the file ends before.
   *
   * @returns undefined if there is no such file
   */
  read(file: string, start?: number, end?: number): Promise<Uint8Array | undefined>;
  /** The names of all files; absent where a place cannot be listed. */
  list?(): Promise<readonly string[]>;
}

/**
 * Where a history is written. Nothing is expected of a file's content before `flush(file)`, and nothing of new, changed
 * or removed names before `flush()`. An operation that fails throws.
 */
export interface WritableStorage extends ReadableStorage {
  /** Who writes, for a second writer's message, for example "process 4711 on ada". */
  readonly owner: string;
  list(): Promise<readonly string[]>;
  /** Write a new file. @returns false, and changes nothing, if the name is taken */
  create(file: string, content: readonly Uint8Array[]): Promise<boolean>;
  /** Give a file a second name. @returns false, and changes nothing, if the name is taken */
  link(file: string, name: string): Promise<boolean>;
  /** Give a file another name, in place of the file that may have had it. */
  rename(file: string, name: string): Promise<void>;
  remove(file: string): Promise<void>;
  /** Wait until a file's content, or by default the names of the files, will outlive a power cut. */
  flush(file?: string): Promise<void>;
}
