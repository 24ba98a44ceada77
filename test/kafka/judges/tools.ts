/** Kafka's command-line tools for administrators. */
import { addPartitions, append, batch, makeProducer } from '../../responses/preparation.ts';
import { Talk } from '../../responses/talk.ts';
import { type Bench, expectThat, type Judge } from '../judge.ts';

const at = ({ subject }: Bench): readonly string[] => ['--bootstrap-server', subject.bootstrapServers];

async function topicCommand(bench: Bench, ...parameters: readonly string[]): Promise<string> {
  return bench.java.mustRun('org.apache.kafka.tools.TopicCommand', [...at(bench), ...parameters]);
}

async function fill(bench: Bench, topic: string, records: number): Promise<void> {
  const lines = Array.from({ length: records }, (_, index) => `value ${index}\n`).join('');
  await bench.java.mustRun('org.apache.kafka.tools.ConsoleProducer', [...at(bench), '--topic', topic], { input: lines });
}

const apiVersions: Judge = {
  name: 'BrokerApiVersionsCommand',
  async run(bench) {
    const output = await bench.java.mustRun('org.apache.kafka.tools.BrokerApiVersionsCommand', [...at(bench)]);
    // "Fetch(1): 4 to 18 [usable: 18]"
    const usable = new Map(
      [...output.matchAll(/(\w+)\((\d+)\): .*\[usable: (\d+)\]/g)].map(([, name, , version]) => [name, Number(version)]),
    );
    const newest: Readonly<Record<string, number>> = {
      Produce: 13,
      Fetch: 18,
      Metadata: 13,
      JoinGroup: 9,
      EndTxn: 5,
      ConsumerGroupHeartbeat: 1,
    };
    for (const [name, version] of Object.entries(newest)) {
      expectThat(usable.get(name) === version, `${name} is used in version ${usable.get(name)}, not ${version}`, output);
    }
    return `${usable.size} APIs usable`;
  },
};

const topics: Judge = {
  name: 'TopicCommand',
  async run(bench) {
    const topic = bench.name('topics');
    await topicCommand(bench, '--create', '--topic', topic, '--partitions', '2', '--config', 'retention.ms=1000000');
    await topicCommand(bench, '--alter', '--topic', topic, '--partitions', '3');
    const described = await topicCommand(bench, '--describe', '--topic', topic);
    expectThat(
      /PartitionCount: 3\b/.test(described) && described.includes('retention.ms=1000000'),
      'the topic is described otherwise',
      described,
    );
    expectThat((await topicCommand(bench, '--list')).includes(topic), 'the topic is not listed');
    await topicCommand(bench, '--delete', '--topic', topic);
    expectThat(!(await topicCommand(bench, '--list')).includes(topic), 'the topic is still listed');
    return 'create, alter, describe, list, delete';
  },
};

const configs: Judge = {
  name: 'ConfigCommand',
  async run(bench) {
    const topic = bench.name('configs');
    await topicCommand(bench, '--create', '--topic', topic);
    const command = (...parameters: readonly string[]) => bench.java.mustRun('kafka.admin.ConfigCommand', [...at(bench), ...parameters]);
    const ofTopic = ['--entity-type', 'topics', '--entity-name', topic];
    await command('--alter', ...ofTopic, '--add-config', 'cleanup.policy=[compact,delete],retention.ms=5000');
    const described = await command('--describe', ...ofTopic);
    expectThat(
      described.includes('cleanup.policy=compact,delete') && described.includes('retention.ms=5000'),
      'configs are not set',
      described,
    );
    await command('--alter', ...ofTopic, '--delete-config', 'retention.ms');
    expectThat(!(await command('--describe', ...ofTopic)).includes('retention.ms=5000'), 'a config is not deleted');
    const broker = await command('--describe', '--entity-type', 'brokers', '--entity-name', '1', '--all');
    expectThat(broker.includes('num.partitions='), 'configs of a broker are not described', broker);
    await command('--alter', '--entity-type', 'groups', '--entity-name', topic, '--add-config', 'consumer.session.timeout.ms=50000');
    const group = await command('--describe', '--entity-type', 'groups', '--entity-name', topic);
    expectThat(group.includes('consumer.session.timeout.ms=50000'), 'configs of a group are not set', group);
    return 'topics, brokers, groups';
  },
};

const groups: Judge = {
  name: 'ConsumerGroupCommand',
  async run(bench) {
    const topic = bench.name('groups');
    const group = `${topic}-group`;
    await topicCommand(bench, '--create', '--topic', topic, '--partitions', '1');
    await fill(bench, topic, 10);
    await bench.java.mustRun('org.apache.kafka.tools.consumer.ConsoleConsumer', [
      ...[...at(bench), '--topic', topic, '--group', group, '--from-beginning', '--max-messages', '10', '--timeout-ms', '30000'],
    ]);
    const command = (...parameters: readonly string[]) =>
      bench.java.mustRun('org.apache.kafka.tools.consumer.group.ConsumerGroupCommand', [...at(bench), ...parameters]);
    expectThat((await command('--list')).includes(group), 'the group is not listed');
    const described = await command('--describe', '--group', group);
    expectThat(new RegExp(`${topic}\\s+0\\s+10\\s+10\\s+0`).test(described), 'the group is described otherwise', described);
    expectThat((await command('--describe', '--group', group, '--state')).includes('Empty'), 'its state is not Empty');
    await command('--reset-offsets', '--group', group, '--topic', topic, '--to-offset', '4', '--execute');
    const reset = await command('--describe', '--group', group);
    expectThat(new RegExp(`${topic}\\s+0\\s+4\\s+10\\s+6`).test(reset), 'offsets are not reset', reset);
    await command('--delete-offsets', '--group', group, '--topic', topic);
    await command('--delete', '--group', group);
    expectThat(!(await command('--list')).includes(group), 'the group is still listed');
    return 'list, describe, reset, delete offsets, delete';
  },
};

/** A transaction that nobody ends; gives its first offset. */
async function leaveOpen({ subject }: Bench, topic: string): Promise<number> {
  const talk = new Talk(Number(subject.bootstrapServers.split(':').at(-1)));
  try {
    const transactionalId = `${topic}-open`;
    const producer = await makeProducer(talk, transactionalId);
    await addPartitions(talk, transactionalId, producer, [{ name: topic, partitions: [0] }]);
    return await append(talk, topic, batch(['open'], { ...producer, baseSequence: 0, transactional: true }), { transactionalId });
  } finally {
    await talk.close();
  }
}

const transactions: Judge = {
  name: 'TransactionsCommand',
  async run(bench) {
    const topic = bench.name('transactions');
    await topicCommand(bench, '--create', '--topic', topic, '--partitions', '1');
    await bench.java.mustRun('org.apache.kafka.tools.ProducerPerformance', [
      ...['--topic', topic, '--num-records', '100', '--record-size', '10', '--throughput', '-1'],
      ...['--transactional-id', `${topic}-id`, '--transaction-duration-ms', '100'],
      ...['--command-property', `bootstrap.servers=${bench.subject.bootstrapServers}`],
    ]);
    const command = (...parameters: readonly string[]) =>
      bench.java.mustRun('org.apache.kafka.tools.TransactionsCommand', [...at(bench), ...parameters]);
    const listed = await command('list');
    expectThat(new RegExp(`${topic}-id\\s+1\\s+\\d+\\s+CompleteCommit`).test(listed), 'the transaction is not listed', listed);
    const described = await command('describe', '--transactional-id', `${topic}-id`);
    expectThat(described.includes('CompleteCommit'), 'the transaction is described otherwise', described);
    const producers = await command('describe-producers', '--topic', topic, '--partition', '0');
    expectThat(/\n\d+\s+\d+\s+\d+\s+-?\d+/.test(producers), 'producers are not described', producers);
    await command('find-hanging', '--broker-id', '1', '--topic', topic);
    const startOffset = await leaveOpen(bench, topic);
    await command('abort', '--topic', topic, '--partition', '0', '--start-offset', String(startOffset));
    const after = await command('describe-producers', '--topic', topic, '--partition', '0');
    expectThat(!after.includes(String(startOffset)), 'the transaction is still open', after);
    return 'list, describe, describe-producers, find-hanging, abort';
  },
};

const deleteRecords: Judge = {
  name: 'DeleteRecordsCommand and GetOffsetShell',
  async run(bench) {
    const topic = bench.name('offsets');
    await topicCommand(bench, '--create', '--topic', topic, '--partitions', '1');
    await fill(bench, topic, 20);
    const file = bench.java.file('delete.json', JSON.stringify({ version: 1, partitions: [{ topic, partition: 0, offset: 7 }] }));
    const deleted = await bench.java.mustRun('org.apache.kafka.tools.DeleteRecordsCommand', [...at(bench), '--offset-json-file', file]);
    expectThat(deleted.includes('low_watermark: 7'), 'records are not deleted', deleted);
    const offset = (time: string) =>
      bench.java.mustRun('org.apache.kafka.tools.GetOffsetShell', [...at(bench), '--topic', topic, '--time', time]);
    expectThat((await offset('earliest')).includes(`${topic}:0:7`), 'the first offset is another one');
    expectThat((await offset('latest')).includes(`${topic}:0:20`), 'the last offset is another one');
    expectThat((await offset('max-timestamp')).includes(`${topic}:0:`), 'there is no offset of the largest timestamp');
    return 'delete, earliest, latest, max-timestamp';
  },
};

const acls: Judge = {
  name: 'AclCommand',
  async run(bench) {
    const topic = bench.name('acls');
    const command = (...parameters: readonly string[]) =>
      bench.java.mustRun('org.apache.kafka.tools.AclCommand', [...at(bench), '--topic', topic, ...parameters]);
    await command('--add', '--allow-principal', 'User:alice', '--operation', 'Read', '--allow-host', '127.0.0.1');
    const listed = await command('--list');
    expectThat(/principal=User:alice, host=127.0.0.1, operation=READ, permissionType=ALLOW/.test(listed), 'the ACL is not listed', listed);
    await command('--remove', '--force');
    expectThat(!(await command('--list')).includes('User:alice'), 'the ACL is still listed');
    return 'add, list, remove';
  },
};

export const toolJudges: readonly Judge[] = [apiVersions, topics, configs, groups, transactions, deleteRecords, acls];
