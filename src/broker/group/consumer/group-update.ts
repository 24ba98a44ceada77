/**
 * One request's changes to a group: applied as they are made, so that each step sees those before it, written as one
 * batch, and taken back when the request fails or cannot be written.
 */

import { KafkaProtocolError } from '../../../protocol/index.ts';
import { Code, coordinatorAppendError, type InternalTopic, type KeyValue } from '../../coordinator/index.ts';
import type { ConsumerGroup } from './consumer-group.ts';
import type { GroupEvent } from './events.ts';
import { encodeEvent } from './records.ts';

export class GroupUpdate {
  readonly group: ConsumerGroup;
  readonly #records: KeyValue[];
  readonly #afterwards: (() => void)[] = [];
  #snapshot: ReturnType<ConsumerGroup['snapshot']> | null = null;

  /** `first` are records that come before those of the group: what it replaces is removed in the same batch. */
  constructor(group: ConsumerGroup, first: readonly KeyValue[] = []) {
    this.group = group;
    this.#records = [...first];
  }

  get changed(): boolean {
    return this.#records.length > 0;
  }

  apply(event: GroupEvent): void {
    this.#snapshot ??= this.group.snapshot();
    this.group.apply(event);
    this.#records.push(encodeEvent(this.group.groupId, event));
  }

  /** For a record that is not of a consumer group. */
  write(record: KeyValue): void {
    this.#records.push(record);
  }

  /** Done once the changes are in the log: timers, answers, registration. */
  afterwards(action: () => void): void {
    this.#afterwards.push(action);
  }

  rollback(): void {
    if (this.#snapshot !== null) this.group.restore(this.#snapshot);
    this.group.metadataStale = true;
  }

  /** Appends everything as one batch. Throws KafkaProtocolError when the log refuses it; the caller then rolls back. */
  commit(topic: InternalTopic): void {
    if (this.changed) {
      const stored = topic.append(this.group.groupId, this.#records);
      if (stored.errorCode !== Code.NONE) {
        throw new KafkaProtocolError(coordinatorAppendError(stored.errorCode), `Group ${this.group.groupId} could not be stored.`);
      }
      this.group.written = stored.durable.then(coordinatorAppendError);
    }
    for (const action of this.#afterwards) action();
  }
}
