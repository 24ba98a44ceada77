import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundleCommand } from '../../scripts/bundle-command.mjs';
import { BenchAdmin } from './admin.ts';
import { type BrokerProcess, startCommand, startMillrace } from './broker-process.ts';
import { type FirstAck, measureFirstAck } from './first-ack.ts';
import { KAFKA_VERSION, KafkaMissing, kafkaClassPath } from './kafka/class-path.ts';
import { kafkaPerfTools } from './kafka/perf-tools.ts';
import { freePort, startKafka } from './kafka/start.ts';
import { librdkafkaClient } from './librdkafka/client.ts';
import type { LoadClient } from './load.ts';
import { type Measurement, measure } from './measurement.ts';
import { writePayloadFile } from './payload.ts';
import { type BenchRow, benchRows } from './rows.ts';
import { brokerTable, firstAckTable, machine } from './table.ts';

export interface BrokerBenchOptions {
  /** Records of 100 bytes in each run; of 1 KiB a quarter of that. */
  readonly records: number;
  readonly runs: number;
  /** Rows whose names contain one of these, separated by commas; all when undefined. */
  readonly only: string | undefined;
  /** `java`, `librdkafka`, or undefined for Java where it is there. */
  readonly client: string | undefined;
  /** Measure Apache Kafka too. */
  readonly kafka: boolean;
  /** Flush policy of our broker: Kafka's own default is that of `none`. */
  readonly flush: string;
  readonly log: (line: string) => void;
}

export interface BrokerBenchResults {
  readonly firstAcks: readonly FirstAck[];
  readonly measurements: readonly Measurement[];
}

/** In `--only`, for the time from start to the first acknowledgement. */
const FIRST_ACK = 'first-ack';
const START_LIMIT_MS = 60_000;
const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

/**
 * Our broker beside Apache Kafka on the same machine, in turns, each in a process of its own, driven by the same client
 * program. Counts what the client says of its speed, and CPU and memory of the broker's process.
 */
export async function benchBroker(options: BrokerBenchOptions): Promise<BrokerBenchResults> {
  const rows = benchRows(options.records, options.only);
  const wantsFirstAck = options.only === undefined || options.only.includes(FIRST_ACK);
  if (rows.length === 0 && !wantsFirstAck)
    throw new Error(
      `No row has ${options.only} in its name: ${benchRows(1, undefined)
        .map(({ name }) => name)
        .join(', ')}, ${FIRST_ACK}.`,
    );
  const classPath = findJava(options);
  const directory = mkdtempSync(join(tmpdir(), 'millrace-bench-broker-'));
  const remove = (): void => rmSync(directory, { recursive: true, force: true });
  // Also when it is interrupted, as there are gigabytes in it. The brokers get the signal too.
  process.once('exit', remove).once('SIGINT', () => process.exit(130));
  try {
    const firstAcks = wantsFirstAck ? await firstAckRuns(options, classPath, directory) : [];
    const measurements = rows.length === 0 ? [] : await throughputRuns(options, rows, classPath, directory);
    return { firstAcks, measurements };
  } finally {
    remove();
  }
}

/** Processes are started one after the other, in turns; our command is bundled, as it is in the published package. */
async function firstAckRuns(
  { runs, kafka, log }: BrokerBenchOptions,
  classPath: string | undefined,
  directory: string,
): Promise<FirstAck[]> {
  const results: FirstAck[] = [];
  await bundleCommand();
  for (let run = 1; run <= runs; run++) {
    const data = join(directory, `first-ack-${run}`);
    results.push(await measureFirstAck(startCommand(join(data, 'millrace'), await freePort())));
    if (classPath !== undefined && kafka) results.push(await measureFirstAck(await startKafka(classPath, join(data, 'kafka'))));
    log(`first acknowledgement, run ${run} of ${runs}`);
  }
  log(firstAckTable(results));
  return results;
}

async function throughputRuns(
  options: BrokerBenchOptions,
  rows: readonly BenchRow[],
  classPath: string | undefined,
  directory: string,
): Promise<Measurement[]> {
  const { log, runs } = options;
  const client = classPath === undefined || options.client === 'librdkafka' ? librdkafkaClient() : kafkaPerfTools(classPath);
  const brokers: BrokerProcess[] = [];
  try {
    mkdirSync(join(directory, 'millrace'));
    brokers.push(await startMillrace(join(directory, 'millrace'), options.flush));
    if (classPath !== undefined && options.kafka) brokers.push(await startKafka(classPath, join(directory, 'kafka')));
    for (const broker of brokers) await new BenchAdmin(broker.bootstrapServers).waitUntilUp(START_LIMIT_MS, broker.ended);
    log(`${brokers.map(({ name }) => name).join(' and ')}, by ${client.name}; ${machine()}`);
    const results = await runAll({ rows, runs, client, directory, brokers, log });
    log(brokerTable(results));
    return results;
  } finally {
    await Promise.all(brokers.map((broker) => broker.stop()));
  }
}

/** The class path of Kafka's tools; undefined, and said so, when they cannot be had. */
function findJava({ client, kafka, log }: BrokerBenchOptions): string | undefined {
  if (client === 'librdkafka' && !kafka) return undefined;
  try {
    return kafkaClassPath(log);
  } catch (error) {
    if (!(error instanceof KafkaMissing)) throw error;
    log(
      `Skipped: Apache Kafka ${KAFKA_VERSION} and its performance tools. ${error.message}\nOur broker is measured with librdkafka instead.`,
    );
    return undefined;
  }
}

interface Plan {
  readonly rows: readonly BenchRow[];
  readonly runs: number;
  readonly client: LoadClient;
  readonly directory: string;
  readonly brokers: readonly BrokerProcess[];
  readonly log: (line: string) => void;
}

/** A run that is not counted warms up each broker; then all brokers in turns, row by row. */
async function runAll(plan: Plan): Promise<Measurement[]> {
  const { rows, runs, brokers, log } = plan;
  const results: Measurement[] = [];
  for (const broker of brokers) {
    log(`warming up ${broker.name} …`);
    await runOne(plan, broker, rows[0]!, 0);
  }
  for (const row of rows) {
    for (let run = 1; run <= runs; run++) {
      for (const broker of brokers) {
        const pair = await runOne(plan, broker, row, run);
        results.push(...pair);
        log(`${row.name}, run ${run} of ${runs}: ${broker.name}: ${pair.map(describe).join('; ')}`);
      }
    }
  }
  return results;
}

function describe({ work, recordsPerSecond, mebibytesPerSecond, brokerCpuMicrosPerRecord }: Measurement): string {
  return `${work} ${whole.format(recordsPerSecond)} records/s, ${mebibytesPerSecond.toFixed(1)} MB/s, ${brokerCpuMicrosPerRecord.toFixed(3)} µs`;
}

/** Produces into a new topic, consumes it, and removes it. */
async function runOne({ client, directory }: Plan, broker: BrokerProcess, row: BenchRow, run: number): Promise<Measurement[]> {
  const payloadFile = join(directory, `payload-${row.recordBytes}.txt`);
  writePayloadFile(payloadFile, row.recordBytes);
  const admin = new BenchAdmin(broker.bootstrapServers);
  const topic = `bench-${row.name}-${run}`;
  await admin.createTopic(topic, row.partitions);
  try {
    const servers = broker.bootstrapServers;
    return [
      await measure(broker, row, 'produce', run, () => client.produce(servers, topic, row, payloadFile)),
      await measure(broker, row, 'consume', run, () => client.consume(servers, topic, row)),
    ];
  } finally {
    await admin.deleteTopic(topic);
  }
}
