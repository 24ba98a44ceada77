/**
 * Hands out producer ids, none ever twice: a whole block is stored before its first id is used, and what a crash leaves
 * of a block is lost. Kafka's blocks have the same size.
 */

import { MillraceError } from '../../errors.ts';

export const PRODUCER_ID_BLOCK = 1_000;

/** Where the blocks are kept. */
export interface ClaimedProducerIds {
  /** Ids below it are claimed. */
  readonly end: number;
  /** Claims the ids below `end` for good. Throws when that cannot be stored. */
  claim(end: number): void;
}

export class ProducerIds {
  readonly #claimed: ClaimedProducerIds;
  /** Undefined: begin behind what was claimed before this start. */
  #next: number | undefined;

  constructor(claimed: ClaimedProducerIds) {
    this.#claimed = claimed;
  }

  /** At start: ids below `producerId` have been handed out, or may have been, whatever is stored about it. */
  skipTo(producerId: number): void {
    this.#next = Math.max(this.#next ?? this.#claimed.end, producerId);
  }

  /** Throws KAFKA_ERROR (retriable) when the block cannot be stored. */
  allocate(): number {
    const id = this.#next ?? this.#claimed.end;
    if (id >= this.#claimed.end) this.#claim(id + PRODUCER_ID_BLOCK);
    this.#next = id + 1;
    return id;
  }

  #claim(end: number): void {
    try {
      this.#claimed.claim(end);
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new MillraceError('KAFKA_ERROR', `Producer ids up to ${end} could not be stored; none are handed out: ${reason}`, {
        cause,
        retriable: true,
      });
    }
  }
}
