import type { ShardSettings } from '../shard/messages.ts';
import type { TopologyOptions } from '../topology/definitions.ts';
import type { ExceptionHandlers } from '../topology/handlers.ts';

type NamedHandlers = Pick<
  ShardSettings,
  'deserializationExceptionHandler' | 'processingExceptionHandler' | 'productionExceptionHandler'
>;

/** The handlers of a topology: its own functions, else what the config names. */
export function handlersFor(topology: { readonly options: TopologyOptions }, settings: NamedHandlers): ExceptionHandlers {
  const { options } = topology;
  return {
    deserialization: options.deserializationExceptionHandler ?? (() => settings.deserializationExceptionHandler),
    processing: options.processingExceptionHandler ?? (() => settings.processingExceptionHandler),
    production: options.productionExceptionHandler ?? (() => settings.productionExceptionHandler),
  };
}
