import type { Command } from 'commander';
import { type ConfigEntry, describeConfigs } from '../admin/resource-configs.ts';
import { examples, newCommand } from '../command.ts';
import { type ConnectOptions, withClient, withConnection } from '../connect-options.ts';
import { printJson, printLine, printTable } from '../output.ts';
import { type ResourceOptions, resourceOf, withResource } from '../resource-options.ts';

interface Options extends ConnectOptions, ResourceOptions {
  readonly all?: boolean;
  readonly docs?: boolean;
  readonly json?: boolean;
}

/** Values that somebody set, rather than defaults. */
const SET_BY_SOMEBODY = /^(DYNAMIC|STATIC|GROUP|CLIENT)/;
/** Of a topic, the broker's settings are defaults too. */
const SET_FOR_TOPIC = /^DYNAMIC_TOPIC_CONFIG$/;

/** `millrace configs describe`. */
export function configsDescribeCommand(): Command {
  const command = withResource(
    withConnection(newCommand('describe', 'configs of a topic, a broker or a group that were set; with --all the defaults too')),
  )
    .option('-a, --all', 'all configs, with defaults')
    .option('--docs', 'with what each one means, as far as the broker says')
    .option('--json', 'print JSON')
    .action((type: string | undefined, name: string | undefined, options: Options) =>
      withClient(options, async (client) => {
        const resource = resourceOf(type, name, options);
        const own = resource.type === 'topic' ? SET_FOR_TOPIC : SET_BY_SOMEBODY;
        const entries = (await describeConfigs(client, resource)).filter(({ source }) => options.all === true || own.test(source));
        if (options.json === true) return printJson({ resource, configs: entries });
        printTable(
          ['NAME', 'VALUE', 'SOURCE', ...(options.docs === true ? ['MEANING'] : [])],
          entries.map((entry) => [entry.name, shown(entry), entry.source, ...(options.docs === true ? [entry.documentation] : [])]),
        );
        if (entries.length === 0 && process.stderr.isTTY) printLine('Only defaults; --all shows them.');
      }),
    );
  return examples(command, [
    ['millrace configs describe topic orders'],
    ['millrace configs describe broker 1 --all --docs'],
    ['millrace configs describe topic orders --all --json | jq -r \'.configs[] | select(.name == "retention.ms").value\''],
  ]);
}

function shown({ value, sensitive }: ConfigEntry): string | null {
  return sensitive ? '(secret)' : value;
}
