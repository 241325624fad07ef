import { spawn } from "node:child_process";

const openers: Partial<Record<NodeJS.Platform, readonly [string, ...string[]]>> = {
  darwin: ["open"],
  win32: ["rundll32", "url.dll,FileProtocolHandler"],
};

/**
 * Ask the desktop to open an address.
 *
 * @returns false if there is no desktop, or it does not know how
 */
export async function openInBrowser(address: string): Promise<boolean> {
  const [command, ...first] = openers[process.platform] ?? ["xdg-open"];
  const { DISPLAY, WAYLAND_DISPLAY, SSH_CONNECTION } = process.env;
  const hasDesktop = command === "xdg-open" ? Boolean(DISPLAY || WAYLAND_DISPLAY) : !SSH_CONNECTION;
  if (!hasDesktop) return false;
  const child = spawn(command, [...first, address], { stdio: "ignore", detached: true });
  child.unref(); // a browser that it starts outlives this process
  return new Promise((done) => {
    child.once("spawn", () => done(true));
    child.once("error", () => done(false));
  });
}
