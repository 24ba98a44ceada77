import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Frame, flameSvg } from './flame-svg.ts';
import { scenarios } from './scenarios.ts';

const SCRIPT = fileURLToPath(new URL('subject.ts', import.meta.url));
const SAMPLE_US = 300;
/** The function in which a subject spends all of its measured time. */
const ROOT = 'feed';

interface ProfileNode {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  readonly children?: readonly number[];
}

interface Profile {
  readonly nodes: readonly ProfileNode[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

/** Profiles scenarios whose names contain one of `only`, and writes a flame graph of each into `folder`. Returns the files. */
export function flameFlow(records: number, folder: string, only: string): string[] {
  const wanted = only.split(',').map((part) => part.trim());
  const chosen = scenarios.filter(({ name }) => wanted.some((part) => name.includes(part)));
  return chosen.map(({ name }) => {
    const file = join(folder, `flame-${name.replaceAll(/[^a-z]+/g, '-')}.svg`);
    writeFileSync(file, flameSvg(`${name}: where the time of a shard goes`, treeOf(profile(name, records))));
    return file;
  });
}

function profile(name: string, records: number): Profile {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-flame-'));
  try {
    const flags = ['--cpu-prof', `--cpu-prof-dir=${folder}`, '--cpu-prof-name=main.cpuprofile', `--cpu-prof-interval=${SAMPLE_US}`];
    execFileSync(process.execPath, [...flags, '--import', 'tsx', SCRIPT, name, String(records)], { stdio: 'ignore' });
    return JSON.parse(readFileSync(join(folder, 'main.cpuprofile'), 'utf8')) as Profile;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The calls below {@link ROOT}; functions that call each other again and again from one place are one frame. */
function treeOf({ nodes, samples, timeDeltas }: Profile): Frame {
  const selfUs = new Map<number, number>();
  for (const [index, id] of samples.entries()) selfUs.set(id, (selfUs.get(id) ?? 0) + (timeDeltas[index] ?? 0));
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const root: Frame = { name: 'tasks of one partition', us: 0, children: new Map() };
  for (const node of nodes) {
    if (node.callFrame.functionName === ROOT && node.callFrame.url.endsWith('flow/subject.ts')) merge(root, node, byId, selfUs);
  }
  return root;
}

function merge(into: Frame, node: ProfileNode, byId: ReadonlyMap<number, ProfileNode>, selfUs: ReadonlyMap<number, number>): number {
  let us = selfUs.get(node.id) ?? 0;
  for (const id of node.children ?? []) {
    const child = byId.get(id);
    if (child === undefined) continue;
    const name = nameOf(child);
    const frame = into.children.get(name) ?? { name, us: 0, children: new Map() };
    into.children.set(name, frame);
    us += merge(frame, child, byId, selfUs);
  }
  into.us += us;
  return us;
}

function nameOf({ callFrame: { functionName, url } }: ProfileNode): string {
  const file = url.split('/').at(-1) ?? '';
  return `${functionName === '' ? '(anonymous)' : functionName}${file === '' ? '' : ` · ${file.replace(/\.ts$/, '')}`}`;
}
