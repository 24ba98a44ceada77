import { existsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Serdes, type StreamsBuilder } from 'millrace';

/** On a cluster that is not the test's own, topics get a prefix by the environment. */
const topic = (name: string) => `${process.env.TEST_PREFIX ?? ''}${name}`;

/**
 * Topic `input` (value: a word) is re-keyed by word and counted into `counts`; every input record is also copied to
 * `copies`. So a lost or repeated record shows in both, through one and through two sub-topologies.
 */
export default function counting(builder: StreamsBuilder): void {
  const string = Serdes.String();
  const input = builder.stream<string, string>(topic('input'), { keySerde: string, valueSerde: string });
  input.to(topic('copies'), { keySerde: string, valueSerde: string });
  input
    .peek((key) => crashOn(key))
    .groupBy((_, word) => word, { name: 'by-word', keySerde: string, valueSerde: string })
    .count({ as: 'counts-store', keySerde: string })
    .toStream()
    .to(topic('counts'), { keySerde: string, valueSerde: Serdes.Long() });
}

/** A record with this key ends the thread that processes it, the first time in each process. */
function crashOn(key: string | null): void {
  if (key !== 'kill-thread') return;
  // Threads of one process share its pid and its file system, but no memory that a module could reach.
  const marker = join(tmpdir(), `millrace-crash-${process.pid}`);
  if (existsSync(marker)) return;
  writeFileSync(marker, '');
  process.exit(9);
}
