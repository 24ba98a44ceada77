import type { MillraceError } from '../errors.ts';

/** An error of ours as users see it. Our code stands at its end, unless Kafka's own name is in the sentence already. */
export function errorText(error: MillraceError): string {
  return error.context['kafkaError'] === undefined ? `${error.message} [${error.code}]` : error.message;
}
