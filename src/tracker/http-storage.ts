import type { ReadableStorage } from "./storage.js";

/**
 * A history on a web server, read by ranges; any server of static files that knows them will do. One that ignores them is
 * understood too, but sends a whole file, of 16 MB or so, for every value (`python -m http.server` is such a one).
 *
 * @param address of the history's folder
 * @throws when a file is read, if the server cannot be reached or answers with an error.
 * @example const history = await openHistory(historyAt("https://example.org/runs/one"));
 */
export function historyAt(address: string): ReadableStorage {
  const folder = address.endsWith("/") ? address : `${address}/`;
  return {
    name: address,
    async read(file, start = 0, end) {
      const wanted = start > 0 || end !== undefined;
      if (end !== undefined && end <= start) return new Uint8Array();
      const headers: Record<string, string> = wanted
        ? { Range: `bytes=${start}-${end === undefined ? "" : end - 1}` }
        : {};
      // Parts never change, but a manifest does.
      const cache = file.endsWith(".json") ? "no-store" : "default";
      const response = await fetch(folder + file, { headers, cache }).catch((error: Error) => {
        const { message } = error.cause instanceof Error ? error.cause : error;
        throw new Error(`${folder}${file} could not be reached: ${message}.`);
      });
      if (response.status === 404) return undefined;
      if (response.status === 416) return new Uint8Array(); // the file ends before the range
      if (!response.ok) throw new Error(`${folder}${file} could not be read: the server answers ${response.status}.`);
      const bytes = new Uint8Array(await response.arrayBuffer());
      return wanted && response.status !== 206 ? bytes.subarray(start, end) : bytes;
    },
  };
}
