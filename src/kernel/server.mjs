import { format } from "node:util";
import { compileProblem, problemOf } from "./problems.mjs";

/** @typedef {import("./problems.mjs").Problem} Problem */

/**
 * A cell that failed, by its request: who sent it, when by the sender's clock, and how long it then took, until all
 * that was shown of it was sent.
 * @typedef {{ session: string, sent: number, took: number, ended: number }} Failure
 */

/**
 * Whether a request was already on its way when a cell failed, so that it is given up, as the rest of a "Run All".
 * What the user sends after seeing the error runs. Only times of the same clock are compared.
 * @param {Failure | undefined} failure
 * @param {{ session: string, sent: number, arrived: number }} request
 * @returns {boolean}
 */
export function isGivenUp(failure, { session, sent, arrived }) {
  if (!failure) return false;
  return arrived <= failure.ended || (session === failure.session && sent - failure.sent < failure.took - 1);
}

/**
 * tslab's handler of requests, which tells why a cell failed.
 * @param {any} Handler tslab's class
 * @param {import("./cells.mjs").Cells} cells
 * @param {unknown[][]} said what tslab's executor wrote as errors: diagnostics, or what was thrown
 * @param {WeakMap<object, string>} stacks
 */
export function telling(Handler, cells, said, stacks) {
  return class extends Handler {
    /**
     * @param {unknown} request
     * @param {unknown} writeStream
     * @param {unknown} writeDisplayData
     */
    async handleExecute(request, writeStream, writeDisplayData) {
      said.length = 0;
      cells.number = this.execCount + 1;
      try {
        await this.handleExecuteImpl(request, writeStream, writeDisplayData);
        for (const args of said) console.error(...args); // of a module, which is kept whatever is wrong in it
        return { status: "ok", execution_count: cells.number, user_expressions: {}, payload: [] };
      } catch (error) {
        const thrown = error instanceof Error ? [error] : said[0]; // tslab's own failure, or the cell's
        const problem =
          thrown?.length === 1
            ? problemOf(thrown[0], stacks)
            : compileProblem(said.map((diagnostic) => format(...diagnostic)));
        return { status: "error", execution_count: cells.number, ...problem };
      }
    }
  };
}

/**
 * tslab's server, which runs cells one after the other, tells errors as Jupyter has them, and gives up what was on its
 * way when a cell failed.
 * @param {any} Server tslab's class
 */
export function inOrder(Server) {
  return class extends Server {
    line = Promise.resolve();
    /** @type {Failure | undefined} */
    failure;

    /**
     * @param {string} status
     * @param {any} message
     */
    publishStatus(status, message) {
      const waits = status === "busy" && message.header.msg_type === "execute_request"; // until its turn comes
      if (!waits) super.publishStatus(status, message);
    }

    /**
     * @param {unknown} socket
     * @param {any} message
     */
    handleExecute(socket, message) {
      const arrived = performance.now();
      const turn = this.line.then(() => this.execute(socket, message, arrived));
      this.line = turn.catch(() => {});
      return turn;
    }

    /**
     * @param {unknown} socket
     * @param {any} message
     * @param {number} arrived
     */
    async execute(socket, message, arrived) {
      const { session, date } = message.header;
      const sent = Date.parse(date);
      const send = (/** @type {string} */ type, /** @type {object} */ content, to = this.iopub) => {
        const reply = message.createReply();
        reply.header.msg_type = type;
        reply.content = content;
        reply.signAndSend(this.connInfo.key, to);
      };
      super.publishStatus("busy", message);
      if (isGivenUp(this.failure, { session, sent, arrived })) {
        send("execute_reply", { status: "aborted" }, socket);
        return;
      }
      const result = await this.handler.handleExecute(
        message.content,
        (/** @type {string} */ name, /** @type {string} */ text) => send("stream", { name, text }),
        (/** @type {object} */ data, /** @type {boolean} */ update) =>
          send(update ? "update_display_data" : "display_data", data),
      );
      if (result.status === "error") {
        const ended = performance.now();
        if (message.content.stop_on_error !== false) this.failure = { session, sent, took: ended - arrived, ended };
        const { ename, evalue, traceback } = result;
        send("error", { ename, evalue, traceback });
      }
      send("execute_reply", result, socket);
    }
  };
}
