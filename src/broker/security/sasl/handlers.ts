import { ErrorCode, SaslAuthenticate, SaslHandshake } from '../../../protocol/index.ts';
import { type HandlerMap, handle } from '../../coordinator/handler-map.ts';

const NOTHING = Buffer.alloc(0);

/**
 * SaslHandshake, versions 0 and 1, and SaslAuthenticate, 0 to 2, where nobody logs in: the gate before a SASL listener
 * keeps those that count. What comes here is out of place, and Kafka's answers say so.
 */
export function addSaslHandlers(handlers: HandlerMap): void {
  handle(handlers, SaslHandshake, () => ({ errorCode: ErrorCode.ILLEGAL_SASL_STATE, mechanisms: [] }));
  handle(handlers, SaslAuthenticate, () => ({
    errorCode: ErrorCode.ILLEGAL_SASL_STATE,
    errorMessage: 'SaslAuthenticate request received after successful authentication',
    authBytes: NOTHING,
  }));
}
