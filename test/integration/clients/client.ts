/** What the scenarios ask of a Kafka client. Each client of the matrix stands behind it: see adapters/. */

/** What not every client can do. */
export type Ability =
  | 'acks-0'
  | 'alter-configs'
  | 'clean-handover'
  | 'consumer-protocol'
  | 'cooperative'
  | 'create-partitions'
  | 'delete-records'
  | 'empty-values'
  | 'gzip'
  | 'snappy'
  | 'lz4'
  | 'zstd'
  | 'failover'
  | 'fencing'
  | 'groups'
  | 'latest'
  | 'offset-at-time'
  | 'read-uncommitted'
  | 'seek'
  | 'send-offsets'
  | 'several-consumers'
  | 'static-members'
  | 'timestamps'
  | 'transactions';

export type Codec = 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd';

/** A record to be produced. */
export interface NewRecord {
  readonly key?: string | null;
  readonly value: string | null;
  readonly headers?: Readonly<Record<string, string>>;
  /** Milliseconds since the epoch. Default: now. */
  readonly timestamp?: number;
  /** Default: by the key. */
  readonly partition?: number;
}

/** A record that was consumed. */
export interface ReadRecord {
  readonly partition: number;
  readonly offset: number;
  readonly key: string | null;
  readonly value: string | null;
  readonly headers: Readonly<Record<string, string>>;
  readonly timestamp: number;
}

export interface NewTopic {
  readonly name: string;
  readonly partitions: number;
  /** Default 1. */
  readonly replicas?: number;
  readonly configs?: Readonly<Record<string, string>>;
}

export interface TestAdmin {
  createTopic(topic: NewTopic): Promise<void>;
  topics(): Promise<readonly string[]>;
  partitionsOf(topic: string): Promise<number>;
  addPartitions(topic: string, total: number): Promise<void>;
  setConfig(topic: string, name: string, value: string): Promise<void>;
  config(topic: string, name: string): Promise<string | null>;
  deleteTopic(topic: string): Promise<void>;
  /** Everything before `offset`. */
  deleteRecords(topic: string, partition: number, offset: number): Promise<void>;
  /** First and next offset. */
  offsets(topic: string, partition: number): Promise<{ readonly first: number; readonly next: number }>;
  /** First offset at or after a time. */
  offsetAt(topic: string, partition: number, timestamp: number): Promise<number>;
  groups(): Promise<readonly string[]>;
  group(id: string): Promise<{ readonly state: string; readonly members: number }>;
  deleteGroup(id: string): Promise<void>;
  /** -1: nothing is committed. */
  committed(group: string, topic: string, partition: number): Promise<number>;
  close(): Promise<void>;
}

export interface ProducerOptions {
  readonly acks?: 0 | 1 | -1;
  readonly codec?: Codec;
  readonly idempotent?: boolean;
  readonly transactionalId?: string;
}

export interface TestProducer {
  /** Resolves when all are acknowledged, with acks 0 when they are sent. */
  send(topic: string, records: readonly NewRecord[]): Promise<void>;
  begin(): Promise<void>;
  /** The position of the consumer's group becomes part of the transaction. */
  sendOffset(consumer: TestConsumer, topic: string, partition: number, offset: number): Promise<void>;
  commit(): Promise<void>;
  abort(): Promise<void>;
  close(): Promise<void>;
}

export interface ConsumerOptions {
  readonly group: string;
  readonly topic: string;
  /** Where to begin without a committed offset. Default `earliest`. */
  readonly from?: 'earliest' | 'latest';
  /** Default `read_committed`. */
  readonly isolation?: 'read_committed' | 'read_uncommitted';
  readonly instanceId?: string;
  /** Default `eager`: classic protocol, range assignor. `consumer` is KIP-848. */
  readonly protocol?: 'eager' | 'cooperative' | 'consumer';
}

/** A consumer in a group; nothing is committed but by `commit`. */
export interface TestConsumer {
  /** All records so far, in their order of arrival. */
  readonly received: readonly ReadRecord[];
  /** Partitions it has now. */
  assignment(): readonly number[];
  commit(topic: string, partition: number, offset: number): Promise<void>;
  seek(topic: string, partition: number, offset: number): Promise<void>;
  close(): Promise<void>;
}

export interface TestClient {
  readonly name: string;
  /** `clean-handover`: nothing is read by two members while partitions move, without a crash. */
  readonly abilities: ReadonlySet<Ability>;
  admin(): Promise<TestAdmin>;
  producer(options?: ProducerOptions): Promise<TestProducer>;
  /** Resolves when it has begun to join; see {@link TestConsumer.assignment}. */
  consumer(options: ConsumerOptions): Promise<TestConsumer>;
}

/** All abilities but these. */
export function allAbilitiesBut(...missing: readonly Ability[]): ReadonlySet<Ability> {
  const all: readonly Ability[] = [
    'acks-0',
    'alter-configs',
    'clean-handover',
    'consumer-protocol',
    'cooperative',
    'create-partitions',
    'delete-records',
    'empty-values',
    'gzip',
    'snappy',
    'lz4',
    'zstd',
    'failover',
    'fencing',
    'groups',
    'latest',
    'offset-at-time',
    'read-uncommitted',
    'seek',
    'send-offsets',
    'several-consumers',
    'static-members',
    'timestamps',
    'transactions',
  ];
  return new Set(all.filter((ability) => !missing.includes(ability)));
}
