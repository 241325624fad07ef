import { isIP } from "node:net";
import { hostname } from "node:os";

/**
 * Whether a request was meant for this server: a page of a stranger, whose name was made to lead here (DNS rebinding),
 * still sends the stranger's name. Addresses in numbers cannot be made to.
 *
 * @param header the request's Host, with or without a port: an address may be reached through a tunnel of another port
 * @param host what the server listens on: a name, an address, or "0.0.0.0" or "::" for all addresses of the machine
 */
export function isOwnHost(header: string | undefined, host: string): boolean {
  const name = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:\d{1,5})?$/i.exec(header ?? "")?.[1]?.toLowerCase();
  if (name === undefined) return false;
  const bare = name.replace(/^\[|\]$/g, "");
  if (["localhost", "127.0.0.1", "::1", host.toLowerCase()].includes(bare)) return true;
  return isEverywhere(host) && (isIP(bare) !== 0 || bare === hostname().toLowerCase());
}

/** Whether a server that listens on this can be reached on all addresses of the machine. */
export function isEverywhere(host: string): boolean {
  return host === "0.0.0.0" || host === "::";
}
