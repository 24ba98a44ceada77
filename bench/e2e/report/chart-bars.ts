import type { Figure } from './figure.ts';
import { type Role, roleOf } from './roles.ts';
import type { ThroughputRow } from './summary.ts';

/** One bar in each panel. */
export interface Bar {
  readonly workload: string;
  readonly series: string;
  readonly recordsPerSecond: Figure;
  readonly recordsPerCpuSecond: Figure;
}

export interface Series {
  readonly name: string;
  /** Legible on white as on black. */
  readonly color: string;
}

interface Kind extends Series {
  readonly kind: Role['kind'];
  readonly threads: number;
}

/** From above; a colour for each program, a lighter one for its second thread. */
const KINDS: readonly Kind[] = [
  { kind: 'millrace-wire', threads: 1, name: 'Millrace, 1 shard', color: '#1a7f74' },
  { kind: 'millrace-wire', threads: 2, name: 'Millrace, 2 shards', color: '#57b8ad' },
  { kind: 'kafka-streams', threads: 1, name: 'Kafka Streams, in memory, 1 thread', color: '#c4622d' },
  { kind: 'kafka-streams', threads: 2, name: 'Kafka Streams, in memory, 2 threads', color: '#e3a27c' },
  { kind: 'loop-confluent', threads: 1, name: 'by hand, @confluentinc/kafka-javascript', color: '#7a6fb5' },
  { kind: 'loop-kafkajs', threads: 1, name: 'by hand, kafkajs', color: '#8a929b' },
];

/** The rows of the main comparison, in the order of workloads and then of {@link KINDS}. */
export function chartBars(rows: readonly ThroughputRow[]): Bar[] {
  const workloads = new Set(rows.map(({ workload }) => workload));
  return [...workloads].flatMap((workload) => {
    const of = rows.filter((row) => row.workload === workload);
    return KINDS.flatMap((kind) => of.filter((row) => isKind(row, kind)).map((row) => bar(row, kind.name)));
  });
}

/** Rows of charts of their own: a chart of everything would be longer than a page. Parts that were not measured are left out. */
export function chartParts(rows: readonly ThroughputRow[]): { readonly rows: readonly ThroughputRow[]; readonly suffix: string }[] {
  const isNexmark = ({ workload }: ThroughputRow): boolean => workload.startsWith('nexmark-');
  const parts = [
    { rows: rows.filter((row) => !isNexmark(row)), suffix: '' },
    { rows: rows.filter(isNexmark), suffix: '-nexmark' },
  ];
  return parts.filter((part) => part.rows.length > 0);
}

/** The series that have bars. */
export function chartSeries(bars: readonly Bar[]): Series[] {
  return KINDS.filter(({ name }) => bars.some(({ series }) => series === name));
}

function isKind({ subject }: ThroughputRow, { kind, threads }: Kind): boolean {
  const role = roleOf(subject);
  return role?.kind === kind && role.threads === threads;
}

function bar({ workload, recordsPerSecond, recordsPerCpuSecond }: ThroughputRow, series: string): Bar {
  return { workload, series, recordsPerSecond, recordsPerCpuSecond };
}
