import { setTimeout as sleep } from 'node:timers/promises';
import { MillraceError } from '../../src/errors.ts';
import { PLAIN_BATCHES } from '../../src/protocol/index.ts';
import type {
  FetchedBatch,
  GroupConsumer,
  NewTopic,
  OutputBatch,
  PartitionReader,
  Producer,
  RebalanceListener,
  TopicMetadata,
  TopicPartition,
  TopicPartitionOffset,
  Transport,
  TransportAdmin,
} from '../../src/transport/transport.ts';
import type { FakeCluster } from './fake-cluster.ts';
import type { GroupMember } from './fake-group.ts';
import { FakeReading } from './fake-reading.ts';
import { type FaultKind, type FaultPoint, faultError } from './faults.ts';

/** A client of a {@link FakeCluster}. */
export class FakeTransport implements Transport {
  readonly name = 'librdkafka';
  readonly outputFormat = PLAIN_BATCHES;
  readonly cluster: FakeCluster;
  readonly admin: TransportAdmin;
  readonly consumer: FakeConsumer;
  producer: FakeProducer;
  /** Open readers, to see that all are closed. */
  openReaders = 0;
  closed = false;
  readonly #transactionalId: string | undefined;
  #crashed = false;

  constructor(cluster: FakeCluster, transactionalId: string | undefined) {
    this.cluster = cluster;
    this.#transactionalId = transactionalId;
    this.admin = new FakeAdmin(this);
    this.consumer = new FakeConsumer(this);
    this.producer = new FakeProducer(this, transactionalId);
  }

  async connect(): Promise<void> {
    this.checkAlive();
  }

  async replaceProducer(): Promise<Producer> {
    await this.producer.close();
    await this.fault('replace');
    this.producer = new FakeProducer(this, this.#transactionalId);
    return this.producer;
  }

  async openReader(): Promise<PartitionReader> {
    this.checkAlive();
    this.openReaders++;
    return new FakeReader(this);
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    await this.producer.close();
    await this.consumer.close();
  }

  /** From here on nothing this client does reaches the cluster: as after `kill -9`. */
  crash(): void {
    this.#crashed = true;
    this.consumer.crash();
  }

  /**
   * Lets a fault strike.
   *
   * @returns a kind that has its effect first: the caller does its work and then throws {@link faultError}.
   */
  async fault(point: FaultPoint): Promise<FaultKind | undefined> {
    this.checkAlive();
    const kind = await this.cluster.faults.at(point);
    this.checkAlive();
    if (kind === undefined || kind.endsWith('-done')) return kind;
    throw faultError(point, kind);
  }

  checkAlive(): void {
    if (this.#crashed || this.closed) throw new MillraceError('INVALID_STATE', 'The transport is closed.', { fatal: true });
  }
}

class FakeAdmin implements TransportAdmin {
  readonly #transport: FakeTransport;

  constructor(transport: FakeTransport) {
    this.#transport = transport;
  }

  async metadata(topics?: readonly string[]): Promise<TopicMetadata[]> {
    await this.#transport.fault('metadata');
    const { cluster } = this.#transport;
    return (topics ?? cluster.topics).flatMap((topic) => {
      const partitions = cluster.partitions(topic);
      return partitions === undefined ? [] : [{ topic, partitions }];
    });
  }

  async createTopics(topics: readonly NewTopic[]): Promise<Map<string, 'created' | 'exists'>> {
    this.#transport.checkAlive();
    return new Map(
      topics.map(({ topic, partitions }) => [topic, this.#transport.cluster.createTopic(topic, partitions) ? 'created' : 'exists']),
    );
  }

  async deleteRecords(upTo: readonly TopicPartitionOffset[]): Promise<void> {
    this.#transport.checkAlive();
    for (const entry of upTo) this.#transport.cluster.log(entry).deleteBefore(entry.offset);
  }

  async listOffsets(partitions: readonly TopicPartition[], at: 'earliest' | 'latest' | 'highWatermark'): Promise<TopicPartitionOffset[]> {
    await this.#transport.fault('listOffsets');
    return partitions.map(({ topic, partition }) => {
      const log = this.#transport.cluster.log({ topic, partition });
      const offset = at === 'earliest' ? log.startOffset : at === 'latest' ? log.stableOffset : log.endOffset;
      return { topic, partition, offset };
    });
  }
}

class FakeReader implements PartitionReader {
  readonly #transport: FakeTransport;
  readonly #reading: FakeReading;

  constructor(transport: FakeTransport) {
    this.#transport = transport;
    this.#reading = new FakeReading(transport.cluster);
  }

  assign(partitions: readonly TopicPartitionOffset[]): Promise<void> {
    return this.#reading.assign(partitions);
  }

  poll(timeoutMs: number): Promise<FetchedBatch[]> {
    return this.#reading.poll(timeoutMs);
  }

  pause(partitions: readonly TopicPartition[]): void {
    this.#reading.setPaused(partitions, true);
  }

  resume(partitions: readonly TopicPartition[]): void {
    this.#reading.setPaused(partitions, false);
  }

  position(partition: TopicPartition): number {
    return this.#reading.position(partition);
  }

  async close(): Promise<void> {
    if (!this.#reading.closed) this.#transport.openReaders--;
    this.#reading.closed = true;
  }
}

export class FakeConsumer implements GroupConsumer, GroupMember {
  listener!: RebalanceListener;
  topics: readonly string[] = [];
  readonly #transport: FakeTransport;
  readonly #reading: FakeReading;
  readonly #events: (() => Promise<void>)[] = [];
  #handling: Promise<void> | undefined;

  constructor(transport: FakeTransport) {
    this.#transport = transport;
    this.#reading = new FakeReading(transport.cluster);
  }

  async subscribe(topics: readonly string[], listener: RebalanceListener): Promise<void> {
    this.#transport.checkAlive();
    this.topics = topics;
    this.listener = listener;
    this.#transport.cluster.group.join(this);
  }

  deliver(event: () => Promise<void>): Promise<void> {
    return new Promise((resolve) => {
      this.#events.push(() => event().finally(resolve));
    });
  }

  unassign(): void {
    this.#reading.unassign();
  }

  assign(partitions: readonly TopicPartitionOffset[]): Promise<void> {
    return this.#reading.assign(partitions);
  }

  async poll(timeoutMs: number): Promise<FetchedBatch[]> {
    if (this.#handling === undefined) this.#handleNext();
    return this.#reading.poll(timeoutMs);
  }

  /** One event at a time, beside polling. */
  #handleNext(): void {
    const event = this.#events.shift();
    if (event === undefined || this.#reading.closed) return;
    this.#handling = event().finally(() => {
      this.#handling = undefined;
    });
  }

  takeCaughtUp(): TopicPartitionOffset[] {
    return this.#reading.takeCaughtUp();
  }

  pause(partitions: readonly TopicPartition[]): void {
    this.#reading.setPaused(partitions, true);
  }

  resume(partitions: readonly TopicPartition[]): void {
    this.#reading.setPaused(partitions, false);
  }

  async seek(position: TopicPartitionOffset): Promise<void> {
    await this.#transport.fault('seek');
    await this.#reading.seek(position);
  }

  async committed(partitions: readonly TopicPartition[], timeoutMs: number): Promise<TopicPartitionOffset[]> {
    await this.#transport.fault('committed');
    const { group } = this.#transport.cluster;
    const deadlineMs = performance.now() + timeoutMs;
    while (!group.isStable(partitions)) {
      if (performance.now() > deadlineMs) throw faultError('committed', 'timeout');
      await sleep(5);
      this.#transport.checkAlive();
    }
    return partitions.map((partition) => group.committed(partition));
  }

  async commit(offsets: readonly TopicPartitionOffset[]): Promise<void> {
    const { group } = this.#transport.cluster;
    const generation = group.generationOf(this);
    const done = await this.#transport.fault('commitOffsets');
    if (!group.accepts(this, generation))
      throw new MillraceError('TASK_MIGRATED', `Generation ${generation} is not the group's.`, { retriable: true });
    group.store(offsets);
    if (done !== undefined) throw faultError('commitOffsets', done);
  }

  endOffset(partition: TopicPartition): number | undefined {
    return this.#reading.closed ? undefined : this.#transport.cluster.log(partition).stableOffset;
  }

  async close(): Promise<void> {
    this.#reading.closed = true;
    this.#transport.cluster.group.leave(this);
    for (const event of this.#events.splice(0)) void event;
  }

  /** The group finds out when the session times out. */
  crash(): void {
    this.#reading.closed = true;
    setTimeout(() => this.#transport.cluster.group.leave(this), 200).unref();
  }
}

export class FakeProducer implements Producer {
  readonly #transport: FakeTransport;
  readonly #transactionalId: string | undefined;
  #epoch = -1;
  #inTransaction = false;
  #mustAbort = false;
  #dead: MillraceError | undefined;
  #unflushed: OutputBatch[] = [];

  constructor(transport: FakeTransport, transactionalId: string | undefined) {
    this.#transport = transport;
    this.#transactionalId = transactionalId;
  }

  async initTransactions(): Promise<void> {
    await this.#call('init', () => {
      this.#epoch = this.#transport.cluster.initProducer(this.#id);
    });
  }

  async begin(): Promise<void> {
    await this.#call('begin', () => {
      if (this.#epoch < 0 || this.#inTransaction) throw this.#illegal('begin');
      this.#inTransaction = true;
    });
  }

  async send(batches: readonly OutputBatch[]): Promise<void> {
    // Part of it goes out even when the call fails.
    const some = batches.slice(0, this.#transport.cluster.random.below(batches.length + 1));
    if (this.#transactionalId === undefined) {
      this.#unflushed.push(...some);
      await this.#call('send', () => {});
      this.#unflushed.push(...batches.slice(some.length));
      return;
    }
    this.#write(some);
    await this.#call('send', () => this.#write(batches.slice(some.length)));
  }

  #write(batches: readonly OutputBatch[]): void {
    this.#check();
    if (!this.#inTransaction || this.#mustAbort) throw this.#illegal('send');
    if (batches.length > 0) this.#transport.cluster.addToTransaction(this.#id, this.#epoch, batches);
  }

  async sendOffsets(offsets: readonly TopicPartitionOffset[], consumer: GroupConsumer): Promise<void> {
    const { cluster } = this.#transport;
    const member = consumer as FakeConsumer;
    // Taken from the live consumer at the time of the call.
    const generation = cluster.group.generationOf(member);
    await this.#call('sendOffsets', () => {
      if (!this.#inTransaction || this.#mustAbort) throw this.#illegal('sendOffsets');
      if (!cluster.group.accepts(member, generation)) {
        this.#mustAbort = true;
        throw new MillraceError('TASK_MIGRATED', `Generation ${generation} is not the group's.`, { abortable: true });
      }
      cluster.addOffsets(this.#id, this.#epoch, offsets);
    });
  }

  async commit(): Promise<void> {
    await this.#call('commit', () => {
      if (!this.#inTransaction || this.#mustAbort) throw this.#illegal('commit');
      this.#transport.cluster.endTransaction(this.#id, this.#epoch, 'committed');
      this.#inTransaction = false;
    });
  }

  async abort(): Promise<void> {
    await this.#call('abort', () => {
      if (!this.#inTransaction) throw this.#illegal('abort');
      this.#transport.cluster.endTransaction(this.#id, this.#epoch, 'aborted');
      this.#inTransaction = false;
      this.#mustAbort = false;
    });
  }

  async flush(): Promise<void> {
    await this.#call('flush', () => {
      this.#transport.cluster.append(this.#unflushed);
      this.#unflushed = [];
    });
  }

  async close(): Promise<void> {
    this.#dead ??= new MillraceError('INVALID_STATE', 'The producer is closed.', { fatal: true });
  }

  get #id(): string {
    if (this.#transactionalId !== undefined) return this.#transactionalId;
    throw new MillraceError('INVALID_STATE', 'This producer has no transactional id.', { fatal: true });
  }

  /** Runs a call of the client: a fault before it, instead of it, or after it. */
  async #call(point: FaultPoint, effect: () => void): Promise<void> {
    this.#check();
    const done = await this.#transport.fault(point).catch((error: MillraceError) => {
      throw this.#note(error);
    });
    this.#check();
    try {
      effect();
    } catch (error) {
      throw this.#note(error as MillraceError);
    }
    if (done !== undefined) throw this.#note(faultError(point, done));
  }

  #note(error: MillraceError): MillraceError {
    if (error.fatal) this.#dead ??= error;
    if (error.abortable) this.#mustAbort = true;
    return error;
  }

  #check(): void {
    this.#transport.checkAlive();
    if (this.#dead !== undefined) throw new MillraceError('KAFKA_ERROR', `The producer is dead: ${this.#dead.message}`, { fatal: true });
  }

  #illegal(what: string): MillraceError {
    return new MillraceError('KAFKA_ERROR', `${what}() is not allowed in this state of the producer.`, { fatal: true });
  }
}
