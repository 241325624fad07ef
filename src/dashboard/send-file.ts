import { open, stat } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";
import { byteRange } from "./byte-range.js";

/**
 * Answer with a file, or with the stretch of it that is asked for. It may be replaced meanwhile: all that is sent, its
 * length too, is of the file that was opened.
 *
 * @param mayBeKept whether a browser may keep it and ask only if it has changed; a history changes under its names
 * @returns false, with nothing sent, if there is no such file
 */
export async function sendFile(
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
  mayBeKept: boolean,
): Promise<boolean> {
  // A pipe would be waited for as soon as it is opened.
  if (!(await stat(path).catch(() => undefined))?.isFile()) return false;
  const file = await open(path, "r").catch(() => undefined);
  if (!file) return false;
  try {
    const { size, mtimeMs } = await file.stat();
    const tag = `"${size}-${mtimeMs}"`;
    response.setHeader("Cache-Control", mayBeKept ? "no-cache" : "no-store");
    if (mayBeKept) response.setHeader("ETag", tag);
    if (mayBeKept && request.headers["if-none-match"] === tag) {
      response.writeHead(304).end();
      return true;
    }
    response.setHeader("Accept-Ranges", "bytes");
    const asked = request.method === "GET" && !request.headers["if-range"] ? request.headers.range : undefined;
    const range = byteRange(asked, size);
    if (range === "outside") {
      response.writeHead(416, { "Content-Range": `bytes */${size}`, "Content-Length": 0 }).end();
      return true;
    }
    const { start, end } = range ?? { start: 0, end: size };
    if (range) response.setHeader("Content-Range", `bytes ${start}-${end - 1}/${size}`);
    response.writeHead(range ? 206 : 200, { "Content-Length": end - start });
    if (request.method === "HEAD" || end === start) {
      response.end();
      return true;
    }
    const content = file.createReadStream({ start, end: end - 1, autoClose: false, highWaterMark: 2 ** 20 });
    await pipeline(content, response, { end: false }).catch(() => response.destroy()); // the reader has gone
    // A file that was cut meanwhile must not leave its reader waiting.
    if (content.bytesRead < end - start) response.destroy();
    else response.end();
    return true;
  } finally {
    await file.close();
  }
}
