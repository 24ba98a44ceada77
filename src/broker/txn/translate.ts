/** Error codes for clients that are too old for the ones the coordinator thinks in. */

import { Code } from '../coordinator/index.ts';

/** First version of each API whose clients know PRODUCER_FENCED; older ones stop at INVALID_PRODUCER_EPOCH. */
export const KNOWS_PRODUCER_FENCED = { initProducerId: 4, addPartitionsToTxn: 2, addOffsetsToTxn: 2, endTxn: 2 } as const;

export function producerErrorFor(errorCode: number, version: number, knowsFencedFrom: number): number {
  return errorCode === Code.PRODUCER_FENCED && version < knowsFencedFrom ? Code.INVALID_PRODUCER_EPOCH : errorCode;
}
