// What the page's script is made of: it leaves one global object behind.
import "./page.css";
import { embeddedSources } from "./embedded.js";
import { tell } from "./message.js";
import { mount } from "./mount.js";
import { servedSources } from "./served.js";

Object.assign(globalThis, { tapescopeExplorer: { mount, servedSources, embeddedSources, tell } });
