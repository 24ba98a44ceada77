import type { ShardSettings } from '../shard/messages.ts';
import type { TopologyOptions } from '../topology/definitions.ts';
import type { ExceptionHandlers } from '../topology/handlers.ts';

type NamedHandlers = Pick<ShardSettings, 'deserializationExceptionHandler' | 'processingExceptionHandler' | 'productionExceptionHandler'>;

export interface TaskHandlers extends ExceptionHandlers {
  /** False where the processing handler always says `fail`. Default true. */
  readonly mayContinue?: boolean;
}

/** The handlers of a topology: its own functions, else what the config names. */
export function handlersFor(topology: { readonly options: TopologyOptions }, settings: NamedHandlers): TaskHandlers {
  const { options } = topology;
  return {
    deserialization: options.deserializationExceptionHandler ?? (() => settings.deserializationExceptionHandler),
    processing: options.processingExceptionHandler ?? (() => settings.processingExceptionHandler),
    mayContinue: options.processingExceptionHandler !== undefined || settings.processingExceptionHandler !== 'fail',
    production: options.productionExceptionHandler ?? (() => settings.productionExceptionHandler),
  };
}
