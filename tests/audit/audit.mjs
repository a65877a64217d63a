// Prints one line per audit and ends with 1 when a MUST or a SHOULD failed.
import { auditServer } from "graphql-http";

const results = await auditServer({ url: process.argv[2], fetchFn: fetch });
const failed = results.filter((result) => result.status !== "ok");
for (const result of results) {
  console.log(`${result.status.padEnd(6)} ${result.id} ${result.name}${result.reason ? ` (${result.reason})` : ""}`);
}
console.log(`${results.length - failed.length} passed, ${failed.length} failed`);
process.exit(failed.length === 0 ? 0 : 1);
