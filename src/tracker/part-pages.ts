import { deserializeTCompactProtocol } from "hyparquet/src/thrift.js";
import { crc32 } from "../tensors/crc32.js";

/**
 * A page of the column "tensor", as the Parquet format has it: a header in Thrift's compact protocol, then each value's
 * length in 4 bytes and the value. A value of 4 KB or more has a page to itself, so that it is read without its
 * neighbours; the header keeps a CRC-32 of what follows.
 */
export interface Page {
  readonly offset: number;
  readonly bytes: number;
  readonly firstRow: number;
}

const fullPage = 4096;

/**
 * Lay out values as pages, the first of which is to stand at `offset` of the file.
 *
 * @returns the pages' bytes in pieces, among which the large values themselves: they are not copied
 */
export function writePages(values: readonly Uint8Array[], offset: number): { content: Uint8Array[]; pages: Page[] } {
  const content: Uint8Array[] = [];
  const pages: Page[] = [];
  const ends = pageEnds(values);
  // Headers, lengths and small values of all pages in one piece of storage: making thousands would take longest.
  const own = new Uint8Array(values.reduce((sum, value) => sum + 4 + small(value), ends.length * mostHeader));
  const view = new DataView(own.buffer);
  let [at, start, firstRow] = [0, offset, 0];
  for (const end of ends) {
    const body = at + mostHeader;
    let to = body;
    for (let row = firstRow; row < end; row++) {
      const value = values[row] as Uint8Array;
      view.setUint32(to, value.length, true);
      if (small(value) > 0) own.set(value, to + 4);
      to += 4 + small(value);
    }
    const last = values[end - 1] as Uint8Array;
    const large = small(last) === last.length ? nothing : last;
    const lead = own.subarray(body, to);
    const size = lead.length + large.length;
    const header = pageHeader(size, end - firstRow, crc32(large, crc32(lead)));
    own.set(header, body - header.length); // right before the body
    content.push(own.subarray(body - header.length, to));
    if (large.length > 0) content.push(large);
    pages.push({ offset: start, bytes: header.length + size, firstRow });
    start += header.length + size;
    firstRow = end;
    at = to;
  }
  return { content, pages };
}

const nothing = new Uint8Array();
/** Longer than any header. */
const mostHeader = 48;

/** Bytes that a value takes among others: none if it has a page to itself. */
function small({ length }: Uint8Array): number {
  return length < fullPage ? length : 0;
}

/** The value of a row out of its page. @throws if the page is damaged. */
export function valueInPage(bytes: Uint8Array, page: Page, row: number): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const reader = { view, offset: 0 };
  const header = deserializeTCompactProtocol(reader) as { field_2?: number; field_4?: number };
  const body = bytes.subarray(reader.offset);
  if (bytes.length !== page.bytes || body.length !== header.field_2 || crc32(body) !== (header.field_4 ?? -1) >>> 0) {
    throw new Error(`the page at byte ${page.offset} does not have the checksum that was written`);
  }
  let at = reader.offset;
  for (let before = page.firstRow; before < row; before++) at += 4 + view.getUint32(at, true);
  return bytes.slice(at + 4, at + 4 + view.getUint32(at, true));
}

/** The rows before which pages end. A large value does not begin in a page that others stand in already. */
function pageEnds(values: readonly Uint8Array[]): number[] {
  const ends: number[] = [];
  let filled = 0;
  values.forEach(({ length }, row) => {
    filled += 4 + length;
    const next = values[row + 1];
    if (filled < fullPage && next && next.length < fullPage) return;
    ends.push(row + 1);
    filled = 0;
  });
  return ends;
}

const [i32, struct, stop] = [0x05, 0x0c, 0x00];

/** PageHeader of parquet.thrift, of a DATA_PAGE with plain values and no levels. */
function pageHeader(size: number, rows: number, crc: number): Uint8Array {
  const bytes: number[] = [];
  const field = (step: number, value: number): void => {
    bytes.push((step << 4) | i32);
    let zigzag = ((value << 1) ^ (value >> 31)) >>> 0;
    for (; zigzag > 0x7f; zigzag >>>= 7) bytes.push((zigzag & 0x7f) | 0x80);
    bytes.push(zigzag);
  };
  field(1, 0); // type: DATA_PAGE
  field(1, size); // uncompressed_page_size
  field(1, size); // compressed_page_size
  field(1, crc | 0);
  bytes.push((1 << 4) | struct); // data_page_header
  field(1, rows); // num_values
  field(1, 0); // encoding: PLAIN
  field(1, 3); // definition_level_encoding: RLE
  field(1, 3); // repetition_level_encoding: RLE
  bytes.push(stop, stop);
  return Uint8Array.from(bytes);
}
