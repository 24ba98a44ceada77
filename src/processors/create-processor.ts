import type { ProcessorNode } from '../topology/nodes.ts';
import type { Operator } from '../topology/operators.ts';
import { AggregateNode } from './aggregate.ts';
import { BranchNode } from './branch.ts';
import { CustomNode } from './custom.ts';
import { FlatMapNode } from './flat-map.ts';
import { FlatMapValuesNode } from './flat-map-values.ts';
import type { FlowNode } from './flow-node.ts';
import { GlobalTableJoinNode } from './global-table-join.ts';
import { JoinWindowNode } from './join-window.ts';
import { PassThroughNode } from './pass-through.ts';
import type { NodeRuntime } from './runtime.ts';
import { isStateless, StatelessNode, type StatelessSpec } from './stateless.ts';
import { StreamJoinNode } from './stream-join.ts';
import { StreamTableJoinNode } from './stream-table-join.ts';
import { TableFilterNode } from './table-filter.ts';
import { TableMapValuesNode } from './table-map-values.ts';
import { TableSourceNode } from './table-source.ts';
import { WindowAggregateNode } from './window-aggregate.ts';

/** Makes the running operator of a node; the task connects it to its children afterwards. */
export function createProcessor(node: ProcessorNode, runtime: NodeRuntime): FlowNode {
  return isStateless(node) ? new StatelessNode([node], runtime) : createOther(node as OtherSpec, runtime);
}

interface OtherSpec extends ProcessorNode {
  readonly operator: Exclude<Operator, StatelessSpec['operator']>;
}

function createOther(node: OtherSpec, runtime: NodeRuntime): FlowNode {
  const { name, operator, sendOldValues } = node;
  switch (operator.type) {
    case 'flatMap':
      return new FlatMapNode(name, runtime, operator.mapper);
    case 'flatMapValues':
      return new FlatMapValuesNode(name, runtime, operator.mapper);
    case 'passThrough':
    case 'tableToStream':
      return new PassThroughNode(name, runtime);
    case 'branch':
      return new BranchNode(name, runtime, operator.predicates, operator.hasDefault);
    case 'tableSource':
      return new TableSourceNode(name, runtime, operator.store, sendOldValues);
    case 'tableFilter':
      return new TableFilterNode(name, runtime, operator.predicate, operator.not, operator.store, sendOldValues);
    case 'tableMapValues':
      return new TableMapValuesNode(name, runtime, operator.mapper, operator.store, sendOldValues);
    case 'aggregate':
      return new AggregateNode(name, runtime, operator, operator.store, sendOldValues);
    case 'windowAggregate':
      return new WindowAggregateNode(name, runtime, operator, sendOldValues);
    case 'streamTableJoin':
      return new StreamTableJoinNode(name, runtime, operator.left, operator.joiner, operator.store, operator.view);
    case 'streamGlobalTableJoin':
      return new GlobalTableJoinNode(name, runtime, operator.left, operator.keySelector, operator.joiner, operator.store);
    case 'joinWindow':
      return new JoinWindowNode(name, runtime, operator.store);
    case 'streamJoin':
      return new StreamJoinNode(name, runtime, operator);
    case 'custom':
      return new CustomNode(name, runtime, operator.supplier, node.stores);
  }
}
