/** An error that a client is to see with its Kafka error code. What reads requests turns it into the response's field. */
export class KafkaProtocolError extends Error {
  /** Kafka error code, never 0. */
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.name = 'KafkaProtocolError';
    this.code = code;
  }
}
