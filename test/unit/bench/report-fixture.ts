import { buildDocument, type E2eDocument } from '../../../bench/e2e/report/document.ts';
import type { Environment } from '../../../bench/e2e/report/environment.ts';
import type { E2eMeasurement, E2eResults } from '../../../bench/e2e/results.ts';

export const environment: Environment = {
  cpu: 'A processor',
  cores: 2,
  memoryBytes: 24e9,
  system: 'linux 6.1',
  node: '20.20.2',
  v8: '11.3',
  kafka: '4.3.0',
  java: '17.0.15',
  loadAverage: 0.1,
};

export const WIRE = 'Millrace wire, 1 shard';
export const STREAMS = 'Kafka Streams in-memory, 1 thread';
export const LOOP = 'loop by hand, @confluentinc/kafka-javascript';

/** A run of 1,000,000 records at a rate, with a cost of CPU. */
export function run(workload: string, subject: string, recordsPerSecond: number, cpuMicrosPerRecord: number): E2eMeasurement {
  return {
    workload,
    subject,
    broker: 'Apache Kafka 4.3.0',
    run: 1,
    records: 1_000_000,
    seconds: 1_000_000 / recordsPerSecond,
    warmUpRecords: 200_000,
    warmUpSeconds: 1,
    toEnd: true,
    recordsPerSecond,
    cpuMicrosPerRecord,
    userMicrosPerRecord: cpuMicrosPerRecord * 0.75,
    systemMicrosPerRecord: cpuMicrosPerRecord * 0.25,
    brokerCpuMicrosPerRecord: 0.5,
    peakRssBytes: 200e6,
    equal: true,
  };
}

export function results(parts: Partial<E2eResults>): E2eResults {
  return {
    conditions: {
      broker: 'Apache Kafka 4.3.0',
      guarantee: 'exactly_once_v2',
      commitIntervalMs: 100,
      records: 1_200_000,
      settings: ['all: acks=all'],
    },
    throughput: [],
    limits: [],
    latency: [],
    commitSweep: [],
    restore: [],
    failures: [],
    ...parts,
  };
}

export function documentOf(parts: Partial<E2eResults>): E2eDocument {
  return buildDocument(results(parts), environment, '2026-11-21T11:45:00.000Z');
}
