import { confluentClient } from './adapters/confluent.ts';
import { describeClient } from './matrix.ts';

describeClient('@confluentinc/kafka-javascript, promises', confluentClient);
