/**
 * One thing that set-up puts in place.
 * @typedef {object} Step
 * @property {string} name
 * @property {() => string | undefined | Promise<string | undefined>} missing why it must be made; undefined if all is
 * there. Quick, because every start asks it.
 * @property {() => Promise<{ without?: string }>} make throws if it fails; `without` tells why it is done without
 */
export {};
