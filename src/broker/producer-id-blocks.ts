import type { MetadataLog, MetadataRecord } from './metadata-log.ts';

export type ProducerIdsRecord = Extract<MetadataRecord, { type: 'producer-ids' }>;

/** Which producer ids were claimed, kept in the metadata log: Kafka's controller has a `ProducerIdsRecord` for it. */
export class ProducerIdBlocks {
  readonly #metadata: MetadataLog;
  #end = 0;

  constructor(metadata: MetadataLog) {
    this.#metadata = metadata;
  }

  /** Ids below it are claimed, and may have been handed out. */
  get end(): number {
    return this.#end;
  }

  /** Claims all ids below `end`; they are never claimed again, whatever happens. Throws DATA_DIR_UNUSABLE; then nothing was. */
  claim(end: number): void {
    this.#metadata.append({ type: 'producer-ids', next: end });
    this.#end = end;
  }

  replay({ next }: ProducerIdsRecord): void {
    this.#end = Math.max(this.#end, next);
  }

  snapshot(): readonly MetadataRecord[] {
    return this.#end === 0 ? [] : [{ type: 'producer-ids', next: this.#end }];
  }
}
