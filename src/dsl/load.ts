import { existsSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { isMainThread } from 'node:worker_threads';
import { isMillraceError, MillraceError } from '../errors.ts';
import { Topology } from '../topology/topology.ts';
import { StreamsBuilder } from './streams-builder.ts';

const SELF_IMPORT_TIMEOUT_MS = 5_000;
const EXPECTED = 'a Topology, a StreamsBuilder, or a function (builder) => void that builds one';

/**
 * Imports a topology module. Its default export is a {@link Topology}, a {@link StreamsBuilder}, or a function that gets a
 * new StreamsBuilder and returns nothing, a StreamsBuilder, a Topology, or a promise of one. The coordinator and every
 * shard import the same module: functions cannot cross threads.
 *
 * A `.ts` module is imported like any other; the process must run with a loader for it, such as tsx.
 *
 * @param url `file:` URL of the module.
 * @throws TOPOLOGY_LOAD_FAILED naming the URL, what was found and what was expected; INVALID_TOPOLOGY as it is, when the
 *   module's own calls are wrong.
 */
export async function loadTopology(url: string | URL): Promise<Topology> {
  const href = String(url);
  return topologyOf(await importDefault(href), href);
}

/** The topology that a value is or makes; `href` names it in errors. */
export async function topologyOf(exported: unknown, href: string): Promise<Topology> {
  const result = typeof exported === 'function' ? await callFactory(exported as (builder: StreamsBuilder) => unknown, href) : exported;
  if (isTopology(result)) return result;
  if (isBuilder(result)) return result.build();
  const found = typeof exported === 'function' ? `returned ${describe(result)}` : `exports ${describe(result)} as default`;
  throw failed(href, `it ${found}, but ${EXPECTED} is expected`);
}

async function importDefault(href: string): Promise<unknown> {
  let module: Record<string, unknown>;
  try {
    module = await (isEntryPoint(href) ? notHanging(href, import(href)) : import(href));
  } catch (error) {
    throw importFailed(href, error);
  }
  if ('default' in module) return module.default;
  const names = Object.keys(module);
  throw failed(
    href,
    `it has no default export${names.length > 0 ? ` (it exports ${names.join(', ')})` : ''}; add "export default" with ${EXPECTED}`,
  );
}

async function callFactory(factory: (builder: StreamsBuilder) => unknown, href: string): Promise<unknown> {
  const builder = new StreamsBuilder();
  try {
    return (await factory(builder)) ?? builder;
  } catch (error) {
    if (isMillraceError(error)) throw error;
    throw failed(href, `its default function threw ${messageOf(error)}`, error);
  }
}

/** Whether the module is the program itself. */
function isEntryPoint(href: string): boolean {
  const entry = process.argv[1];
  return isMainThread && entry !== undefined && href === pathToFileURL(entry).href;
}

/** A program that waits for `start()` in its own top level can never be imported: its evaluation waits for the import. */
async function notHanging(href: string, imported: Promise<Record<string, unknown>>): Promise<Record<string, unknown>> {
  let timer: NodeJS.Timeout | undefined;
  const stuck = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(
        failed(
          href,
          'the program waits for start() in its own top level, and the topology is in the same module; hand the topology over, ' +
            'new KafkaStreams(builder, config, { module: import.meta.url }), or put it into a module of its own',
        ),
      );
    }, SELF_IMPORT_TIMEOUT_MS);
  });
  try {
    return await Promise.race([imported, stuck]);
  } finally {
    clearTimeout(timer);
  }
}

function importFailed(href: string, error: unknown): Error {
  // Wrong calls at the module's top level: their own message says more than ours would.
  if (isMillraceError(error)) return error;
  if (isMissingFile(href)) return failed(href, 'there is no such file', error);
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ERR_UNKNOWN_FILE_EXTENSION')
    return failed(href, 'this process cannot import TypeScript: start it with "node --import tsx", or compile the module', error);
  return failed(href, `importing it threw ${messageOf(error)}`, error);
}

function failed(href: string, problem: string, cause?: unknown): MillraceError {
  return new MillraceError('TOPOLOGY_LOAD_FAILED', `Cannot load the topology from ${href}: ${problem}.`, {
    cause,
    fatal: true,
    context: { url: href },
  });
}

/** Also true for one of another copy of this package, which `instanceof` is not. */
function isTopology(value: unknown): value is Topology {
  return value instanceof Topology || (hasMethod(value, 'plan') && hasMethod(value, 'describe'));
}

function isBuilder(value: unknown): value is StreamsBuilder {
  return value instanceof StreamsBuilder || (hasMethod(value, 'build') && hasMethod(value, 'stream'));
}

function hasMethod(value: unknown, name: string): boolean {
  return typeof value === 'object' && value !== null && name in value && typeof (value as Record<string, unknown>)[name] === 'function';
}

function describe(value: unknown): string {
  if (value === undefined || value === null) return String(value);
  if (typeof value !== 'object') return `a ${typeof value}`;
  const name = value.constructor?.name ?? 'Object';
  return `an object of class ${name}`;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}

function isMissingFile(href: string): boolean {
  return URL.canParse(href) && new URL(href).protocol === 'file:' && !existsSync(new URL(href));
}
