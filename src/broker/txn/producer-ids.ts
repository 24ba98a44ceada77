/**
 * Hands out producer ids, none ever twice: a whole block is written to the log before its first id is used, and what a
 * crash leaves of a block is lost. Kafka's blocks have the same size.
 */

import { MillraceError } from '../../errors.ts';
import { Code, type InternalTopic } from '../coordinator/index.ts';
import { producerIdsRecord } from './records.ts';

export const PRODUCER_ID_BLOCK = 1_000;

export class ProducerIds {
  readonly #topic: InternalTopic;
  #next = 0;
  /** Ids below it are durably ours. */
  #blockEnd = 0;
  #allocating: Promise<void> | null = null;

  constructor(topic: InternalTopic) {
    this.#topic = topic;
  }

  /** At start: ids below `producerId` have been handed out, or may have been. */
  skipTo(producerId: number): void {
    if (producerId <= this.#next) return;
    this.#next = producerId;
    this.#blockEnd = Math.max(this.#blockEnd, producerId);
  }

  /** Rejects with KAFKA_ERROR (retriable) when the block cannot be stored. The topic must be there. */
  async allocate(): Promise<number> {
    while (this.#next >= this.#blockEnd) {
      this.#allocating ??= this.#allocateBlock();
      await this.#allocating;
    }
    return this.#next++;
  }

  async #allocateBlock(): Promise<void> {
    const end = this.#next + PRODUCER_ID_BLOCK;
    try {
      const errorCode = await this.#topic.appendTo(0, [producerIdsRecord(end)]).durable;
      if (errorCode !== Code.NONE) {
        throw new MillraceError(
          'KAFKA_ERROR',
          `Producer ids up to ${end} could not be stored in ${this.#topic.name} (error ${errorCode}); none are handed out.`,
          {
            retriable: true,
            context: { errorCode },
          },
        );
      }
      this.#blockEnd = end;
    } finally {
      this.#allocating = null;
    }
  }
}
