import { existsSync } from "node:fs";
import { relative } from "node:path";
import { checkPlaces } from "../dashboard/check-places.js";
import { isEverywhere } from "../dashboard/host-header.js";
import { openInBrowser } from "../dashboard/open-browser.js";
import { type Places, pageFiles, placesInData } from "../dashboard/places.js";
import { startServer } from "../dashboard/server.js";
import { stopOnInterrupt } from "../notebook/interrupt.js";
import { type Command, type Given, UsageError, wholeNumber } from "./command.js";

/** `tapescope dashboard`: the explorer's page, served to a browser until Ctrl-C. */
export const dashboardCommand: Command = {
  name: "dashboard",
  about: `Serve the explorer: look through a training's history, run a checkpoint, change a state and run on.
Without a history and a model it shows what is in the repository's data/. Ctrl-C ends it.`,
  operands: [],
  options: {
    "state-history": { value: "DIR", about: "folder of a state history; it may still be written" },
    state_history: { value: "DIR", about: "the same" },
    model: { value: "PATH", about: "a checkpoint, or a folder of them" },
    port: { value: "N", default: "8050", about: "where to listen; 0 is any free port" },
    host: { value: "NAME", default: "127.0.0.1", about: "for whom: 127.0.0.1 is this machine only, 0.0.0.0 everybody" },
    debug: { about: "tell of every request, and where in the code something failed" },
  },
  async run(_, given) {
    const { host, port, places } = await wishes(given);
    const debug = given.debug === true;
    const tell = (line: string): void => console.error(`tapescope: ${line}`);
    for (const path of Object.values(pageFiles)) {
      if (!existsSync(path))
        throw new Error(`The page is not built: ${relative("", path)} is missing. Run \`npm run setup\`.`);
    }
    const { history, checkpoints, warnings } = await withTrace(debug, () => checkPlaces(places));
    for (const warning of warnings) tell(warning);
    const server = await withTrace(debug, () =>
      startServer({ places, checkpoints, host, port, debug, log: (line) => debug && console.error(line) }),
    );
    const { address } = server;
    if (given.json) console.log(JSON.stringify({ address, ...places, checkpoints, warnings }));
    else {
      const recorded = history ? [`${places.history} (${history.model.name}, ${history.size.rows} rows)`] : [];
      const models = checkpoints.length > 1 ? [`${checkpoints.length} checkpoints`] : checkpoints;
      console.log(`The explorer of ${[...recorded, ...models].join(" and ")} is at ${address}`);
    }
    if (isEverywhere(host)) tell("Everybody who can reach this machine can read these files.");
    const opened = await openInBrowser(address);
    if (!given.json)
      console.log(opened ? "It opens in your browser. Ctrl-C ends it." : "Open it in a browser. Ctrl-C ends it.");
    await stopOnInterrupt((signal) => new Promise<void>((done) => signal.addEventListener("abort", () => done())));
    await server.close();
    return 0;
  },
};

async function wishes(given: Given): Promise<{ host: string; port: number; places: Places }> {
  const port = wholeNumber(given, "port", 0);
  if (port > 65_535) throw new UsageError(`--port takes a whole number up to 65535; "${port}" was given.`);
  const spellings = [given["state-history"], given.state_history].filter((one) => one !== undefined).map(String);
  if (spellings.length > 1) throw new UsageError("--state-history and --state_history are the same; give one of them.");
  const [history] = spellings;
  const model = given.model === undefined ? undefined : String(given.model);
  const places = { ...(history !== undefined && { history }), ...(model !== undefined && { model }) };
  return { host: String(given.host), port, places: Object.keys(places).length > 0 ? places : await placesInData() };
}

/** With --debug, an error's stack is printed before it becomes a message. */
async function withTrace<T>(debug: boolean, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (debug) console.error((error as Error).stack);
    throw error;
  }
}
