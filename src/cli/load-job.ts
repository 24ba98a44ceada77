import { existsSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { isMillraceError, MillraceError } from '../errors.ts';
import type { Job } from './job.ts';
import { registerTypeScript } from './typescript.ts';

const JOB_FILES = ['job.ts', 'job.js', 'job.mjs'];

/** What a path names: a job with everything around its topology, or a bare topology module. */
export type Runnable = { readonly kind: 'job'; readonly job: Job } | { readonly kind: 'topology'; readonly url: URL };

/**
 * @param path of a folder with a job file, of a job file, or of a topology module.
 * @throws MillraceError TOPOLOGY_LOAD_FAILED naming the path and the remedy.
 */
export async function loadRunnable(path: string): Promise<Runnable> {
  const file = findFile(resolve(path), path);
  const url = pathToFileURL(file);
  await registerTypeScript();
  let exported: unknown;
  try {
    exported = ((await import(url.href)) as { default?: unknown }).default;
  } catch (cause) {
    if (isMillraceError(cause)) throw cause;
    throw new MillraceError('TOPOLOGY_LOAD_FAILED', `${path} cannot be loaded: ${(cause as Error).message}`, { cause });
  }
  if (isJob(exported)) return { kind: 'job', job: exported };
  return { kind: 'topology', url };
}

function findFile(absolute: string, given: string): string {
  if (!existsSync(absolute)) {
    throw new MillraceError(
      'TOPOLOGY_LOAD_FAILED',
      `There is no ${given}. Give the path of a topology module (.ts or .js) or of a folder with a job.ts.`,
    );
  }
  if (!statSync(absolute).isDirectory()) return absolute;
  const found = JOB_FILES.map((name) => join(absolute, name)).find((candidate) => existsSync(candidate));
  if (found !== undefined) return found;
  throw new MillraceError(
    'TOPOLOGY_LOAD_FAILED',
    `Folder ${given} has no ${JOB_FILES.join(', ')}. Name the topology module itself, or add a job file.`,
  );
}

function isJob(exported: unknown): exported is Job {
  if (typeof exported !== 'object' || exported === null) return false;
  const { applicationId, topology, topics } = exported as Partial<Job>;
  return typeof applicationId === 'string' && topology instanceof URL && Array.isArray(topics);
}
