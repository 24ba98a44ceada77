import { fileURLToPath } from 'node:url';
import type { LoadClient, LoadResult } from '../load.ts';
import { runProcess } from '../run-process.ts';

const LIMIT_MS = 600_000;

/** librdkafka by way of @confluentinc/kafka-javascript: what is used where Java is missing. Slower than Kafka's tools. */
export function librdkafkaClient(): LoadClient {
  const run = async (script: string, parameters: readonly string[]): Promise<LoadResult> => {
    const path = fileURLToPath(new URL(script, import.meta.url));
    const output = await runProcess(process.execPath, ['--import', 'tsx', path, ...parameters], LIMIT_MS);
    return JSON.parse(output.trim().split('\n').at(-1) ?? '') as LoadResult;
  };
  return {
    name: 'librdkafka (@confluentinc/kafka-javascript)',
    produce: (servers, topic, row, payloadFile) =>
      run('produce.ts', [servers, topic, String(row.records), String(row.partitions), row.compression, payloadFile]),
    consume: (servers, topic, row) => run('consume.ts', [servers, topic, String(row.records), String(row.recordBytes)]),
  };
}
