/** Sequence numbers go from 0 to 2^31 - 1 and then start over (Kafka: `DefaultRecordBatch.incrementSequence`). */
const SEQUENCES = 0x8000_0000;

export function sequencePlus(sequence: number, delta: number): number {
  return (sequence + delta) % SEQUENCES;
}

/** A sequence of -1 (none) stays what it is. */
export function sequenceMinus(sequence: number, delta: number): number {
  if (sequence < 0) return sequence;
  return sequence >= delta ? sequence - delta : sequence - delta + SEQUENCES;
}

export function isNextSequence(last: number, next: number): boolean {
  return next === (last + 1) % SEQUENCES;
}
