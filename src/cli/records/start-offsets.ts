import { InvalidArgumentError } from 'commander';
import type { KafkaClient } from '../../client/index.ts';
import type { TopicPartition } from '../../client/topic-partition.ts';
import { listOffsets, OFFSET_AT } from '../admin/list-offsets.ts';
import { timestamp } from './times.ts';

export interface PartitionOffset extends TopicPartition {
  readonly offset: number;
}

/** Where reading begins or ends, in kcat's words: `beginning`, `end`, `stored`, `42`, `-10`, `s@TIME`, `e@TIME`. */
export type OffsetSpec =
  | { readonly at: 'beginning' | 'end' | 'stored' }
  | { readonly at: 'offset'; readonly offset: number }
  /** So many records before the end. */
  | { readonly at: 'before-end'; readonly count: number }
  | { readonly at: 'since' | 'until'; readonly timestampMs: number };

const WORDS: Readonly<Record<string, 'beginning' | 'end' | 'stored'>> = {
  beginning: 'beginning',
  earliest: 'beginning',
  end: 'end',
  latest: 'end',
  stored: 'stored',
};

/** For commander. */
export function offsetSpec(text: string): OffsetSpec {
  const word = WORDS[text];
  if (word !== undefined) return { at: word };
  if (/^\d+$/.test(text)) return { at: 'offset', offset: Number(text) };
  if (/^-\d+$/.test(text)) return { at: 'before-end', count: -Number(text) };
  if (text.startsWith('s@')) return { at: 'since', timestampMs: timestamp(text.slice(2)) };
  if (text.startsWith('e@')) return { at: 'until', timestampMs: timestamp(text.slice(2)) };
  throw new InvalidArgumentError('It must be beginning, end, stored, an offset, -N for N before the end, s@TIME or e@TIME.');
}

/** The offset of each partition that a place means now. A time after the last record means the end. */
export async function resolveOffsets(
  client: KafkaClient,
  partitions: readonly TopicPartition[],
  spec: OffsetSpec,
  readCommitted: boolean,
): Promise<PartitionOffset[]> {
  const ask = (timestampMs: number): Promise<PartitionOffset[]> =>
    listOffsets(
      client,
      partitions.map(({ topic, partition }) => ({ topic, partition, timestampMs })),
      readCommitted,
    );
  switch (spec.at) {
    case 'beginning':
      return ask(OFFSET_AT.earliest);
    case 'end':
    case 'stored':
      return ask(OFFSET_AT.latest);
    case 'offset':
      return partitions.map(({ topic, partition }) => ({ topic, partition, offset: spec.offset }));
    case 'before-end': {
      const [ends, starts] = await Promise.all([ask(OFFSET_AT.latest), ask(OFFSET_AT.earliest)]);
      return ends.map(({ topic, partition, offset }, index) => ({
        topic,
        partition,
        offset: Math.max(offset - spec.count, starts[index]?.offset ?? 0),
      }));
    }
    default: {
      const [found, ends] = await Promise.all([ask(spec.timestampMs), ask(OFFSET_AT.latest)]);
      return found.map((one, index) => (one.offset >= 0 ? one : { ...one, offset: ends[index]?.offset ?? 0 }));
    }
  }
}
