import { basename, relative } from "node:path";
import { stopOnInterrupt } from "../notebook/interrupt.js";
import { liveLine } from "../notebook/live-line.js";
import { type NotebookReport, reportNotebooks } from "../notebook/report.js";
import type { Command } from "./command.js";

/** `tapescope report`, which is `npm run report`. */
export const reportCommand: Command = {
  name: "report",
  about:
    "Execute notebooks, all of notebooks/ unless some are named, and write each as one HTML page that needs no network.",
  operands: ["[NOTEBOOK...]"],
  options: {
    out: { value: "FOLDER", default: "reports", about: "where the pages go" },
    save: { about: "also keep the outputs in the notebooks themselves" },
  },
  async run(operands, given) {
    const line = liveLine(process.stderr);
    let interrupted = false;
    const reports = await stopOnInterrupt((signal) => {
      signal.addEventListener("abort", () => {
        interrupted = true;
      });
      return reportNotebooks({
        ...(operands.length > 0 && { notebooks: operands }),
        outDir: String(given.out),
        save: given.save === true,
        signal,
        onProgress: ({ notebook, index, notebooks, stage, cell, cells, seconds }) => {
          const where = stage === "executing" ? `cell ${cell} of ${cells}` : stage;
          line.update(`${index}/${notebooks} ${basename(notebook)}: ${where}, ${seconds.toFixed(0)} s`);
        },
        onReport: (report) => {
          line.update(summary(report));
          line.end();
          if (!report.ok) console.error(report.detail);
        },
      });
    });
    if (given.json) console.log(JSON.stringify(reports));
    if (interrupted) return 130;
    return reports.every(({ ok }) => ok) ? 0 : 1;
  },
};

function summary(report: NotebookReport): string {
  const name = basename(report.notebook);
  if (!report.ok) {
    const where = report.cell > 0 ? ` in code cell ${report.cell} of ${report.cells}` : "";
    return `${name} FAILED${where}: ${report.problem}`;
  }
  return `${relative("", report.html)}: ${(report.bytes / 1e6).toFixed(1)} MB, ${report.seconds.toFixed(0)} s`;
}
