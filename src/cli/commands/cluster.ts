import type { Command } from 'commander';
import pc from 'picocolors';
import { type KafkaClient, kafkaFailure } from '../../client/index.ts';
import { isMillraceError } from '../../errors.ts';
import { ApiVersions, apiByKey, DescribeCluster } from '../../protocol/index.ts';
import { aliasOf, examples, newCommand } from '../command.ts';
import { type ConnectOptions, withClient, withConnection } from '../connect-options.ts';
import { printJson, printLine, printTable } from '../output.ts';

interface Options extends ConnectOptions {
  readonly apis?: boolean;
  readonly json?: boolean;
}

/** `millrace cluster`, what `kafka-cluster.sh`, `kafka-broker-api-versions.sh` and `kcat -L` tell. */
export function clusterCommand(): Command {
  const command = withConnection(newCommand('cluster', 'cluster id, brokers, controller and features'))
    .argument('[what]', '"api-versions" for what brokers can do', (text) => text)
    .option('--apis', 'with the API versions of each broker')
    .option('--json', 'print JSON')
    .addOption(aliasOf('--describe', 'describe'))
    .action((what: string | undefined, options: Options) =>
      withClient(options, async (client) => {
        const cluster = await describe(client);
        const withApis = options.apis === true || what === 'api-versions';
        const apis = withApis ? await Promise.all(cluster.brokers.map(({ id }) => apisOf(client, id))) : [];
        const features = Object.fromEntries((await client.versions()).features);
        if (options.json === true) {
          return printJson({
            ...cluster,
            features,
            brokers: cluster.brokers.map((broker, index) => ({ ...broker, ...(withApis && { apis: apis[index] }) })),
          });
        }
        printLine(`${pc.bold('cluster')} ${cluster.clusterId ?? '-'}`);
        printLine(
          `${pc.bold('features')} ${
            Object.entries(features)
              .map(([name, level]) => `${name}=${level}`)
              .join(', ') || '-'
          }`,
        );
        printTable(
          ['BROKER', 'HOST', 'PORT', 'RACK', 'ROLE'],
          cluster.brokers.map(({ id, host, port, rack }) => [id, host, port, rack, id === cluster.controllerId ? 'controller' : '']),
        );
        for (const [index, { id }] of cluster.brokers.entries()) {
          if (!withApis) break;
          printLine(`\n${pc.bold(`broker ${id}`)}`);
          printTable(
            ['KEY', 'API', 'FROM', 'TO'],
            (apis[index] ?? []).map(({ key, name, from, to }) => [key, name, from, to]),
          );
        }
      }),
    );
  return examples(command, [['millrace cluster'], ['millrace cluster api-versions -b kafka-1:9092']]);
}

interface Cluster {
  readonly clusterId: string | null;
  readonly controllerId: number | null;
  readonly brokers: readonly { readonly id: number; readonly host: string; readonly port: number; readonly rack: string | null }[];
}

/** By DescribeCluster where brokers have it (2.8), else by the metadata. */
async function describe(client: KafkaClient): Promise<Cluster> {
  try {
    const answer = await client.request(DescribeCluster, { includeClusterAuthorizedOperations: false }, 'any');
    if (answer.errorCode !== 0) throw kafkaFailure(answer.errorCode, 'Describing the cluster', { message: answer.errorMessage });
    return {
      clusterId: answer.clusterId,
      controllerId: answer.controllerId < 0 ? null : answer.controllerId,
      brokers: answer.brokers.map(({ brokerId, host, port, rack }) => ({ id: brokerId, host, port, rack })).sort((a, b) => a.id - b.id),
    };
  } catch (error) {
    if (!isMillraceError(error) || error.code !== 'UNSUPPORTED_VERSION') throw error;
    const { clusterId, controllerId, nodes } = await client.metadata([]);
    return { clusterId, controllerId: controllerId < 0 ? null : controllerId, brokers: [...nodes].sort((a, b) => a.id - b.id) };
  }
}

async function apisOf(client: KafkaClient, node: number) {
  const { apiKeys } = await client.request(
    ApiVersions,
    ({ version }) => (version >= 3 ? { clientSoftwareName: 'millrace', clientSoftwareVersion: '1' } : {}),
    { node },
    { errorOf: ({ errorCode }) => errorCode },
  );
  return apiKeys
    .map(({ apiKey, minVersion, maxVersion }) => ({ key: apiKey, name: apiByKey(apiKey)?.name ?? null, from: minVersion, to: maxVersion }))
    .sort((a, b) => a.key - b.key);
}
