/**
 * Who may add to a transaction of protocol 2 (KIP-890), where the first batch of a partition and the offsets of a group do so
 * by themselves. A broker asks the transaction coordinator for each such request, and one that comes while another of the
 * same producer waits ends the other with NOT_ENOUGH_REPLICAS (Kafka's AddPartitionsToTxnManager). What was sent behind it is
 * then out of order, and all is repeated batch by batch. So there is one at a time at each broker.
 */
export class Additions {
  readonly #brokers = new Set<number>();
  #held = false;
  #whenNone: (() => void) | undefined;

  mayBegin(nodeId: number): boolean {
    return !this.#held && !this.#brokers.has(nodeId);
  }

  begin(nodeId: number): void {
    this.#brokers.add(nodeId);
  }

  end(nodeId: number): void {
    this.#brokers.delete(nodeId);
    if (this.#brokers.size === 0) this.#whenNone?.();
  }

  /** Does something that adds at a broker nobody has named yet: alone. One call at a time. */
  async alone(work: () => Promise<void>): Promise<void> {
    this.#held = true;
    try {
      if (this.#brokers.size > 0) {
        await new Promise<void>((resolve) => {
          this.#whenNone = resolve;
        });
      }
      await work();
    } finally {
      this.#whenNone = undefined;
      this.#held = false;
    }
  }
}
