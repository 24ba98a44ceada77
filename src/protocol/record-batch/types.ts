/** Record headers in their order; a key may occur more than once. */
export type Headers = readonly (readonly [key: string, value: Uint8Array | null])[];

/** What a serde looks like from here: {@link RecordBatchBuilder.appendWith} needs no more of it. */
export interface FieldWriter<T> {
  serialize(value: T, topic: string): Uint8Array;
  /** Writes at `offset` where `room` bytes are free; the bytes written, or -1 when they do not fit. */
  writeInto?(value: T, target: Buffer, offset: number, room: number): number;
}
