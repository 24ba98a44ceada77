import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { addAbortSignal, type Readable } from 'node:stream';
import pc from 'picocolors';
import type { KafkaClient } from '../client/index.ts';
import { isMillraceError, MillraceError } from '../errors.ts';
import { usageError } from './command.ts';
import type { ProduceOptions } from './commands/produce.ts';
import { type Settings, withClient } from './connect-options.ts';
import { note, printJson } from './output.ts';
import { lineOptions, senderOptions } from './produce-settings.ts';
import { counted, Progress } from './progress.ts';
import { lineParser } from './records/line-records.ts';
import { RecordSender } from './records/sender.ts';
import { splitLines } from './records/split-lines.ts';
import type { NewRecord } from './records/types.ts';
import { StopSignal } from './stop-signal.ts';

const NEWLINE = Buffer.from('\n');

/** Reads lines until the input ends, writes them, and tells how many. Ctrl-C writes what was read, or aborts the transaction. */
export async function runProduce(topic: string, options: ProduceOptions): Promise<void> {
  if (options.tee === true && options.json === true) throw usageError('--tee and --json both write to stdout; give one of them.');
  const stop = new StopSignal();
  try {
    await withClient(options, (client, settings) => produce(client, topic, options, settings, stop));
  } finally {
    stop.release();
    // A terminal or pipe that is still being read would keep the process alive.
    process.stdin.destroy();
  }
}

async function produce(client: KafkaClient, topic: string, options: ProduceOptions, settings: Settings, stop: StopSignal): Promise<void> {
  const sending = senderOptions(options, settings);
  const parse = lineParser(lineOptions(options));
  const sender = await RecordSender.open(client, topic, sending);
  let records = 0;
  const progress = new Progress(() => `${counted(records, 'record')} read`);
  try {
    reading: for (const source of sources(options, stop)) {
      let number = 0;
      for await (const lines of source.lines) {
        for (const line of lines) {
          if (records === options.maxMessages) break reading;
          number++;
          const wait = take(sender, parse, line, `Line ${number} of ${source.name}`, options);
          if (wait === SKIPPED) continue;
          if (wait !== undefined) await wait;
          records++;
          if (options.tee === true) await tee(line, options.delimiter);
          if (options.transactionRecords !== undefined && records % options.transactionRecords === 0) await sender.commit();
        }
      }
    }
    if (stop.requested && sending.producing.transactionalId !== undefined)
      throw new MillraceError('INVALID_STATE', 'Stopped before the end of the input; the transaction was aborted.');
    await sender.commit();
  } catch (error) {
    await sender.giveUp().catch(() => undefined);
    throw error;
  } finally {
    progress.stop();
    sender.close();
  }
  summarise(topic, records, sender, options);
}

interface Source {
  readonly name: string;
  readonly lines: AsyncIterable<Buffer[]>;
}

/** Stdin, or one file after the other. After a signal they end as if the input did. */
function* sources({ file, delimiter = NEWLINE }: ProduceOptions, stop: StopSignal): Generator<Source> {
  if (file === undefined) {
    if (process.stdin.isTTY) note(pc.dim('One record a line; Ctrl-D ends.'));
    yield { name: 'stdin', lines: splitLines(untilStopped(process.stdin, stop), delimiter) };
    return;
  }
  for (const path of file) {
    if (stop.requested) return;
    yield { name: path, lines: splitLines(untilStopped(createReadStream(path), stop), delimiter) };
  }
}

async function* untilStopped(stream: Readable, stop: StopSignal): AsyncGenerator<Buffer> {
  try {
    yield* addAbortSignal(stop.signal, stream);
  } catch (cause) {
    if (stop.requested) return;
    throw new MillraceError('INVALID_CONFIG', `The input cannot be read: ${(cause as Error).message}.`, { cause });
  }
}

const SKIPPED = Symbol('a line that was passed over');

/** Makes a record of a line and gives it to the sender, and names the line in errors. */
function take(
  sender: RecordSender,
  parse: (line: Buffer) => NewRecord,
  line: Buffer,
  where: string,
  { skipErrors }: ProduceOptions,
): Promise<void> | undefined | typeof SKIPPED {
  let record: NewRecord;
  try {
    record = parse(line);
    const { partition = 0 } = record;
    if (partition >= sender.partitionCount)
      throw new MillraceError('MISSING_TOPIC', `the topic has ${sender.partitionCount} partitions, so none has number ${partition}`);
  } catch (error) {
    if (!isMillraceError(error)) throw error;
    const message = `${where} cannot be read: ${error.message.replace(/\.$/, '')}.`;
    if (skipErrors !== true) throw new MillraceError(error.code, `${message} --skip-errors passes over such lines.`, { cause: error });
    note(`${pc.yellow('skipped')} ${message}`);
    return SKIPPED;
  }
  return sender.add(record);
}

async function tee(line: Buffer, delimiter: Buffer = NEWLINE): Promise<void> {
  if (!process.stdout.write(Buffer.concat([line, delimiter]))) await once(process.stdout, 'drain');
}

/** JSON on stdout; for people only where they see it. */
function summarise(topic: string, records: number, sender: RecordSender, { json }: ProduceOptions): void {
  const partitions = [...sender.written()].map(([partition, { records: count, firstOffset = null, lastOffset = null }]) => ({
    partition,
    records: count,
    firstOffset,
    lastOffset,
  }));
  if (json === true) printJson({ topic, records, partitions });
  else if (process.stderr.isTTY) note(`${counted(records, 'record')} written to ${topic}, ${counted(partitions.length, 'partition')}.`);
}
