/** Jars from Maven Central, by the poms of test/java. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Something that is needed is not on this machine: nothing is wrong, but nothing was checked either. */
export class Skipped extends Error {}

const TOOLS = [
  ['java', 'a Java 17 runtime or newer (Debian: openjdk-17-jdk-headless)'],
  ['mvn', 'Maven (Debian: maven)'],
] as const;

/** The class path of a pom. Maven Central is asked only for what is not on this machine. Throws {@link Skipped}. */
export function classPathOf(pom: string): string {
  for (const [tool, purpose] of TOOLS) {
    if (!isInstalled(tool, '-version')) throw new Skipped(`"${tool}" is not installed: it takes ${purpose}.`);
  }
  const directory = mkdtempSync(join(tmpdir(), 'millrace-maven-'));
  try {
    const file = join(directory, 'classpath.txt');
    const parameters = ['-q', '-B', '-f', pom, 'dependency:build-classpath', `-Dmdep.outputFile=${file}`];
    if (spawnSync('mvn', ['-o', ...parameters]).status !== 0) {
      console.log('Fetching jars from Maven Central …');
      const online = spawnSync('mvn', parameters, { encoding: 'utf8' });
      if (online.status !== 0) throw new Skipped(`Maven could not get the jars of ${pom}:\n${online.stdout.slice(0, 2_000)}`);
    }
    return readFileSync(file, 'utf8').trim();
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** True when a program can be started; `probe` is a parameter with which it ends at once. */
export function isInstalled(program: string, probe: string): boolean {
  return spawnSync(program, [probe], { stdio: 'ignore' }).error === undefined;
}
