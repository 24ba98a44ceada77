import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { KafkaStreamsConfig } from '../config.ts';
import { loadTopology } from '../dsl/load.ts';
import { MillraceError } from '../errors.ts';
import { newCommand, wholeNumber } from './command.ts';
import type { Job, JobOption } from './job.ts';
import { loadRunnable, type Runnable } from './load-job.ts';
import { runJob } from './run-job.ts';
import { runTopology } from './run-topology.ts';

/** Options that every run has. */
export interface RunOptions {
  readonly bootstrap: string | undefined;
  readonly data: string | undefined;
  readonly threads: number;
  readonly guarantee: 'exactly_once_v2' | 'at_least_once' | 'at_most_once';
  readonly transport: 'librdkafka' | 'wire';
  readonly applicationId: string | undefined;
  /** `--set name=value`: any option of the engine by our name or Kafka's. */
  readonly set: Readonly<Record<string, string | number>>;
}

/** `millrace run PATH …`: options of the job itself are known only once it is loaded, so parsing takes two steps. */
export function runCommand(): Command {
  return newCommand('run', 'run a job or a topology until its input is consumed, or until it is stopped')
    .argument('<path>', 'a folder with a job.ts, or a topology module (.ts or .js)')
    .allowUnknownOption()
    .allowExcessArguments()
    .helpOption(false)
    .action(async (path: string, _options: unknown, command: Command) => {
      if (path === '--help' || path === '-h') return void process.stdout.write(parserFor(path, undefined).helpInformation());
      const runnable = await loadRunnable(path);
      const rest = command.args.slice(1);
      await execute(path, runnable, rest);
    });
}

async function execute(path: string, runnable: Runnable, args: readonly string[]): Promise<void> {
  const parser = parserFor(path, runnable);
  parser.parse(args, { from: 'user' });
  const all = parser.opts();
  const options: RunOptions = {
    bootstrap: all.bootstrap,
    data: all.data,
    threads: all.threads,
    guarantee: all.guarantee,
    transport: all.transport,
    applicationId: all.applicationId,
    set: all.set,
  };
  if (runnable.kind === 'job') return runJob(runnable.job, options, all);
  return runTopology(runnable.url, await loadTopology(runnable.url), options);
}

function parserFor(path: string, runnable: Runnable | undefined): Command {
  const parser = newCommand(`millrace run ${path}`, 'options of the command, and of the job if it has any')
    .option('--bootstrap <host:port>', 'a Kafka cluster to use instead of the embedded broker')
    .option('--data <dir>', "keep the embedded broker's data here; running again resumes")
    .option('--threads <n>', 'worker threads (shards)', wholeNumber(1), Math.max(1, availableParallelism() - 1))
    .addOption(
      new Option('--guarantee <g>', 'processing guarantee')
        .choices(['exactly_once_v2', 'at_least_once', 'at_most_once'])
        .default('exactly_once_v2'),
    )
    .addOption(new Option('--transport <t>', 'Kafka client underneath').choices(['librdkafka', 'wire']).default('wire'))
    .option('--application-id <id>', 'consumer group and prefix of internal topics')
    .option('--set <name=value>', "any engine option, by our name or Kafka's; may be repeated", collect, {});
  if (runnable?.kind === 'job') for (const option of runnable.job.options ?? []) parser.addOption(jobOption(option));
  return parser;
}

function jobOption({ flags, description, default: fallback, parse }: JobOption): Option {
  const option = new Option(flags, description);
  if (fallback !== undefined) option.default(fallback);
  if (parse !== undefined) {
    option.argParser((text) => {
      try {
        return parse(text);
      } catch (error) {
        throw new InvalidArgumentError((error as Error).message);
      }
    });
  }
  return option;
}

function collect(text: string, previous: Record<string, string | number>): Record<string, string | number> {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('It must look like name=value.');
  const value = text.slice(at + 1);
  return { ...previous, [text.slice(0, at)]: /^-?\d+$/.test(value) ? Number(value) : value };
}

/** The engine's configuration from a job's settings and the command line, the latter winning. */
export function configFor(
  options: RunOptions,
  bootstrapServers: string,
  applicationId: string,
  settings: Job['config'] = {},
): KafkaStreamsConfig {
  if (options.data !== undefined && options.bootstrap !== undefined) {
    throw new MillraceError(
      'INVALID_CONFIG',
      '--data is the directory of the embedded broker; with --bootstrap there is none. Give one of the two.',
    );
  }
  return {
    ...settings,
    applicationId: options.applicationId ?? applicationId,
    bootstrapServers,
    numStreamThreads: options.threads,
    processingGuarantee: options.guarantee,
    transport: options.transport,
    ...(options.data === undefined ? {} : { stateDir: join(options.data, 'streams') }),
    ...options.set,
  };
}
