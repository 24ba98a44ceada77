import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { JobKafka } from '../../src/cli/job-kafka.ts';
import { KafkaClient } from '../../src/client/index.ts';
import { resolveConfig } from '../../src/config.ts';
import { createTransport } from '../../src/transport/create.ts';
import { type BrokerProcess, startMillrace } from '../broker/broker-process.ts';
import { KafkaMissing, kafkaClassPath } from '../broker/kafka/class-path.ts';
import { startKafka } from '../broker/kafka/start.ts';
import { machine } from '../broker/table.ts';
import { loadInputs } from './inputs.ts';
import { type Outcome, readOutcome } from './outcome.ts';
import { type E2eMeasurement, reportTable, toMeasurement } from './report.ts';
import { runSubject } from './run-subject.ts';
import type { SubjectSettings } from './subjects/settings.ts';
import { handWritten, kafkaStreams, millrace, type Subject, SubjectMissing } from './subjects.ts';
import { type Workload, workloads } from './workloads.ts';

export interface E2eOptions {
  /** Records of an event topic; lines of text are a tenth of it. */
  readonly records: number;
  readonly runs: number;
  /** Workloads whose names contain one of these, separated by commas; all when undefined. */
  readonly only: string | undefined;
  /** Subjects whose names contain one of these; all when undefined. */
  readonly subjects: string | undefined;
  /** `kafka`, `embedded`, or undefined for Apache Kafka where Java is there. */
  readonly broker: string | undefined;
  readonly guarantee: SubjectSettings['guarantee'];
  readonly commitIntervalMs: number;
  readonly log: (line: string) => void;
}

/**
 * The engine beside Java Kafka Streams and loops written by hand: the same topics on the same broker, the same work, the
 * same guarantee and commit interval, in turns, and outputs compared.
 */
export async function benchE2e(options: E2eOptions): Promise<readonly E2eMeasurement[]> {
  const { log } = options;
  const chosen = workloads(options.records).filter(({ name }) => matches(name, options.only));
  const subjects = allSubjects(log).filter(({ name }) => matches(name, options.subjects));
  if (chosen.length === 0 || subjects.length === 0) throw new Error('No workload or no subject has such a name.');
  const directory = mkdtempSync(join(tmpdir(), 'millrace-bench-e2e-'));
  const broker = await startBroker(options, directory);
  try {
    log(`On ${broker.name}; ${options.guarantee}, commits every ${options.commitIntervalMs} ms; ${machine()}`);
    const results = await withKafka(broker.bootstrapServers, async (client, kafka) => {
      await loadInputs(kafka, chosen, log);
      const bench = new E2eBench(options, broker, client, kafka, directory);
      for (const workload of chosen) await bench.run(workload, subjects);
      if (bench.failures.length > 0) process.exitCode = 1;
      return bench.results;
    });
    log(reportTable(results));
    return results;
  } finally {
    await broker.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

class E2eBench {
  readonly results: E2eMeasurement[] = [];
  /** What did not come to its end. */
  readonly failures: string[] = [];
  readonly #options: E2eOptions;
  readonly #broker: BrokerProcess;
  readonly #client: KafkaClient;
  readonly #kafka: JobKafka;
  readonly #directory: string;
  #runs = 0;

  constructor(options: E2eOptions, broker: BrokerProcess, client: KafkaClient, kafka: JobKafka, directory: string) {
    this.#options = options;
    this.#broker = broker;
    this.#client = client;
    this.#kafka = kafka;
    this.#directory = directory;
  }

  /** All subjects in turns, so that what changes on the machine meanwhile hits all of them. */
  async run(workload: Workload, subjects: readonly Subject[]): Promise<void> {
    let expected: Outcome | undefined;
    for (let run = 1; run <= this.#options.runs; run++) {
      for (const subject of subjects) {
        const one = await this.#one(workload, subject).catch((error: unknown) => {
          this.failures.push(`${workload.name}: ${error instanceof Error ? error.message : String(error)}`);
          this.#options.log(`FAILED ${this.failures.at(-1)}`);
          return undefined;
        });
        if (one === undefined) continue;
        const { measurement, outcome } = one;
        expected ??= outcome;
        const equal = outcome.count === expected.count && outcome.digest === expected.digest;
        this.results.push({ ...measurement, outcome, equal });
        const rate = Math.round(measurement.recordsPerSecond).toLocaleString('en-US');
        const note = equal ? '' : `; OUTPUT DIFFERS: ${outcome.count} with ${outcome.digest}, expected ${expected.count}`;
        this.#options.log(
          `${workload.name}, run ${run}: ${subject.name}: ${rate} records/s, ${measurement.cpuMicrosPerRecord.toFixed(2)} µs CPU each${note}`,
        );
      }
    }
  }

  async #one(workload: Workload, subject: Subject) {
    const { guarantee, commitIntervalMs } = this.#options;
    const applicationId = `bench-${workload.name}-${++this.#runs}`;
    const output = `${applicationId}-output`;
    await this.#kafka.createTopics([{ topic: output, partitions: 4, replicationFactor: -1, config: {} }]);
    const stateDir = join(this.#directory, applicationId);
    mkdirSync(stateDir);
    const settings = { bootstrapServers: this.#broker.bootstrapServers, workload: workload.name, output, applicationId };
    const { threads, variant } = subject;
    const count = workload.inputs.find(({ name }) => name === workload.input)?.count ?? 0;
    const run = await runSubject(
      subject,
      { ...settings, guarantee, commitIntervalMs, threads, stateDir, variant },
      { topic: workload.input, count },
      this.#client,
    );
    const outcome = await readOutcome(this.#kafka, output, workload);
    rmSync(stateDir, { recursive: true, force: true });
    return { measurement: toMeasurement(workload.name, subject.name, this.#broker.name, run), outcome };
  }
}

function allSubjects(log: (line: string) => void): Subject[] {
  const subjects = [
    millrace('wire', 1),
    millrace('wire', 2),
    millrace('librdkafka', 1),
    millrace('librdkafka', 2),
    handWritten('confluent'),
    handWritten('kafkajs'),
  ];
  try {
    return [...subjects, kafkaStreams('in-memory', 1, log), kafkaStreams('in-memory', 2, log), kafkaStreams('rocksdb', 1, log)];
  } catch (error) {
    if (!(error instanceof SubjectMissing)) throw error;
    log(`Skipped: Java Kafka Streams. ${error.message}`);
    return subjects;
  }
}

async function startBroker({ broker, log }: E2eOptions, directory: string): Promise<BrokerProcess> {
  if (broker !== 'embedded') {
    try {
      return await startKafka(kafkaClassPath(log), join(directory, 'kafka'));
    } catch (error) {
      if (!(error instanceof KafkaMissing) || broker === 'kafka') throw error;
      log(`Skipped: Apache Kafka as the broker. ${error.message} The embedded broker serves instead.`);
    }
  }
  mkdirSync(join(directory, 'embedded'));
  return startMillrace(join(directory, 'embedded'), 'none');
}

const START_LIMIT_MS = 60_000;

async function withKafka<T>(bootstrapServers: string, work: (client: KafkaClient, kafka: JobKafka) => Promise<T>): Promise<T> {
  const client = await KafkaClient.connect({ bootstrapServers, bootstrapTimeoutMs: START_LIMIT_MS });
  const transport = await createTransport(
    resolveConfig({ applicationId: 'bench', bootstrapServers, processingGuarantee: 'at_least_once' }),
    'bench',
    {
      onError: () => {},
      onLog: () => {},
    },
  );
  await transport.connect(START_LIMIT_MS);
  try {
    return await work(client, new JobKafka(transport));
  } finally {
    await transport.close();
    client.close();
  }
}

function matches(name: string, wanted: string | undefined): boolean {
  return wanted === undefined || wanted.split(',').some((part) => name.toLowerCase().includes(part.trim().toLowerCase()));
}
