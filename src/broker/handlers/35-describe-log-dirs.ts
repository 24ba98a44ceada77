import { statfs } from 'node:fs/promises';
import { type DescribeLogDirs, ErrorCode, type RequestOf, type ResponseInput } from '../../protocol/index.ts';
import type { ServedRequest } from '../dispatcher.ts';
import type { HandlerDeps } from './deps.ts';

type Request = RequestOf<typeof DescribeLogDirs>;
type Response = ResponseInput<typeof DescribeLogDirs>;
type TopicResult = Response['results'][number]['topics'][number];

/** DescribeLogDirs, versions 1 to 5. There is one data directory; each node shows the partitions that it has a replica of. */
export function describeLogDirsHandler(deps: HandlerDeps) {
  return async (request: Request, context: ServedRequest): Promise<Response> => {
    const { totalBytes, usableBytes } = await spaceOf(deps.dataDirectory);
    const result = {
      errorCode: ErrorCode.NONE,
      logDir: deps.dataDirectory,
      topics: topicsOf(deps, request, context.nodeId),
      totalBytes,
      usableBytes,
    };
    return { errorCode: ErrorCode.NONE, results: [result] };
  };
}

function topicsOf(deps: HandlerDeps, request: Request, nodeId: number): TopicResult[] {
  const wanted = request.topics === null ? undefined : new Map(request.topics.map(({ topic, partitions }) => [topic, new Set(partitions)]));
  const results: TopicResult[] = [];
  for (const topic of deps.topics.all()) {
    const indexes = wanted === undefined ? undefined : (wanted.get(topic.name) ?? new Set<number>());
    const partitions = topic.partitions
      .filter((log) => (indexes?.has(log.partition) ?? true) && topic.replicasOf(log.partition).includes(nodeId))
      .map((log) => ({ partitionIndex: log.partition, partitionSize: log.sizeInBytes, offsetLag: 0, isFutureKey: false }));
    if (partitions.length > 0) results.push({ name: topic.name, partitions });
  }
  return results;
}

const UNKNOWN_SPACE = { totalBytes: -1, usableBytes: -1 };

/** The size and free space of the disk; unknown on file systems that do not tell. */
async function spaceOf(directory: string): Promise<{ totalBytes: number; usableBytes: number }> {
  try {
    const { bsize, blocks, bavail } = await statfs(directory);
    return { totalBytes: bsize * blocks, usableBytes: bsize * bavail };
  } catch {
    return UNKNOWN_SPACE;
  }
}
