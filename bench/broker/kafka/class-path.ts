import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** As in pom.xml. */
export const KAFKA_VERSION = '4.3.0';

const POM = fileURLToPath(new URL('pom.xml', import.meta.url));

/** Said to the user: what is missing for Apache Kafka, and how it gets there. */
export class KafkaMissing extends Error {}

/**
 * The class path of Apache Kafka and its tools. Maven fetches the jars into its own repository when they are asked for
 * first; where they lie is remembered in `~/.cache/millrace` (or XDG_CACHE_HOME). Throws {@link KafkaMissing}.
 */
export function kafkaClassPath(log: (line: string) => void): string {
  requireTool('java', 'a Java runtime, 17 or newer (Debian: openjdk-17-jre-headless)');
  const directory = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'millrace', `kafka-${KAFKA_VERSION}`);
  const file = join(directory, 'classpath.txt');
  const remembered = existsSync(file) ? readFileSync(file, 'utf8').trim() : '';
  if (remembered !== '' && remembered.split(delimiter).every((jar) => existsSync(jar))) return remembered;
  requireTool('mvn', 'Maven (Debian: maven)');
  mkdirSync(directory, { recursive: true });
  const output = `${file}.${process.pid}`;
  const parameters = ['-q', '-B', '-f', POM, 'dependency:build-classpath', `-Dmdep.outputFile=${output}`];
  // Offline first: Maven Central is asked only for what is not there yet.
  if (spawnSync('mvn', ['-o', ...parameters]).status !== 0) {
    log(`Fetching the jars of Apache Kafka ${KAFKA_VERSION} from Maven Central (about 150 MB, once) …`);
    const online = spawnSync('mvn', parameters, { encoding: 'utf8' });
    if (online.status !== 0) throw new KafkaMissing(`Maven could not get the jars of ${POM}:\n${online.stdout.slice(0, 2_000)}`);
  }
  renameSync(output, file);
  return readFileSync(file, 'utf8').trim();
}

function requireTool(command: string, purpose: string): void {
  if (spawnSync(command, ['-version']).error !== undefined) throw new KafkaMissing(`"${command}" is not installed: it takes ${purpose}.`);
}
