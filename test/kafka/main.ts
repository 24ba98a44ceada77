/**
 * Judges that need Java and Maven: `npm run test:kafka [-- --record] [-- --only NAMES] [-- --keep]`.
 *
 * Starts Apache Kafka and the embedded broker, and runs Kafka's own clients and tools, and the client matrix, against
 * both: what fails with Apache Kafka, too, is a fault of the judge. `--record` instead asks Apache Kafka for the answers
 * that `npm test` compares with (test/golden/responses). What is not on this machine is skipped, and said; set
 * KAFKA_JUDGE_REQUIRED=1 to have that be an error. Exit code 1 when a judge finds a fault.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { Broker } from '../../src/broker/index.ts';
import { ApacheKafka } from './apache-kafka.ts';
import { COMMON_CONFIG } from './common-config.ts';
import { Java } from './java.ts';
import { type Judge, type Subject, type Verdict, verdictOf } from './judge.ts';
import { clientJudges } from './judges/clients.ts';
import { fileJudges } from './judges/files.ts';
import { franzJudges } from './judges/franz-go.ts';
import { matrixJudges } from './judges/matrix.ts';
import { securedJudges } from './judges/secured.ts';
import { streamsJudges } from './judges/streams.ts';
import { toolJudges } from './judges/tools.ts';
import { wireJudges } from './judges/wire.ts';
import { classPathOf, Skipped } from './maven.ts';
import { record } from './record.ts';

const POM = fileURLToPath(new URL('../java/kafka/pom.xml', import.meta.url));
const SHOWN_DETAIL_CHARACTERS = 100;

/** In this order: the files are looked at after there is something in them. */
const JUDGES: readonly Judge[] = [
  ...toolJudges,
  ...clientJudges,
  ...fileJudges,
  ...streamsJudges,
  ...franzJudges,
  ...matrixJudges,
  ...wireJudges,
  ...securedJudges,
];

/** Everybody may do everything, and there are ACLs to be listed. */
const AUTHORIZER = {
  'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
  'super.users': 'User:ANONYMOUS',
};

interface Options {
  readonly record: boolean;
  readonly keep: boolean;
  readonly only: string;
}

async function main(options: Options): Promise<number> {
  const classPath = classPathOf(POM);
  if (options.record) {
    const steps = await record(classPath, kafkaVersion(), options.only);
    console.log(`${steps} answers of Apache Kafka ${kafkaVersion()} are recorded.`);
    return 0;
  }
  const directory = mkdtempSync(join(tmpdir(), 'millrace-judges-'));
  const kafka = await ApacheKafka.start({ classPath, config: AUTHORIZER, keep: options.keep });
  try {
    return await judgeBoth(kafka, new Java(classPath, directory), classPath, options);
  } finally {
    await kafka.close();
    rmSync(directory, { recursive: true, force: true });
    if (options.keep) console.log(`Apache Kafka's data is kept in ${kafka.directory}.`);
  }
}

async function judgeBoth(kafka: ApacheKafka, java: Java, classPath: string, { only }: Options): Promise<number> {
  const broker = await Broker.start({ config: { ...COMMON_CONFIG, ...AUTHORIZER }, logLevel: 'error' });
  const subjects: readonly Subject[] = [
    { name: 'Millrace', bootstrapServers: broker.bootstrapServers, dataDirectory: broker.dataDir },
    { name: 'Apache Kafka', bootstrapServers: kafka.bootstrapServers, dataDirectory: join(kafka.directory, 'data') },
  ];
  const verdicts: Verdict[] = [];
  try {
    for (const judge of JUDGES.filter(({ name }) => isWanted(name, only))) {
      for (const subject of subjects.filter(({ name }) => judge.subjects?.includes(name) ?? true)) {
        const verdict = await verdictOf(judge, { java, subject, classPath, name: (what) => `judge-${what}` });
        console.log(
          `${verdict.result.padEnd(7)} ${judge.name} · ${subject.name}${verdict.result === 'failed' ? `\n${verdict.detail}` : ''}`,
        );
        verdicts.push(verdict);
      }
    }
  } finally {
    await broker.close();
  }
  return summary(verdicts);
}

/** @param only parts of names, separated by commas */
function isWanted(name: string, only: string): boolean {
  return only.split(',').some((part) => name.toLowerCase().includes(part.toLowerCase()));
}

/** Prints the table; 1 when something failed. */
function summary(verdicts: readonly Verdict[]): number {
  const table = new Table({ head: ['judge', 'Millrace', 'Apache Kafka'], style: { head: [], border: [] } });
  for (const judge of new Set(verdicts.map((verdict) => verdict.judge))) {
    const cell = (subject: string): string => {
      const verdict = verdicts.find((each) => each.judge === judge && each.subject === subject);
      return verdict === undefined ? '' : `${verdict.result}: ${verdict.detail.split('\n')[0]?.slice(0, SHOWN_DETAIL_CHARACTERS)}`;
    };
    table.push([judge, cell('Millrace'), cell('Apache Kafka')]);
  }
  console.log(`\n${table.toString()}`);
  const count = (result: Verdict['result']): number => verdicts.filter((verdict) => verdict.result === result).length;
  console.log(`${count('ok')} passed, ${count('failed')} failed, ${count('skipped')} skipped`);
  return count('failed') === 0 ? 0 : 1;
}

function kafkaVersion(): string {
  return /<kafka.version>([^<]+)</.exec(readFileSync(POM, 'utf8'))?.[1] ?? 'unknown';
}

const { values } = parseArgs({
  options: {
    record: { type: 'boolean', default: false },
    keep: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
  },
});
// Ended from outside: what was started goes as well.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
try {
  process.exitCode = await main(values);
} catch (error) {
  if (!(error instanceof Skipped)) throw error;
  console.log(`SKIPPED: Apache Kafka was not asked. ${error.message}`);
  console.log(
    'Not checked: Kafka\'s own clients and tools against the embedded broker. "npm test" compares it with recorded answers without Java.',
  );
  process.exitCode = process.env.KAFKA_JUDGE_REQUIRED === '1' ? 1 : 0;
}
