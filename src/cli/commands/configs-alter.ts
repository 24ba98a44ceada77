import type { Command } from 'commander';
import { alterConfigs, type ConfigChange, describeResource } from '../admin/resource-configs.ts';
import { aliasOf, collectList, collectPairs, examples, newCommand, usageError } from '../command.ts';
import { type ConnectOptions, withClient, withConnection } from '../connect-options.ts';
import { printJson, printLine } from '../output.ts';
import { collectAddConfig, type ResourceOptions, resourceOf, withResource } from '../resource-options.ts';

interface Options extends ConnectOptions, ResourceOptions {
  readonly set?: Readonly<Record<string, string>>;
  readonly delete?: readonly string[];
  readonly json?: boolean;
}

/** `millrace configs alter`. */
export function configsAlterCommand(): Command {
  const command = withResource(
    withConnection(newCommand('alter', 'set or delete configs of a topic, a broker or a group; others stay as they are')),
  )
    .option('-s, --set <name=value>', 'config to set; may be repeated', collectPairs)
    .option('-d, --delete <name>', 'config that gets its default back; may be repeated', collectList)
    .option('--json', 'print JSON')
    .addOption(aliasOf('--add-config <name=value,...>', 'set', collectAddConfig))
    .addOption(aliasOf('--config <name=value>', 'set', collectPairs))
    .addOption(aliasOf('--delete-config <name,...>', 'delete', collectList))
    .action(async (type: string | undefined, name: string | undefined, options: Options) => {
      const resource = resourceOf(type, name, options);
      const changes: ConfigChange[] = [
        ...Object.entries(options.set ?? {}),
        ...(options.delete ?? []).map((each): ConfigChange => [each, null]),
      ];
      if (changes.length === 0) throw usageError('Nothing to alter: give --set NAME=VALUE or --delete NAME.');
      await withClient(options, (client) => alterConfigs(client, resource, changes));
      if (options.json === true) printJson({ resource, configs: Object.fromEntries(changes) });
      else printLine(`Altered the configs of ${describeResource(resource)}.`);
    });
  return examples(command, [
    ['millrace configs alter topic orders --set retention.ms=3600000 --delete cleanup.policy'],
    ['millrace configs alter broker --set log.retention.ms=86400000', 'the default of all brokers'],
    ['millrace configs alter group billing --set consumer.session.timeout.ms=60000'],
  ]);
}
