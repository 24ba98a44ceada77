import {
  Fetch,
  Heartbeat,
  JoinGroup,
  LeaveGroup,
  OffsetCommit,
  OffsetFetch,
  RecordCursor,
  SyncGroup,
} from '../../../src/protocol/index.ts';
import { ConnectionLost, type PatientClient, whileLater } from './patient-client.ts';
import type { Random } from './random.ts';

const SESSION_MS = 120_000;
const MEMBER_ID_REQUIRED = 79;
const UNKNOWN_MEMBER_ID = 25;
const FETCH_BYTES = 200_000;

/**
 * The one member of a group, which reads a topic and commits where it is. What it was told must hold after a crash: its
 * membership, its generation, its committed offsets; generations of the group only rise.
 */
export class GroupWorker {
  readonly #group: string;
  readonly #topic: string;
  readonly #partitions: number;
  readonly #client: PatientClient;
  readonly #random: Random;
  #memberId = '';
  #generation = -1;
  /** The broker has acknowledged this membership. */
  #joined = false;
  #readCommits = false;
  readonly #positions: number[];
  /** What was acknowledged, and what was asked for last and may have happened. */
  readonly #committed: number[];
  readonly #attempted: number[];
  /** Records seen, for the report. */
  seen = 0;

  constructor(group: string, topic: string, partitions: number, client: PatientClient, random: Random) {
    this.#group = group;
    this.#topic = topic;
    this.#partitions = partitions;
    this.#client = client;
    this.#random = random;
    this.#positions = new Array<number>(partitions).fill(0);
    this.#committed = new Array<number>(partitions).fill(-1);
    this.#attempted = new Array<number>(partitions).fill(-1);
  }

  async step(): Promise<void> {
    try {
      if (!this.#joined) await this.#join();
      if (!this.#readCommits) await this.#startFromCommitted();
      await this.#heartbeat();
      await this.#read();
      await this.#commit();
      if (this.#random(30) === 0) await this.#leave();
    } catch (error) {
      if (!(error instanceof ConnectionLost)) throw error;
      this.#readCommits = false;
    }
  }

  /** Committed offsets are where they were acknowledged, or where the unanswered commit put them. */
  async check(): Promise<void> {
    for (const [partition, offset] of (await this.#fetchCommitted()).entries()) this.#checkCommitted(partition, offset);
  }

  async #join(): Promise<void> {
    const request = { groupId: this.#group, sessionTimeoutMs: SESSION_MS, rebalanceTimeoutMs: 2000, protocolType: 'consumer' };
    const protocols = [{ name: 'range', metadata: Buffer.from('metadata') }];
    const ask = () => this.#client.send(JoinGroup, 5, { ...request, memberId: this.#memberId, protocols });
    let joined = await whileLater(ask, ({ errorCode }) => errorCode);
    if (joined.errorCode === MEMBER_ID_REQUIRED) {
      this.#memberId = joined.memberId;
      joined = await whileLater(ask, ({ errorCode }) => errorCode);
    }
    if (joined.errorCode === UNKNOWN_MEMBER_ID) {
      // An id that was given but not yet used is not kept over a crash, as in Kafka.
      this.#memberId = '';
      return this.#join();
    }
    if (joined.errorCode !== 0) throw new Error(`JoinGroup of ${this.#group} got error ${joined.errorCode}`);
    if (joined.generationId <= this.#generation) {
      throw new Error(`Group ${this.#group} was at generation ${this.#generation} and is now at ${joined.generationId}.`);
    }
    const sync = await this.#client.send(SyncGroup, 3, {
      groupId: this.#group,
      generationId: joined.generationId,
      memberId: this.#memberId,
      assignments: [{ memberId: this.#memberId, assignment: Buffer.from('everything') }],
    });
    if (sync.errorCode === UNKNOWN_MEMBER_ID || sync.errorCode === 22 || sync.errorCode === 27) return;
    if (sync.errorCode !== 0) throw new Error(`SyncGroup of ${this.#group} got error ${sync.errorCode}`);
    this.#generation = joined.generationId;
    this.#joined = true;
  }

  async #heartbeat(): Promise<void> {
    if (!this.#joined) return;
    const ask = () => this.#client.send(Heartbeat, 3, { groupId: this.#group, generationId: this.#generation, memberId: this.#memberId });
    const { errorCode } = await whileLater(ask, (response) => response.errorCode);
    if (errorCode !== 0) {
      throw new Error(`Group ${this.#group} has forgotten member ${this.#memberId} of generation ${this.#generation}: error ${errorCode}`);
    }
  }

  async #startFromCommitted(): Promise<void> {
    for (const [partition, offset] of (await this.#fetchCommitted()).entries()) {
      this.#checkCommitted(partition, offset);
      this.#committed[partition] = offset;
      this.#positions[partition] = Math.max(offset, 0);
    }
    this.#readCommits = true;
  }

  #checkCommitted(partition: number, offset: number): void {
    const [committed, attempted] = [this.#committed[partition], this.#attempted[partition]];
    if (offset === committed || offset === attempted) return;
    throw new Error(
      `Group ${this.#group} has offset ${offset} of ${this.#topic}-${partition}: ${committed} was acknowledged, ${attempted} was asked for.`,
    );
  }

  async #fetchCommitted(): Promise<number[]> {
    const partitionIndexes = Array.from({ length: this.#partitions }, (_, index) => index);
    const ask = () => this.#client.insist(OffsetFetch, 5, { groupId: this.#group, topics: [{ name: this.#topic, partitionIndexes }] });
    const { errorCode, topics } = await whileLater(ask, (response) => response.errorCode);
    if (errorCode !== 0) throw new Error(`OffsetFetch of ${this.#group} got error ${errorCode}`);
    return topics[0]!.partitions.map(({ committedOffset }) => committedOffset);
  }

  async #read(): Promise<void> {
    const partition = this.#random(this.#partitions);
    const position = this.#positions[partition]!;
    const response = await this.#client.send(Fetch, 11, {
      maxWaitMs: 50,
      minBytes: 1,
      maxBytes: FETCH_BYTES,
      topics: [{ topic: this.#topic, partitions: [{ partition, fetchOffset: position, partitionMaxBytes: FETCH_BYTES }] }],
    });
    const answer = response.responses[0]!.partitions[0]!;
    if (answer.errorCode !== 0) {
      throw new Error(`Fetch of ${this.#topic}-${partition} at ${position}, once shown to exist, got error ${answer.errorCode}.`);
    }
    const cursor = new RecordCursor(wholeBatches(answer.records ?? Buffer.alloc(0)));
    while (cursor.next()) {
      if (cursor.offset < this.#positions[partition]!) continue;
      this.#positions[partition] = cursor.offset + 1;
      this.seen++;
    }
  }

  async #commit(): Promise<void> {
    for (const [partition, position] of this.#positions.entries()) this.#attempted[partition] = position;
    const partitions = this.#positions.map((committedOffset, partitionIndex) => ({
      partitionIndex,
      committedOffset,
      committedMetadata: 'm',
    }));
    const ask = () =>
      this.#client.send(OffsetCommit, 7, {
        groupId: this.#group,
        generationIdOrMemberEpoch: this.#joined ? this.#generation : -1,
        memberId: this.#joined ? this.#memberId : '',
        topics: [{ name: this.#topic, partitions }],
      });
    const response = await whileLater(ask, ({ topics }) => topics[0]!.partitions[0]!.errorCode);
    for (const { partitionIndex, errorCode } of response.topics[0]!.partitions) {
      if (errorCode !== 0) throw new Error(`OffsetCommit of ${this.#group} got error ${errorCode}`);
      this.#committed[partitionIndex] = this.#positions[partitionIndex]!;
    }
  }

  async #leave(): Promise<void> {
    if (!this.#joined) return;
    this.#joined = false;
    const leave = () => this.#client.insist(LeaveGroup, 1, { groupId: this.#group, memberId: this.#memberId });
    const { errorCode } = await whileLater(leave, (response) => response.errorCode);
    // Served before the crash and repeated after it.
    if (errorCode !== 0 && errorCode !== UNKNOWN_MEMBER_ID) throw new Error(`LeaveGroup of ${this.#group} got error ${errorCode}`);
    this.#memberId = '';
  }
}

/** Without a last batch that is cut off. */
function wholeBatches(bytes: Buffer): Buffer {
  let end = 0;
  while (end + 12 <= bytes.length && end + 12 + bytes.readInt32BE(end + 8) <= bytes.length) end += 12 + bytes.readInt32BE(end + 8);
  return bytes.subarray(0, end);
}
