/** What is measured: one line of the table for producing and one for consuming. */
export interface BenchRow {
  readonly name: string;
  readonly recordBytes: number;
  readonly partitions: number;
  readonly compression: 'none' | 'lz4' | 'zstd' | 'snappy' | 'gzip';
  readonly records: number;
}

const SIZES: readonly { readonly bytes: number; readonly label: string; readonly share: number }[] = [
  { bytes: 100, label: '100B', share: 1 },
  // The same time, about: the bytes count and not only the records.
  { bytes: 1024, label: '1KiB', share: 0.25 },
];

/** `baseRecords` of 100 bytes, a quarter of them of 1 KiB. `only`: names or parts of names, separated by commas. */
export function benchRows(baseRecords: number, only: string | undefined): BenchRow[] {
  const rows: BenchRow[] = [];
  for (const compression of ['none', 'lz4'] as const) {
    for (const { bytes, label, share } of SIZES) {
      for (const partitions of [1, 4]) {
        const records = Math.max(Math.round(baseRecords * share), 1);
        rows.push({ name: `${label}-${partitions}p-${compression}`, recordBytes: bytes, partitions, compression, records });
      }
    }
  }
  const wanted = only?.split(',').map((part) => part.trim());
  return wanted === undefined ? rows : rows.filter(({ name }) => wanted.some((part) => name.includes(part)));
}
