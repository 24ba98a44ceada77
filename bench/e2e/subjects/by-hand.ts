/** The workloads as somebody writes them without a stream processor: state in a Map that nothing keeps safe. */

export type Emit = (key: Buffer | null, value: Buffer) => void;

export interface HandWork {
  readonly topics: readonly string[];
  readonly onRecord: (topic: string, key: Buffer | null, value: Buffer, timestampMs: number, emit: Emit) => void;
  /** Before each commit. */
  readonly onCommit: (emit: Emit) => void;
}

const AMOUNT_DIGITS = 6;
const KEPT_CHARACTERS = 40;
const WINDOW_MS = 10_000;
const LONG_BYTES = 8;
const nothing = (): void => {};

export function handWork(workload: string): HandWork {
  switch (workload) {
    case 'pass-through':
      return { topics: ['events-uniform'], onRecord: (_topic, key, value, _time, emit) => emit(key, value), onCommit: nothing };
    case 'filter-map':
      return { topics: ['events-uniform'], onRecord: filterMap, onCommit: nothing };
    case 'word-count':
      return counting('lines', (count, _key, value) => {
        for (const word of value
          .toString()
          .toLowerCase()
          .split(/[^a-z']+/))
          if (word !== '') count(word);
      });
    case 'count-uniform':
      return counting('events-uniform', (count, key) => count(key));
    case 'count-zipf':
      return counting('events-zipf', (count, key) => count(key));
    case 'windowed-count':
      return counting('events-uniform', (count, key, _value, timeMs) => count(`${key}@${timeMs - (timeMs % WINDOW_MS)}`));
    case 'stream-table-join':
      return join();
    default:
      throw new Error(`Nobody has written ${workload} by hand.`);
  }
}

function filterMap(_topic: string, key: Buffer | null, value: Buffer, _timestampMs: number, emit: Emit): void {
  const text = value.toString();
  if (Number(text.slice(0, AMOUNT_DIGITS)) % 2 !== 0) return;
  emit(key, Buffer.from(`amount=${text.slice(0, AMOUNT_DIGITS)} ${text.slice(AMOUNT_DIGITS + 1, KEPT_CHARACTERS)}`));
}

type Count = (key: string) => void;

/** Counts in a Map; what has changed goes out with the next commit. */
function counting(topic: string, each: (count: Count, key: string, value: Buffer, timestampMs: number) => void): HandWork {
  const counts = new Map<string, number>();
  const changed = new Set<string>();
  const count: Count = (key) => {
    counts.set(key, (counts.get(key) ?? 0) + 1);
    changed.add(key);
  };
  return {
    topics: [topic],
    onRecord: (_topic, key, value, timestampMs) => each(count, key?.toString() ?? '', value, timestampMs),
    onCommit: (emit) => {
      for (const key of changed) {
        const value = Buffer.allocUnsafe(LONG_BYTES);
        value.writeBigInt64BE(BigInt(counts.get(key) ?? 0));
        emit(Buffer.from(key), value);
      }
      changed.clear();
    },
  };
}

/** The table is loaded before the events are, and rows come first in the order of time: events wait for their row. */
function join(): HandWork {
  const rows = new Map<string, string>();
  const waiting = new Map<string, string[]>();
  const emitJoined = (key: string, row: string, event: string, emit: Emit): void =>
    emit(Buffer.from(key), Buffer.from(`${row}: ${event.slice(0, AMOUNT_DIGITS)}`));
  return {
    topics: ['customers', 'events-uniform'],
    onRecord: (topic, keyBytes, value, _timestampMs, emit) => {
      const key = keyBytes?.toString() ?? '';
      if (topic === 'customers') {
        const row = value.toString();
        rows.set(key, row);
        for (const event of waiting.get(key) ?? []) emitJoined(key, row, event, emit);
        waiting.delete(key);
        return;
      }
      const row = rows.get(key);
      if (row !== undefined) emitJoined(key, row, value.toString(), emit);
      else if (waiting.has(key)) waiting.get(key)?.push(value.toString());
      else waiting.set(key, [value.toString()]);
    },
    onCommit: nothing,
  };
}
