import { type DescribeCluster, ErrorCode, type RequestOf, type ResponseInput } from '../../protocol/index.ts';
import type { NodeRegistry } from '../nodes.ts';
import { ALL_CLUSTER_OPERATIONS, OPERATIONS_NOT_ASKED } from './authorized-operations.ts';
import type { HandlerDeps } from './deps.ts';

type Request = RequestOf<typeof DescribeCluster>;
type Response = ResponseInput<typeof DescribeCluster>;

const BROKERS = 1;
const CONTROLLERS = 2;

/** DescribeCluster, versions 0 to 2. A stopped node is what Kafka calls a fenced broker. */
export function describeClusterHandler(deps: HandlerDeps) {
  return (request: Request): Response => {
    const { clusterId } = deps;
    if (request.endpointType !== BROKERS) {
      const known = request.endpointType === CONTROLLERS;
      const errorCode = known ? ErrorCode.MISMATCHED_ENDPOINT_TYPE : ErrorCode.UNSUPPORTED_ENDPOINT_TYPE;
      const errorMessage = known
        ? 'The request was sent to an endpoint of type BROKER, but we wanted an endpoint of type CONTROLLER'
        : `Unsupported endpoint type ${request.endpointType}`;
      return { errorCode, errorMessage, clusterId: '', brokers: [] };
    }
    return {
      errorCode: ErrorCode.NONE,
      clusterId,
      controllerId: deps.nodes.controllerId(),
      brokers: brokersOf(deps.nodes, request.includeFencedBrokers),
      clusterAuthorizedOperations: request.includeClusterAuthorizedOperations ? ALL_CLUSTER_OPERATIONS : OPERATIONS_NOT_ASKED,
    };
  };
}

function brokersOf(nodes: NodeRegistry, withFenced: boolean): Response['brokers'] {
  const fenced = withFenced ? nodes.stopped() : [];
  return [...nodes.live(), ...fenced].map(({ id, host, port }) => {
    const broker = { brokerId: id, host, port, rack: nodes.rackOf(id) };
    return nodes.isLive(id) ? broker : { ...broker, isFenced: true };
  });
}
