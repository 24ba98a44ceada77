import { MillraceError } from '../errors.ts';
import { FlowNode } from '../processors/flow-node.ts';
import type { Field, FlowRecord } from '../processors/flow-record.ts';
import type { NodeRuntime } from '../processors/runtime.ts';
import { type FieldWriter, murmur2 } from '../protocol/index.ts';
import type { Serde } from '../serde/serde.ts';
import type { SinkNode as SinkSpec } from '../topology/nodes.ts';
import type { RecordContext, StreamPartitioner, TopicNameExtractor } from '../topology/operators.ts';
import { resolveTopic } from '../topology/topic-names.ts';
import type { ErrorHandling } from './error-handling.ts';
import { FieldBytes, KeyScratch } from './field-bytes.ts';
import type { OutputCollector } from './output-collector.ts';
import { type TopicOutput, UNKNOWN_PARTITION } from './topic-output.ts';

/** Writes records to a topic. What came undecoded, or still has its bytes, is copied when the serde is the same. */
export class SinkFlow extends FlowNode {
  private readonly outputs: OutputCollector;
  private readonly errors: ErrorHandling;
  private readonly keySerde: Serde<unknown>;
  private readonly valueSerde: Serde<unknown>;
  private readonly partitioner: StreamPartitioner | undefined;
  private readonly extractor: TopicNameExtractor | undefined;
  private readonly fixedTopic: TopicOutput | undefined;
  private readonly keyScratch = new KeyScratch();

  constructor(spec: SinkSpec, runtime: NodeRuntime, outputs: OutputCollector, errors: ErrorHandling) {
    super(spec.name, runtime);
    this.outputs = outputs;
    this.errors = errors;
    this.keySerde = spec.keySerde;
    this.valueSerde = spec.valueSerde;
    this.partitioner = spec.partitioner;
    if (typeof spec.topic === 'function') this.extractor = spec.topic;
    else this.fixedTopic = outputs.topic(resolveTopic(spec.topic, runtime.applicationId));
  }

  /** Errors here are the production handler's business, whoever caused them. */
  override process(record: FlowRecord): void {
    try {
      this.run(record);
    } catch (error) {
      this.errors.productionFailed(error, this.name);
      this.runtime.recordDropped('production', this.name);
    }
  }

  protected run(record: FlowRecord): void {
    const topic = this.fixedTopic ?? this.outputs.topic(this.extractor!(record.key, record.value, contextOf(record, this.runtime)));
    const key = record.keyField.isNull() ? undefined : this.keyBytes(record.keyField, topic.name);
    const partition = this.choosePartition(topic, record, key);
    const value = record.valueField;
    if (this.isUnchanged(record, key)) {
      topic.appendFields(partition, record.timestamp, record.fields!);
      return;
    }
    const { headers } = record;
    const keyWriter = FieldBytes as FieldWriter<Field>;
    if (value.isNull()) topic.append(partition, record.timestamp, keyWriter, key ?? null, null, null, headers);
    else if (value.serde === this.valueSerde) topic.append(partition, record.timestamp, keyWriter, key ?? null, FieldBytes, value, headers);
    else topic.append(partition, record.timestamp, keyWriter, key ?? null, this.valueSerde, value.get(), headers);
  }

  /**
   * An input record as it came, in the same serdes: copied in one piece. One with headers is not, so that damage in them
   * is noticed here and not by whoever reads the output.
   */
  private isUnchanged({ fields, keyField, valueField }: FlowRecord, key: Field | undefined): boolean {
    if (fields === undefined || fields.headerCount > 0) return false;
    return key === keyField && valueField.serde === this.valueSerde && !valueField.isNull();
  }

  /** The key as a field with bytes of this sink's serde. */
  private keyBytes(field: Field, topic: string): Field {
    return field.serde === this.keySerde ? field : this.keyScratch.serialize(this.keySerde, field.get(), topic);
  }

  private choosePartition(topic: TopicOutput, record: FlowRecord, key: Field | undefined): number {
    const { partitions } = topic;
    if (this.partitioner !== undefined) {
      const chosen = this.askPartitioner(this.partitioner, topic, record);
      if (chosen !== undefined) return chosen;
    }
    if (partitions === undefined) return UNKNOWN_PARTITION;
    if (key === undefined) return topic.stickyPartition();
    if (partitions === 1) return 0;
    return (this.hashKey(record, key, topic.name) & 0x7fffffff) % partitions;
  }

  private hashKey(record: FlowRecord, key: Field, topic: string): number {
    const { keySerde } = this;
    if (keySerde.partitionBytes !== undefined) return murmur2(keySerde.partitionBytes(record.key, topic));
    return murmur2(key.bytes, key.start, key.start + key.length);
  }

  private askPartitioner(partitioner: StreamPartitioner, topic: TopicOutput, record: FlowRecord): number | undefined {
    const { partitions, name } = topic;
    if (partitions === undefined) {
      throw new MillraceError(
        'MISSING_TOPIC',
        `Sink "${this.name}" has a partitioner, but topic ${name} does not exist or is not known yet: create it before the application starts.`,
        {
          context: { node: this.name, topic: name },
        },
      );
    }
    const chosen = partitioner(name, record.key, record.value, partitions);
    if (chosen === undefined || chosen === null) return undefined;
    if (Number.isInteger(chosen) && chosen >= 0 && chosen < partitions) return chosen;
    throw new MillraceError(
      'PRODUCTION_FAILED',
      `The partitioner of sink "${this.name}" chose partition ${chosen} of topic ${name}, which has 0 to ${partitions - 1}.`,
      {
        context: { node: this.name, topic: name },
      },
    );
  }
}

function contextOf(record: FlowRecord, runtime: NodeRuntime): RecordContext {
  const { topic, partition, offset } = runtime.origin;
  return { topic, partition, offset, timestamp: record.timestamp, headers: record.headers };
}
