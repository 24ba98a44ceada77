import { type Command, InvalidArgumentError } from 'commander';
import { RESOURCE_TYPES, type Resource, type ResourceType } from './admin/resource-configs.ts';
import { aliasOf, usageError } from './command.ts';

/** How a command line names what configs belong to. */
export interface ResourceOptions {
  readonly topic?: string;
  readonly broker?: string;
  readonly group?: string;
  readonly clientMetrics?: string;
  readonly brokerLogger?: string;
  readonly entityType?: string;
  readonly entityName?: string;
  readonly entityDefault?: boolean;
}

/** Adds `[type] [name]` and the options of kafka-configs.sh. */
export function withResource(command: Command): Command {
  return command
    .argument('[type]', 'topic, broker, group, client-metrics or broker-logger')
    .argument('[name]', 'of the topic or group, id of the broker; without one for all brokers')
    .addOption(aliasOf('--topic <name>', 'topic'))
    .addOption(aliasOf('--broker <id>', 'broker'))
    .addOption(aliasOf('--group <id>', 'group'))
    .addOption(aliasOf('--client-metrics <name>', 'clientMetrics'))
    .addOption(aliasOf('--broker-logger <id>', 'brokerLogger'))
    .addOption(aliasOf('--broker-defaults', 'brokerDefaults'))
    .addOption(aliasOf('--entity-type <type>', 'entityType'))
    .addOption(aliasOf('--entity-name <name>', 'entityName'))
    .addOption(aliasOf('--entity-default', 'entityDefault'));
}

/** The one resource that arguments and options name. */
export function resourceOf(
  type: string | undefined,
  name: string | undefined,
  options: ResourceOptions & { readonly brokerDefaults?: boolean },
): Resource {
  const given: [string, string | undefined][] = [
    ...(type === undefined ? [] : [[type, name] as [string, string | undefined]]),
    ...(options.entityType === undefined ? [] : [[options.entityType, options.entityName] as [string, string | undefined]]),
    ...(options.brokerDefaults === true ? [['broker', ''] as [string, string]] : []),
    ...(Object.entries({
      topic: options.topic,
      broker: options.broker,
      group: options.group,
      'client-metrics': options.clientMetrics,
      'broker-logger': options.brokerLogger,
    }).filter(([, each]) => each !== undefined) as [string, string][]),
  ];
  const [only, another] = given;
  if (only === undefined || another !== undefined)
    throw usageError('Name one resource, as in: topic orders, broker 1, broker (all of them), group billing.');
  const resourceType = typeOf(only[0]);
  const resourceName = only[1] ?? '';
  if (resourceName === '' && resourceType !== 'broker') throw usageError(`Name the ${resourceType}.`);
  if (resourceType.startsWith('broker') && resourceName !== '' && !/^\d+$/.test(resourceName))
    throw usageError(`A broker is named by its id, a number, not "${resourceName}"; millrace cluster lists them.`);
  return { type: resourceType, name: resourceName };
}

function typeOf(text: string): ResourceType {
  const singular = text.toLowerCase().replace(/s$/, '');
  const found = (Object.keys(RESOURCE_TYPES) as ResourceType[]).find((type) => type === singular || type === text);
  if (found !== undefined) return found;
  if (singular === 'user') throw usageError('Credentials of users are set with: millrace users set NAME --password …');
  throw usageError(`"${text}" has no configs; there are ${Object.keys(RESOURCE_TYPES).join(', ')}.`);
}

/** For `--add-config`: Kafka's list `a=1,b=[x,y]`, in which brackets hold values with commas. */
export function collectAddConfig(text: string, previous: Readonly<Record<string, string>> = {}): Record<string, string> {
  const configs = { ...previous };
  for (const part of text.split(/,(?![^[]*\])/)) {
    const match = /^\s*([^=\s]+)\s*=\s*(?:\[(.*)\]|(.*))$/s.exec(part);
    if (match === null) throw new InvalidArgumentError('It must look like name=value, or a=1,b=[x,y] for several.');
    configs[match[1] ?? ''] = match[2] ?? match[3] ?? '';
  }
  return configs;
}
