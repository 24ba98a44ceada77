/** What both brokers are started with where they are compared: everything small, and no waiting for group members. */
export const COMMON_CONFIG: Readonly<Record<string, string>> = {
  'offsets.topic.replication.factor': '1',
  'offsets.topic.num.partitions': '1',
  'transaction.state.log.replication.factor': '1',
  'transaction.state.log.min.isr': '1',
  'transaction.state.log.num.partitions': '1',
  'num.partitions': '2',
  'group.initial.rebalance.delay.ms': '0',
  'group.consumer.assignment.interval.ms': '0',
};
