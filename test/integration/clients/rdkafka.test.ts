import { rdkafkaClient } from './adapters/rdkafka.ts';
import { describeClient } from './matrix.ts';

describeClient('@confluentinc/kafka-javascript, callbacks', rdkafkaClient);
