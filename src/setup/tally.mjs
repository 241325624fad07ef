/**
 * @typedef {object} Counts
 * @property {number} passed
 * @property {number} failed
 * @property {number} skipped
 * @property {string[]} failures their names
 */

/**
 * @typedef {object} Report what vitest's JSON reporter writes, as far as it is read here
 * @property {{ name: string, status: string, assertionResults: { fullName: string, status: string }[] }[]} testResults
 */

/**
 * Count the check as one test, and a failure that no test stands for as one more: a file that cannot be loaded, an
 * error outside of all tests, no report at all.
 * @param {number} checkCode
 * @param {number} testCode
 * @param {Report | undefined} report
 * @returns {Counts}
 */
export function countsOf(checkCode, testCode, report) {
  const files = report?.testResults ?? [];
  const tests = files.flatMap((file) => file.assertionResults);
  const failures = [
    ...(checkCode === 0 ? [] : ["npm run check"]),
    ...tests.filter(({ status }) => status === "failed").map(({ fullName }) => fullName),
    ...files.filter(hasNoFailedTest).map(({ name }) => `${name} (outside of its tests)`),
  ];
  if (testCode !== 0 && failures.length === (checkCode === 0 ? 0 : 1)) failures.push("vitest (outside of all tests)");
  const passed = tests.filter(({ status }) => status === "passed").length + (checkCode === 0 ? 1 : 0);
  const skipped = tests.filter(({ status }) => status !== "passed" && status !== "failed").length;
  return { passed, failed: failures.length, skipped, failures };
}

/** @param {Counts} counts */
export function summaryOf({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped ? `, ${skipped} skipped` : ""}`;
}

/** @param {Report["testResults"][number]} file */
function hasNoFailedTest({ status, assertionResults }) {
  return status === "failed" && !assertionResults.some((test) => test.status === "failed");
}
