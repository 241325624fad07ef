/** Whether this machine keeps numbers as the files do, the lowest byte first. Nearly all do. */
export const littleEndian: boolean = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;
