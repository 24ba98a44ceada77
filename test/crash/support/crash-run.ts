import type { BrokerOptions, FlushPolicy } from '../../../src/broker/index.ts';
import { CreateTopics, FindCoordinator, IncrementalAlterConfigs } from '../../../src/protocol/index.ts';
import { AdminWorker } from './admin-worker.ts';
import type { BrokerLife } from './broker-life.ts';
import { CompactedWorker } from './compacted-worker.ts';
import { Gate } from './gate.ts';
import { GroupWorker } from './group-worker.ts';
import { IdempotentWorker, type ProducerIdLog } from './idempotent-worker.ts';
import { PatientClient, pause, whileLater } from './patient-client.ts';
import { derivedSeed, type Random, randomFrom } from './random.ts';
import { RdkafkaWorker } from './rdkafka-worker.ts';
import { type ReadRecord, readPartition } from './read-partition.ts';
import { TransactionalWorker } from './transactional-worker.ts';

const PARTITIONS = 3;
/** So small that segments roll, snapshots are written and cleaning runs all the time. */
const SEGMENT_BYTES = '40000';
const BROKER_CONFIG = {
  'group.initial.rebalance.delay.ms': '0',
  'log.cleaner.backoff.ms': '150',
  'log.retention.check.interval.ms': '150',
  'offsets.topic.num.partitions': '2',
  'transaction.state.log.num.partitions': '2',
};

export interface CrashRunOptions {
  readonly seed: number;
  readonly broker: BrokerLife;
  readonly dataDir: string;
  /** One is drawn for each life. */
  readonly flushPolicies: readonly FlushPolicy[];
  /** Longest time between clients being at work and the crash. */
  readonly maxWorkMs: number;
  /** Longest time a broker that is ended while it starts is given. */
  readonly maxStartMs: number;
  /** A client of librdkafka too, in a process of its own. */
  readonly withRdkafka: boolean;
}

/** Clients at work on a broker that is killed again and again, and the checks of what it promised them. */
export class CrashRun {
  readonly broker: BrokerLife;
  readonly gate = new Gate();
  readonly #random: Random;
  readonly #options: CrashRunOptions;
  readonly #clients: PatientClient[] = [];
  readonly #idempotent: IdempotentWorker[] = [];
  readonly #transactional: TransactionalWorker[] = [];
  readonly #groups: GroupWorker[] = [];
  readonly #compacted: CompactedWorker;
  readonly #admin: AdminWorker;
  readonly #checker: PatientClient;
  #rdkafka: RdkafkaWorker | undefined;
  /** What was read of each partition the last time: it may only grow. */
  readonly #known = new Map<string, readonly ReadRecord[]>();
  kills = 0;

  constructor(options: CrashRunOptions) {
    const { seed, broker } = options;
    this.#options = options;
    this.broker = broker;
    this.#random = randomFrom(seed);
    const random = (name: string): Random => randomFrom(derivedSeed(seed, name));
    const ids = producerIdLog();
    this.#checker = this.#client();
    for (const name of ['one', 'two']) {
      this.#idempotent.push(new IdempotentWorker(name, 'plain', PARTITIONS, this.#client(), random(name), ids));
    }
    for (const version of [1, 2] as const) {
      const name = `tx-${version}`;
      this.#transactional.push(new TransactionalWorker(name, version, 'transactional', PARTITIONS, this.#client(), random(name), ids));
    }
    for (const name of ['group-one', 'group-two']) {
      this.#groups.push(new GroupWorker(name, 'plain', PARTITIONS, this.#client(), random(name)));
    }
    this.#compacted = new CompactedWorker('compacted', this.#client(), random('compacted'));
    this.#admin = new AdminWorker(this.#client(), random('admin'));
  }

  /** Starts the broker and all clients. */
  async start(): Promise<void> {
    await this.broker.start(this.#brokerOptions());
    const configs = [{ name: 'internal.segment.bytes', value: SEGMENT_BYTES }];
    const compacted = [...configs, { name: 'cleanup.policy', value: 'compact' }, { name: 'min.cleanable.dirty.ratio', value: '0.2' }];
    const topic = (name: string, numPartitions: number, config = configs) => ({
      name,
      numPartitions,
      replicationFactor: 1,
      configs: config,
    });
    const topics = [
      topic('plain', PARTITIONS),
      topic('transactional', PARTITIONS),
      topic('rd', PARTITIONS),
      topic('compacted', 1, compacted),
    ];
    const created = await this.#checker.send(CreateTopics, 5, {
      topics: topics.map((each) => ({ ...each, assignments: [] })),
      timeoutMs: 30_000,
    });
    for (const { name, errorCode, errorMessage } of created.topics) {
      if (errorCode !== 0) throw new Error(`Topic ${name} was not made: error ${errorCode} ${errorMessage ?? ''}`);
    }
    await this.#shrinkInternalTopics();
    const workers = {
      idempotent: this.#idempotent,
      transactional: this.#transactional,
      group: this.#groups,
      compacted: [this.#compacted],
      admin: [this.#admin],
    };
    for (const [name, ofKind] of Object.entries(workers)) for (const worker of ofKind) void this.gate.run(name, () => worker.step());
    if (this.#options.withRdkafka) this.#rdkafka = new RdkafkaWorker(this.broker.port, 'rd', 'rd-group');
  }

  /** A while of work, a kill, and sometimes more kills while the broker reads back what is there. */
  async crash(): Promise<void> {
    await this.gate.progress(5);
    await pause(this.#random(this.#options.maxWorkMs));
    await this.broker.kill();
    this.kills++;
    while (this.#random(5) === 0) {
      const started = this.broker.start(this.#brokerOptions());
      await pause(this.#random(this.#options.maxStartMs));
      await this.broker.kill();
      await started;
      this.kills++;
    }
    await this.broker.start(this.#brokerOptions());
  }

  /** Stops the work for a moment and looks whether everything promised is there. */
  async check(): Promise<void> {
    await this.gate.progress(5);
    await this.gate.pause();
    for (let partition = 0; partition < PARTITIONS; partition++) {
      const records = await this.#read('plain', partition);
      for (const worker of this.#idempotent) worker.check(partition, records);
    }
    for (const worker of this.#groups) await worker.check();
    await this.#checkTransactions();
    this.#compacted.check(await readPartition(this.#checker, 'compacted', 0, { committed: false, compacted: true }));
    await this.#admin.check();
    await this.#checkRdkafka();
    this.gate.check();
    this.gate.resume();
  }

  /** The last words of all clients, and a last check over an orderly stop. */
  async finish(): Promise<void> {
    await this.check();
    this.gate.end();
    await this.#rdkafka?.stop();
    await this.#checkRdkafka();
    await this.broker.stop();
    await this.broker.start(this.#brokerOptions());
    for (let partition = 0; partition < PARTITIONS; partition++) await this.#read('plain', partition);
    await this.#checkTransactions();
    await this.#admin.check();
    await this.#checkRdkafka();
  }

  async close(): Promise<void> {
    this.gate.end();
    this.#rdkafka?.kill();
    for (const client of this.#clients) await client.close();
    await this.broker.stop();
  }

  /** What was done, so that a run that did nothing shows. */
  get work(): {
    readonly acknowledged: number;
    readonly committed: number;
    readonly aborted: number;
    readonly unknown: number;
    readonly seen: number;
    readonly rdkafka: number;
  } {
    const sum = (of: (worker: TransactionalWorker) => number): number =>
      this.#transactional.reduce((total, worker) => total + of(worker), 0);
    return {
      acknowledged: this.#idempotent.reduce((total, worker) => total + worker.acknowledged, 0),
      committed: sum(({ outcomes }) => outcomes.committed),
      aborted: sum(({ outcomes }) => outcomes.aborted),
      unknown: sum(({ outcomes }) => outcomes.unknown),
      seen: this.#groups.reduce((total, worker) => total + worker.seen, 0),
      rdkafka: this.#rdkafka?.acknowledged ?? 0,
    };
  }

  /** Kafka has a lower bound for their segments, which only the topic config for tests gets below. */
  async #shrinkInternalTopics(): Promise<void> {
    const find = (keyType: number) => () => this.#checker.send(FindCoordinator, 2, { key: 'any', keyType });
    for (const keyType of [0, 1]) await whileLater(find(keyType), ({ errorCode }) => errorCode);
    const configs = [{ name: 'internal.segment.bytes', configOperation: 0, value: SEGMENT_BYTES }];
    const resources = ['__consumer_offsets', '__transaction_state'].map((resourceName) => ({ resourceType: 2, resourceName, configs }));
    const altered = await this.#checker.send(IncrementalAlterConfigs, 1, { resources, validateOnly: false });
    for (const { errorCode, errorMessage } of altered.responses) if (errorCode !== 0) throw new Error(String(errorMessage));
  }

  async #checkTransactions(): Promise<void> {
    for (const worker of this.#transactional) await worker.settle();
    const records: ReadRecord[][] = [];
    for (let partition = 0; partition < PARTITIONS; partition++) {
      records.push(await readPartition(this.#checker, 'transactional', partition, { committed: true }));
    }
    for (const worker of this.#transactional) await worker.check(records);
  }

  async #checkRdkafka(): Promise<void> {
    for (let partition = 0; partition < PARTITIONS; partition++) this.#rdkafka?.check(partition, await this.#read('rd', partition));
    await this.#rdkafka?.checkCommitted(this.#checker, PARTITIONS);
  }

  /** All of a partition; what was there before must still be, at the same offsets. */
  async #read(topic: string, partition: number): Promise<readonly ReadRecord[]> {
    const records = await readPartition(this.#checker, topic, partition, { committed: false });
    const name = `${topic}-${partition}`;
    for (const [index, before] of (this.#known.get(name) ?? []).entries()) {
      const now = records[index];
      if (now?.offset !== before.offset || now.value !== before.value || now.key !== before.key) {
        throw new Error(
          `${name} had '${before.value.slice(0, 40)}' at ${before.offset}; now there is '${now?.value.slice(0, 40)}' at ${now?.offset}.`,
        );
      }
    }
    this.#known.set(name, records);
    return records;
  }

  #client(): PatientClient {
    const client = new PatientClient(() => this.broker.port);
    this.#clients.push(client);
    return client;
  }

  #brokerOptions(): BrokerOptions {
    const { dataDir, flushPolicies } = this.#options;
    const flushPolicy = flushPolicies[this.#random(flushPolicies.length)] ?? 'none';
    return { dataDir, flushPolicy, logLevel: 'info', config: BROKER_CONFIG };
  }
}

function producerIdLog(): ProducerIdLog {
  const seen = new Set<number>();
  return {
    note(producerId) {
      if (seen.has(producerId)) throw new Error(`Producer id ${producerId} was given out twice.`);
      seen.add(producerId);
    },
  };
}
