import { ErrorCode, KafkaProtocolError } from '../../protocol/index.ts';

/**
 * DescribeAcls, CreateAcls and DeleteAcls, versions 1 to 3 each. There is no authorizer; Kafka without one answers the
 * same. The dispatcher puts the error where each of the responses has its place for it.
 */
export function withoutAuthorizer(): never {
  throw new KafkaProtocolError(ErrorCode.SECURITY_DISABLED, 'No Authorizer is configured.');
}
