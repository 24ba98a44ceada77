import Table from 'cli-table3';
import { Bench } from 'tinybench';
import { handOverTasks } from './hand-over.ts';
import { recordBatchTasks } from './record-batch.ts';
import { serdeTasks } from './serdes.ts';
import { storeTasks } from './stores.ts';

/** Runs the micro-benchmarks and returns their table. */
export async function benchMicro(timeMs: number): Promise<string> {
  const bench = new Bench({ time: timeMs, warmupTime: timeMs / 5 });
  recordBatchTasks(bench);
  serdeTasks(bench);
  storeTasks(bench);
  const end = await handOverTasks(bench);
  await bench.run();
  await end();
  const table = new Table({
    head: ['micro-benchmark', 'median ns', 'p99 ns', 'runs'],
    colAligns: ['left', 'right', 'right', 'right'],
    chars: { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' },
    style: { head: [], border: [] },
  });
  const format = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });
  for (const { name, result } of bench.tasks) {
    if (result.state !== 'completed')
      throw new Error(`Micro-benchmark "${name}" did not complete: ${result.state}`, 'error' in result ? { cause: result.error } : {});
    const { p50, p99, samplesCount } = result.latency;
    table.push([name, format.format(p50 * 1e6), format.format(p99 * 1e6), format.format(samplesCount)]);
  }
  return table.toString();
}
