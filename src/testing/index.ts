/** Tests of topologies without a broker: `import { TopologyTestDriver } from 'millrace/testing'`. */
export { type InputRecord, TestInputTopic, type TestInputTopicOptions } from './test-input-topic.ts';
export { type OutputRecord, TestOutputTopic } from './test-output-topic.ts';
export { TopologyTestDriver, type TopologyTestDriverOptions } from './topology-test-driver.ts';
