import { loadTopology } from '../../../../src/dsl/load.ts';
import { isMillraceError } from '../../../../src/errors.ts';

/** Loads every module named on the command line and prints what came of it, as JSON. Run in a process of its own under tsx. */
const results: Record<string, { description?: string; code?: string; message?: string }> = {};
for (const name of process.argv.slice(2)) {
  try {
    const topology = await loadTopology(new URL(name, import.meta.url));
    results[name] = { description: String(topology.describe()) };
  } catch (error) {
    results[name] = { code: isMillraceError(error) ? error.code : 'OTHER', message: String((error as Error).message) };
  }
}
console.log(JSON.stringify(results));
