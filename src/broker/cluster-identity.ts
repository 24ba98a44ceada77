import { randomBytes } from 'node:crypto';
import { type LogFileSystem, readMetaProperties, writeMetaProperties } from './log/index.ts';

/** The cluster's id, from `meta.properties` of the data directory; made on first use, and then the same for good. */
export function clusterIdOf(fs: LogFileSystem, dataDirectory: string): string {
  const known = readMetaProperties(fs, dataDirectory);
  const clusterId = known.get('cluster.id');
  if (clusterId !== undefined && clusterId !== '') return clusterId;
  const made = uuidText();
  writeMetaProperties(
    fs,
    dataDirectory,
    new Map([
      ['version', '1'],
      ['cluster.id', made],
      ['node.id', '1'],
      ['directory.id', uuidText()],
    ]),
  );
  return made;
}

/** A random UUID as Kafka writes them: 22 characters of url-safe base64, not starting with a dash. */
function uuidText(): string {
  for (;;) {
    const text = randomBytes(16).toString('base64url');
    if (!text.startsWith('-')) return text;
  }
}
