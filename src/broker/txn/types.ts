/** What the transaction coordinator is asked and what it answers, free of protocol versions. Codes are Kafka's. */

/** A producer as it names itself. */
export interface ProducerIdentity {
  readonly producerId: number;
  readonly producerEpoch: number;
}

export interface ProducerResult extends ProducerIdentity {
  readonly errorCode: number;
}

export function producerError(errorCode: number): ProducerResult {
  return { errorCode, producerId: -1, producerEpoch: -1 };
}
