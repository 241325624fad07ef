import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { basename } from "node:path";
import { isOwnHost } from "./host-header.js";
import { pageHtml, startScript } from "./page-html.js";
import { checkpointsIn, fileAt, type Places, pageFiles } from "./places.js";
import { sendFile } from "./send-file.js";

/** A server that runs. */
export interface DashboardServer {
  readonly address: string;
  /** End it, and every connection to it. */
  close(): Promise<void>;
}

export interface ServerOptions {
  readonly places: Places;
  /** Names of checkpoints in the order in which they are offered, before any others; the first is the one to begin with. */
  readonly checkpoints?: readonly string[];
  /** Where to listen: "127.0.0.1" is for this machine only. */
  readonly host: string;
  /** 0 is any that is free. */
  readonly port: number;
  /** Send the reader of the page what failed where. */
  readonly debug: boolean;
  /** Is told of every answer. */
  readonly log: (line: string) => void;
}

const headers: Readonly<Record<string, string>> = {
  "Content-Security-Policy":
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self' 'unsafe-inline'; " +
    "img-src 'self' data: blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "no-referrer",
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
  "Cross-Origin-Resource-Policy": "same-origin",
};

const types: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  css: "text/css; charset=utf-8",
  json: "application/json",
  txt: "text/plain; charset=utf-8",
};

/**
 * Serve the explorer's page, one history and some checkpoints, and nothing else of the machine.
 *
 * @throws if it cannot listen there, saying why.
 * @example const { address, close } = await startServer({ places: { history: "runs/one" }, host: "127.0.0.1", port: 8050, … });
 */
export async function startServer(options: ServerOptions): Promise<DashboardServer> {
  const { host, port, debug, log } = options;
  const server = createServer((request, response) => {
    const began = performance.now();
    response.on("close", () => {
      const { statusCode } = response;
      log(`${request.method} ${request.url} ${statusCode} ${(performance.now() - began).toFixed(0)} ms`);
    });
    answer(request, response, options).catch((error: Error) => {
      log(error.stack ?? error.message);
      if (response.headersSent) response.destroy();
      else sendText(request, response, 500, debug ? `${error.stack}` : "The server could not answer this.");
    });
  });
  await new Promise<void>((done, fail) => {
    server.once("error", (error: NodeJS.ErrnoException) => fail(new Error(whyNot(error, host, port))));
    server.listen(port, host, done);
  });
  const bound = (server.address() as { port: number }).port;
  return {
    address: `http://${host.includes(":") ? `[${host}]` : host}:${bound}/`,
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}

async function answer(request: IncomingMessage, response: ServerResponse, options: ServerOptions): Promise<void> {
  const { places, host } = options;
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  if (!isOwnHost(request.headers.host, host)) {
    sendText(request, response, 421, "This server does not go by that name. Open the address that it printed.");
    return;
  }
  if (request.method !== "GET" && request.method !== "HEAD") {
    response.setHeader("Allow", "GET, HEAD");
    sendText(request, response, 405, "This server only gives files.");
    return;
  }
  const path = (request.url ?? "").split("?")[0] as string;
  if (path === "/") return sendText(request, response, 200, pageHtml, "html");
  if (path === "/start.js") return sendText(request, response, 200, startScript, "js");
  if (path === "/sources.json") {
    const names = [...(await checkpointsIn(places)).keys()];
    const first = (options.checkpoints ?? []).filter((name) => names.includes(name));
    const checkpoints = [...new Set([...first, ...names])];
    const sources = { history: places.history === undefined ? null : "history", checkpoints, live: true };
    return sendText(request, response, 200, JSON.stringify(sources), "json");
  }
  const file = await fileAt(path, places);
  response.setHeader("Content-Type", types[path.split(".").at(-1) as string] ?? "application/octet-stream");
  const ofPage = Object.hasOwn(pageFiles, basename(path)) && path.split("/").length === 2;
  if (file !== undefined && (await sendFile(request, response, file, ofPage))) return;
  sendText(request, response, 404, "There is no such file here.");
}

function sendText(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  text: string,
  kind: keyof typeof types = "txt",
): void {
  const bytes = Buffer.from(text);
  response.writeHead(status, {
    "Content-Type": types[kind],
    "Content-Length": bytes.length,
    "Cache-Control": "no-store",
  });
  response.end(request.method === "HEAD" ? undefined : bytes);
}

function whyNot({ code, message }: NodeJS.ErrnoException, host: string, port: number): string {
  if (code === "EADDRINUSE") {
    return `Port ${port} of ${host} is in use; end what uses it, or choose another: --port 0 takes any that is free.`;
  }
  if (code === "EACCES") return `Port ${port} may not be used by this user; choose one from 1024: --port 8050.`;
  if (code === "EADDRNOTAVAIL" || code === "ENOTFOUND") {
    return `This machine has no address "${host}"; leave --host out, or give one of its addresses.`;
  }
  return `The server cannot listen on ${host}, port ${port}: ${message}.`;
}
