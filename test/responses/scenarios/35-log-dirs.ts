import { AlterReplicaLogDirs, DescribeLogDirs } from '../../../src/protocol/index.ts';
import { append, batch, makeTopic } from '../preparation.ts';
import { type Scenario, versionsOf } from '../talk.ts';

export const logDirs: Scenario = {
  name: '35-log-dirs',
  async run(talk) {
    await makeTopic(talk, 'log-dirs', 2);
    await append(talk, 'log-dirs', batch(['a', 'b']));
    for (const version of versionsOf(DescribeLogDirs)) {
      const ask = (step: string, topics: { topic: string; partitions: number[] }[] | null) =>
        talk.ask(step, DescribeLogDirs, version, { topics }, topics === null ? { only: 'log-dirs' } : {});
      await ask('everything', null);
      await ask('one partition', [{ topic: 'log-dirs', partitions: [0] }]);
      await ask('a partition that is not there', [{ topic: 'log-dirs', partitions: [9] }]);
      await ask('an unknown topic', [{ topic: 'log-dirs-nowhere', partitions: [0] }]);
      await ask('nothing', []);
    }
    for (const version of versionsOf(AlterReplicaLogDirs)) {
      const topics = [{ name: 'log-dirs', partitions: [0] }];
      await talk.ask('to an unknown directory', AlterReplicaLogDirs, version, { dirs: [{ path: '/no/such/directory', topics }] });
      await talk.ask('nothing', AlterReplicaLogDirs, version, { dirs: [] });
    }
  },
};
