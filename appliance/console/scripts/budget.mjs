// Fails the build when the first load of the fleet page outgrows its budget.

import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const BUDGET_BYTES = 120_000;
const STATIC = new URL("../../src/sysmon_appliance/web/static/", import.meta.url);

const manifest = JSON.parse(readFileSync(new URL(".vite/manifest.json", STATIC), "utf8"));

/** The files that a chunk imports before it can run, itself included. */
function eager(name, seen = new Set()) {
  if (seen.has(name)) return seen;
  seen.add(name);
  for (const imported of manifest[name].imports ?? []) eager(imported, seen);
  return seen;
}

const gzipped = (file) => gzipSync(readFileSync(new URL(file, STATIC))).length;
const total = [...eager("index.html")].reduce((sum, name) => sum + gzipped(manifest[name].file), 0);
const kilobytes = (total / 1000).toFixed(1);

if (total > BUDGET_BYTES) {
  console.error(
    `The first load is ${kilobytes} kB of gzipped JavaScript; its budget is ${BUDGET_BYTES / 1000} kB.`,
  );
  process.exit(1);
}
console.log(`First load: ${kilobytes} kB of gzipped JavaScript, of ${BUDGET_BYTES / 1000} kB allowed.`);
