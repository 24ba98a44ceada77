import type { Command } from 'commander';
import pc from 'picocolors';
import { isMillraceError, type MillraceError } from '../../errors.ts';
import { groupLag, type PartitionLag } from '../admin/group-lag.ts';
import { type DescribedGroup, describeGroup, listGroups } from '../admin/groups.ts';
import { aliasOf, collectList, examples, newCommand, usageError } from '../command.ts';
import { type ConnectOptions, withClient, withConnection } from '../connect-options.ts';
import { printJson, printLine, printTable, reportFailures } from '../output.ts';

interface Options extends ConnectOptions {
  readonly group?: readonly string[];
  readonly allGroups?: boolean;
  readonly members?: boolean;
  readonly state?: boolean;
  readonly json?: boolean;
}

interface Described {
  readonly group: DescribedGroup;
  readonly partitions: readonly PartitionLag[];
}

/** `millrace groups describe`. */
export function groupsDescribeCommand(): Command {
  const command = withConnection(newCommand('describe', 'state, members, offsets and lag of groups'))
    .argument('[group...]', 'ids')
    .option('--all-groups', 'all groups there are')
    .option('--members', 'the members instead of the offsets')
    .option('--state', 'the state instead of the offsets')
    .option('--json', 'print JSON, with all of it')
    .addOption(aliasOf('--group <id>', 'group', collectList))
    .addOption(aliasOf('--offsets', 'offsets'))
    .action(async (ids: string[], options: Options) => {
      const asked = [...ids, ...(options.group ?? [])];
      if (asked.length === 0 && options.allGroups !== true)
        throw usageError('millrace groups describe needs the id of a group, or --all-groups.');
      await withClient(options, async (client) => {
        const groupIds = options.allGroups === true ? (await listGroups(client, [], [])).map(({ groupId }) => groupId) : asked;
        const described: Described[] = [];
        const errors: MillraceError[] = [];
        for (const groupId of groupIds) {
          try {
            const group = await describeGroup(client, groupId);
            described.push({ group, partitions: await groupLag(client, group) });
          } catch (error) {
            if (!isMillraceError(error)) throw error;
            errors.push(error);
          }
        }
        if (options.json === true) printJson({ groups: described.map(json) });
        else if (options.state === true) printStates(described);
        else for (const one of described) print(one, options);
        reportFailures(errors);
      });
    });
  return examples(command, [
    ['millrace groups describe billing'],
    ['millrace groups describe billing --members'],
    ["millrace groups describe billing --json | jq '.groups[0].totalLag'"],
  ]);
}

function totalLag(partitions: readonly PartitionLag[]): number {
  return partitions.reduce((sum, { lag }) => sum + (lag ?? 0), 0);
}

function json({ group, partitions }: Described) {
  return {
    ...group,
    totalLag: totalLag(partitions),
    offsets: partitions.map(({ member, ...partition }) => ({
      ...partition,
      memberId: member?.memberId ?? null,
      clientId: member?.clientId ?? null,
      host: member?.host ?? null,
    })),
  };
}

function printStates(described: readonly Described[]): void {
  printTable(
    ['GROUP', 'COORDINATOR', 'TYPE', 'ASSIGNOR', 'STATE', 'MEMBERS', 'LAG'],
    described.map(({ group, partitions }) => [
      group.groupId,
      group.coordinator,
      group.type,
      group.assignor,
      group.state,
      group.members.length,
      totalLag(partitions),
    ]),
  );
}

function print({ group, partitions }: Described, { members }: Options): void {
  const count = group.members.length;
  printLine(`${pc.bold(group.groupId)}  ${group.state}  ${count} ${count === 1 ? 'member' : 'members'}  lag ${totalLag(partitions)}`);
  if (members === true) {
    printTable(
      ['GROUP', 'CONSUMER-ID', 'INSTANCE-ID', 'HOST', 'CLIENT-ID', '#PARTITIONS', 'ASSIGNMENT'],
      group.members.map((member) => [
        group.groupId,
        member.memberId,
        member.instanceId,
        member.host,
        member.clientId,
        member.partitions.length,
        assignmentText(member.partitions),
      ]),
    );
    return;
  }
  printTable(
    ['GROUP', 'TOPIC', 'PARTITION', 'CURRENT-OFFSET', 'LOG-END-OFFSET', 'LAG', 'CONSUMER-ID', 'HOST', 'CLIENT-ID'],
    partitions.map(({ topic, partition, committedOffset, endOffset, lag, member }) => [
      group.groupId,
      topic,
      partition,
      committedOffset,
      endOffset,
      lag,
      member?.memberId,
      member?.host,
      member?.clientId,
    ]),
  );
}

/** `orders(0,1), clicks(3)`. */
function assignmentText(partitions: readonly { readonly topic: string; readonly partition: number }[]): string {
  const byTopic = new Map<string, number[]>();
  for (const { topic, partition } of partitions) byTopic.set(topic, [...(byTopic.get(topic) ?? []), partition]);
  return [...byTopic].map(([topic, list]) => `${topic}(${list.sort((a, b) => a - b).join(',')})`).join(', ');
}
