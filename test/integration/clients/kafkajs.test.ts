import { kafkajsClient } from './adapters/kafkajs.ts';
import { describeClient } from './matrix.ts';

describeClient('kafkajs', kafkajsClient);
