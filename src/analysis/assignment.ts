/**
 * The assignment of rows to columns, one to one, whose costs add up to the least: the linear assignment problem.
 *
 * By shortest augmenting paths with dual variables, in O(n³): D. F. Crouse 2016, "On implementing 2D rectangular assignment
 * algorithms", IEEE Transactions on Aerospace and Electronic Systems 52(4), algorithm 1, after Jonker and Volgenant 1987.
 *
 * @param costs [row][column], as many of either, all finite
 * @returns the column of each row
 */
export function assignment(costs: readonly Float64Array[]): number[] {
  const count = costs.length;
  const rowPrice = new Float64Array(count);
  const columnPrice = new Float64Array(count);
  const rowOf = new Int32Array(count).fill(-1);
  const columnOf = new Int32Array(count).fill(-1);
  for (let free = 0; free < count; free++) {
    const distance = new Float64Array(count).fill(Number.POSITIVE_INFINITY);
    const before = new Int32Array(count); // the row that a shortest path comes from
    const done = new Uint8Array(count);
    const rows = [free];
    let [row, sink, length] = [free, -1, 0];
    while (sink < 0) {
      let next = -1;
      for (let column = 0; column < count; column++) {
        if (done[column]) continue;
        const reduced = (costs[row]?.[column] as number) - (rowPrice[row] as number) - (columnPrice[column] as number);
        if (length + reduced < (distance[column] as number)) {
          distance[column] = length + reduced;
          before[column] = row;
        }
        if (next < 0 || (distance[column] as number) < (distance[next] as number)) next = column;
      }
      length = distance[next] as number;
      done[next] = 1;
      row = rowOf[next] as number;
      if (row < 0) sink = next;
      else rows.push(row);
    }
    for (const one of rows) {
      const reached = one === free ? 0 : (distance[columnOf[one] as number] as number);
      rowPrice[one] = (rowPrice[one] as number) + length - reached;
    }
    for (let column = 0; column < count; column++) {
      if (done[column]) columnPrice[column] = (columnPrice[column] as number) + (distance[column] as number) - length;
    }
    for (let column = sink, from = -1; from !== free; ) {
      from = before[column] as number;
      rowOf[column] = from;
      [columnOf[from], column] = [column, columnOf[from] as number];
    }
  }
  return Array.from(columnOf);
}
