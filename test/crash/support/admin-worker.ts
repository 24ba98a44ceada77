import {
  CreatePartitions,
  CreateTopics,
  DeleteTopics,
  DescribeConfigs,
  IncrementalAlterConfigs,
  Metadata,
} from '../../../src/protocol/index.ts';
import type { PatientClient } from './patient-client.ts';
import type { Random } from './random.ts';

const MAX_TOPICS = 6;
const TIMEOUT_MS = 30_000;
const TOPIC_EXISTS = 36;
const UNKNOWN_TOPIC = 3;
const INVALID_PARTITIONS = 37;

interface KnownTopic {
  partitions: number;
  retentionMs: string;
  /** As the broker said after making it; empty before. */
  id: string;
}

/** Makes, changes and deletes topics. What was acknowledged of that is there after a crash. */
export class AdminWorker {
  readonly #client: PatientClient;
  readonly #random: Random;
  readonly #topics = new Map<string, KnownTopic>();
  readonly #deletedIds = new Set<string>();
  #made = 0;

  constructor(client: PatientClient, random: Random) {
    this.#client = client;
    this.#random = random;
  }

  async step(): Promise<void> {
    const names = [...this.#topics.keys()];
    const name = names[this.#random(Math.max(names.length, 1))];
    const action = this.#random(4);
    if (name === undefined || (action === 0 && names.length < MAX_TOPICS))
      await this.#create(`admin-${this.#random(3)}-${this.#made++ % 10}`);
    else if (action === 1) await this.#delete(name);
    else if (action === 2) await this.#alter(name);
    else await this.#grow(name);
  }

  /** Throws unless exactly the acknowledged topics are there, with their partitions, configs and ids. */
  async check(): Promise<void> {
    const { topics } = await this.#client.insist(Metadata, 12, { topics: null });
    const found = new Map(topics.filter(({ name }) => name?.startsWith('admin-')).map((topic) => [topic.name, topic]));
    for (const [name, known] of this.#topics) {
      const topic = found.get(name);
      if (topic === undefined) throw new Error(`Topic ${name} was made and is not there.`);
      found.delete(name);
      const id = topic.topicId.toString('hex');
      if (known.id !== '' && known.id !== id) throw new Error(`Topic ${name} had id ${known.id} and has ${id}.`);
      if (this.#deletedIds.has(id)) throw new Error(`Topic ${name} has the id of one that was deleted.`);
      known.id = id;
      if (topic.partitions.length !== known.partitions) {
        throw new Error(`Topic ${name} has ${topic.partitions.length} partitions; ${known.partitions} were acknowledged.`);
      }
      const resources = [{ resourceType: 2, resourceName: name, configurationKeys: ['retention.ms'] }];
      const described = await this.#client.insist(DescribeConfigs, 4, { resources });
      const value = described.results[0]?.configs[0]?.value;
      if (value !== known.retentionMs) throw new Error(`Topic ${name} has retention.ms ${value}; ${known.retentionMs} was acknowledged.`);
    }
    const [extra] = found.keys();
    if (extra !== undefined) throw new Error(`Topic ${extra} was deleted and is there.`);
  }

  async #create(name: string): Promise<void> {
    if (this.#topics.has(name)) return;
    const [numPartitions, value] = [1 + this.#random(2), String(1_000_000 + this.#random(1_000_000))];
    const topic = { name, numPartitions, replicationFactor: 1, assignments: [], configs: [{ name: 'retention.ms', value }] };
    const response = await this.#client.insist(CreateTopics, 5, { topics: [topic], timeoutMs: TIMEOUT_MS });
    accept('CreateTopics', response.topics[0]?.errorCode, TOPIC_EXISTS);
    this.#topics.set(name, { partitions: numPartitions, retentionMs: value, id: '' });
  }

  async #delete(name: string): Promise<void> {
    const response = await this.#client.insist(DeleteTopics, 4, { topicNames: [name], timeoutMs: TIMEOUT_MS });
    accept('DeleteTopics', response.responses[0]?.errorCode, UNKNOWN_TOPIC);
    const id = this.#topics.get(name)?.id;
    if (id !== undefined && id !== '') this.#deletedIds.add(id);
    this.#topics.delete(name);
  }

  async #alter(name: string): Promise<void> {
    const value = String(1_000_000 + this.#random(1_000_000));
    const configs = [{ name: 'retention.ms', configOperation: 0, value }];
    const resources = [{ resourceType: 2, resourceName: name, configs }];
    const response = await this.#client.insist(IncrementalAlterConfigs, 1, { resources, validateOnly: false });
    accept('IncrementalAlterConfigs', response.responses[0]?.errorCode);
    this.#topics.get(name)!.retentionMs = value;
  }

  async #grow(name: string): Promise<void> {
    const topic = this.#topics.get(name)!;
    if (topic.partitions >= 4) return;
    const topics = [{ name, count: topic.partitions + 1, assignments: null }];
    const response = await this.#client.insist(CreatePartitions, 3, { topics, timeoutMs: TIMEOUT_MS, validateOnly: false });
    // Repeated after a crash: "has that many already".
    accept('CreatePartitions', response.results[0]?.errorCode, INVALID_PARTITIONS);
    topic.partitions++;
  }
}

function accept(request: string, errorCode: number | undefined, repeated = 0): void {
  if (errorCode !== 0 && errorCode !== repeated) throw new Error(`${request} got error ${errorCode}`);
}
