import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { OffsetFetch } from '../../../src/protocol/index.ts';
import { type PatientClient, whileLater } from './patient-client.ts';
import type { ReadRecord } from './read-partition.ts';

const MAIN = fileURLToPath(new URL('./rdkafka-main.ts', import.meta.url));

type Event = ['a', number, number, number] | ['c', number, number] | ['e', string];

/** librdkafka, as applications use it: an idempotent producer and a member of a group, in a process of their own. */
export class RdkafkaWorker {
  readonly topic: string;
  readonly #group: string;
  readonly #child: ChildProcess;
  readonly #exited: Promise<void>;
  /** Number of the record by partition and offset. */
  readonly #acknowledged = new Map<string, number>();
  readonly #committed = new Map<number, number>();
  readonly #errors: string[] = [];
  #rest = '';

  constructor(port: number, topic: string, group: string) {
    this.topic = topic;
    this.#group = group;
    this.#child = spawn(process.execPath, ['--import', 'tsx', MAIN, `127.0.0.1:${port}`, topic, group], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, UV_THREADPOOL_SIZE: '8' },
    });
    this.#child.stdout!.on('data', (chunk: Buffer) => this.#take(chunk.toString()));
    this.#exited = new Promise((resolve) => this.#child.once('exit', () => resolve()));
  }

  get acknowledged(): number {
    return this.#acknowledged.size;
  }

  /** Waits until everything sent was acknowledged. */
  async stop(): Promise<void> {
    this.#child.stdin!.write('stop\n');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), 60_000);
    await this.#exited;
    clearTimeout(timer);
    if (this.#child.signalCode !== null) this.#errors.push('the client did not come to an end');
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  check(partition: number, records: readonly ReadRecord[]): void {
    if (this.#errors.length > 0) throw new Error(`librdkafka: ${this.#errors.join('; ')}`);
    const numbers = new Map(records.map(({ offset, key }) => [offset, Number(key.split('|')[1])]));
    let last = -1;
    for (const [offset, number] of numbers) {
      if (number <= last) throw new Error(`${this.topic}-${partition} at ${offset}: record ${number} of librdkafka after ${last}.`);
      last = number;
    }
    for (const [at, number] of this.#acknowledged) {
      const [ofPartition, offset] = at.split('@').map(Number);
      if (ofPartition === partition && numbers.get(offset!) !== number) {
        throw new Error(
          `${this.topic}-${partition}: record ${number} of librdkafka was acknowledged at ${offset}; there is ${numbers.get(offset!)}.`,
        );
      }
    }
  }

  /** Committed offsets do not go back. */
  async checkCommitted(client: PatientClient, partitions: number): Promise<void> {
    const before = new Map(this.#committed);
    const partitionIndexes = Array.from({ length: partitions }, (_, index) => index);
    const ask = () => client.insist(OffsetFetch, 5, { groupId: this.#group, topics: [{ name: this.topic, partitionIndexes }] });
    const response = await whileLater(ask, ({ errorCode }) => errorCode);
    for (const { partitionIndex, committedOffset } of response.topics[0]!.partitions) {
      const acknowledged = before.get(partitionIndex) ?? -1;
      if (committedOffset < acknowledged) {
        throw new Error(
          `Group ${this.#group}, ${this.topic}-${partitionIndex}: offset ${committedOffset} after ${acknowledged} was committed.`,
        );
      }
    }
  }

  #take(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) {
      const event = JSON.parse(line) as Event;
      if (event[0] === 'a') this.#acknowledged.set(`${event[1]}@${event[2]}`, event[3]);
      else if (event[0] === 'c') this.#committed.set(event[1], event[2]);
      else this.#errors.push(event[1]);
    }
  }
}
