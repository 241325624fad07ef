import { createRequire } from "node:module";

/** What tslab's kernel sends to the front end: contents by MIME type, and an id under which a later one replaces it. */
interface DisplayData {
  data: Record<string, unknown>;
  metadata: Record<string, unknown>;
  transient: { display_id?: string };
}

type WriteDisplayData = (content: DisplayData, update: boolean) => void;

const require = createRequire(import.meta.url);

/**
 * The writer of the cell that runs now, or undefined outside a notebook.
 *
 * tslab's public API sends one MIME type at a time; the function behind it sends several. It lives in the copy of the module
 * that the kernel itself has loaded, so that copy is looked up, wherever it is installed; nothing is loaded here.
 */
function cellWriter(): WriteDisplayData | undefined {
  const path = Object.keys(require.cache).find((file) => /[\\/]tslab[\\/]dist[\\/]jupyter\.js$/.test(file));
  return path ? (require.cache[path]?.exports.lastWriteDisplayData ?? undefined) : undefined;
}

/** Whether the code runs in a cell of a notebook on the tslab kernel. */
export function inNotebook(): boolean {
  return cellWriter() !== undefined;
}

/**
 * Send one output, in several MIME types, to the running cell. Outside a notebook its text/plain is printed.
 *
 * @param id of an output that may be replaced; with `update`, replace it.
 */
export function display(data: Record<string, unknown>, id?: string, update = false): void {
  const write = cellWriter();
  if (!write) console.log(data["text/plain"]);
  else write({ data, metadata: {}, transient: id ? { display_id: id } : {} }, update);
}
