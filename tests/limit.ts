/**
 * Milliseconds that a test, a hook, a page, a poll or a child process of the tests may take. It says that something
 * stands still, and never that it is slow: a busy machine must not fail.
 */
export const limit = 300_000;
