import { type AlterReplicaLogDirs, ErrorCode, type RequestOf, type ResponseInput } from '../../protocol/index.ts';
import type { ServedRequest } from '../dispatcher.ts';
import type { HandlerDeps } from './deps.ts';
import { findPartition } from './partitions.ts';
import { ZERO_UUID } from './uuid.ts';

type Request = RequestOf<typeof AlterReplicaLogDirs>;
type Response = ResponseInput<typeof AlterReplicaLogDirs>;

/** AlterReplicaLogDirs, versions 1 and 2. There is one data directory, so replicas can only be moved to where they are. */
export function alterReplicaLogDirsHandler(deps: HandlerDeps) {
  return (request: Request, context: ServedRequest): Response => ({
    results: request.dirs.flatMap(({ path, topics }) =>
      topics.map(({ name, partitions }) => ({
        topicName: name,
        partitions: partitions.map((partitionIndex) => {
          const { errorCode } = findPartition(deps, context.nodeId, name, ZERO_UUID, false, partitionIndex);
          const unknownDir = errorCode === ErrorCode.NONE && path !== deps.dataDirectory;
          return { partitionIndex, errorCode: unknownDir ? ErrorCode.LOG_DIR_NOT_FOUND : errorCode };
        }),
      })),
    ),
  });
}
