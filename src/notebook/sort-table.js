// biome-ignore lint/correctness/noUnusedVariables: it is written into attributes of tables, see table.ts
function sortTable(event) {
  const head = event.target.closest("[role=button]")?.closest("td");
  if (!head) return;
  if (event.type === "keydown") {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
  }
  const [top, ...rows] = head.closest("table").rows;
  rows.forEach((row, place) => {
    row.dataset.place ??= place;
  });
  const next = { none: "ascending", ascending: "descending", descending: "none" }[head.ariaSort];
  for (const other of top.cells) {
    other.ariaSort = other === head ? next : "none";
    other.querySelector("[aria-hidden]").textContent = { ascending: "▲", descending: "▼", none: "" }[other.ariaSort];
  }
  const shown = rows.filter((row) => !row.hidden).length;
  const isMissing = (value) => value === "" || value === "NaN";
  const keys = new Map();
  for (const row of rows) {
    const cell = row.cells[head.cellIndex];
    keys.set(row, next === "none" ? row.dataset.place : cell.title || cell.textContent);
  }
  const areNumbers = [...keys.values()].every((key) => isMissing(key) || !Number.isNaN(Number(key)));
  const sign = next === "descending" ? -1 : 1;
  rows.sort((first, second) => {
    const [a, b] = [keys.get(first), keys.get(second)];
    if (isMissing(a) || isMissing(b)) return isMissing(a) - isMissing(b) || first.dataset.place - second.dataset.place;
    const order = areNumbers ? a - b : a.localeCompare(b, undefined, { numeric: true });
    return sign * order || first.dataset.place - second.dataset.place;
  });
  rows.forEach((row, place) => {
    row.hidden = place >= shown;
    top.parentElement.append(row);
  });
}
