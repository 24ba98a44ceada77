/** Kafka's verifiable clients and performance tools. */
import { type Bench, expectThat, type Judge } from '../judge.ts';

const RECORDS = 5_000;
const PERFORMANCE_RECORDS = 50_000;
/** The consumer ends when it has waited so long, which on a busy machine includes its start. */
const CONSUMER_IDLE_MS = 30_000;

interface Event {
  readonly name: string;
  readonly count?: number;
  readonly value?: string;
}

function events(output: string): Event[] {
  return output
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Event);
}

async function createTopic({ java, subject }: Bench, topic: string, partitions: number): Promise<void> {
  await java.mustRun('org.apache.kafka.tools.TopicCommand', [
    ...['--bootstrap-server', subject.bootstrapServers, '--create', '--topic', topic, '--partitions', String(partitions)],
    ...['--replication-factor', '1'],
  ]);
}

async function produceVerifiably({ java, subject }: Bench, topic: string, records: number): Promise<void> {
  const output = await java.mustRun('org.apache.kafka.tools.VerifiableProducer', [
    ...['--bootstrap-server', subject.bootstrapServers, '--topic', topic, '--max-messages', String(records), '--acks', '-1'],
  ]);
  const acknowledged = events(output).filter(({ name }) => name === 'producer_send_success').length;
  expectThat(acknowledged === records, `${acknowledged} of ${records} records were acknowledged`, output);
}

function verifiable(protocol: 'classic' | 'consumer'): Judge {
  return {
    name: `VerifiableProducer and VerifiableConsumer, ${protocol} protocol`,
    async run(bench) {
      const { java, subject } = bench;
      const topic = bench.name(`verifiable-${protocol}`);
      await createTopic(bench, topic, 3);
      await produceVerifiably(bench, topic, RECORDS);
      const { exitCode, stdout, stderr } = await java.run('org.apache.kafka.tools.VerifiableConsumer', [
        ...['--bootstrap-server', subject.bootstrapServers, '--topic', topic, '--group-id', `${topic}-group`, '--verbose'],
        ...['--group-protocol', protocol, '--max-messages', String(RECORDS), '--reset-policy', 'earliest'],
      ]);
      const values = events(stdout)
        .filter(({ name }) => name === 'record_data')
        .map(({ value }) => value);
      expectThat(exitCode === 0, `the consumer ended with ${exitCode}`, stderr);
      expectThat(values.length === RECORDS, `${values.length} of ${RECORDS} records were consumed`);
      expectThat(new Set(values).size === RECORDS, `only ${new Set(values).size} different records were consumed`);
      return `${RECORDS} records`;
    },
  };
}

const copier: Judge = {
  name: 'TransactionalMessageCopier with random aborts',
  async run(bench) {
    const { java, subject } = bench;
    const [input, output] = [bench.name('copier-input'), bench.name('copier-output')];
    await createTopic(bench, input, 1);
    await createTopic(bench, output, 1);
    await produceVerifiably(bench, input, RECORDS);
    await java.mustRun('org.apache.kafka.tools.TransactionalMessageCopier', [
      ...['--broker-list', subject.bootstrapServers, '--input-topic', input, '--input-partition', '0', '--output-topic', output],
      ...['--max-messages', String(RECORDS), '--consumer-group', `${input}-group`, '--transactional-id', `${input}-id`],
      ...['--transaction-size', '100', '--enable-random-aborts'],
    ]);
    const copied = await java.mustRun('org.apache.kafka.tools.consumer.ConsoleConsumer', [
      ...['--bootstrap-server', subject.bootstrapServers, '--topic', output, '--from-beginning', '--timeout-ms', String(CONSUMER_IDLE_MS)],
      ...['--command-property', 'isolation.level=read_committed', '--command-property', 'check.crcs=true'],
    ]);
    const numbers = copied.trim().split('\n').map(Number);
    const exact = numbers.length === RECORDS && numbers.every((value, index) => value === index);
    expectThat(exact, `the copy has ${numbers.length} records, or another order`, copied);
    return `${RECORDS} records copied exactly`;
  },
};

const performance: Judge = {
  name: 'ProducerPerformance and ConsumerPerformance',
  async run(bench) {
    const { java, subject } = bench;
    const topic = bench.name('performance');
    await createTopic(bench, topic, 4);
    const produced = await java.mustRun('org.apache.kafka.tools.ProducerPerformance', [
      ...['--topic', topic, '--num-records', String(PERFORMANCE_RECORDS), '--record-size', '100', '--throughput', '-1'],
      ...['--command-property', `bootstrap.servers=${subject.bootstrapServers}`, 'compression.type=lz4'],
    ]);
    expectThat(produced.includes(`${PERFORMANCE_RECORDS} records sent`), 'the producer did not send all', produced);
    const consumed = await java.mustRun('org.apache.kafka.tools.ConsumerPerformance', [
      ...['--bootstrap-server', subject.bootstrapServers, '--topic', topic, '--num-records', String(PERFORMANCE_RECORDS)],
    ]);
    const read = Number(consumed.trim().split('\n').at(-1)?.split(',')[4]);
    expectThat(read >= PERFORMANCE_RECORDS, `the consumer read ${read} records`, consumed);
    return `${PERFORMANCE_RECORDS} records there and back`;
  },
};

export const clientJudges: readonly Judge[] = [verifiable('classic'), verifiable('consumer'), copier, performance];
