import { type KafkaClient, kafkaFailure } from '../../client/index.ts';
import { AlterUserScramCredentials, ErrorCode, type RequestInput } from '../../protocol/index.ts';

type Changes = Partial<RequestInput<typeof AlterUserScramCredentials>>;

/** Sets and deletes SCRAM credentials (KIP-554); `action` completes "… failed". */
export async function alterScramCredentials(
  client: KafkaClient,
  action: string,
  { upsertions = [], deletions = [] }: Changes,
): Promise<void> {
  const { results } = await client.request(AlterUserScramCredentials, { upsertions, deletions }, 'controller');
  const failed = results.find(({ errorCode }) => errorCode !== ErrorCode.NONE);
  if (failed !== undefined) throw kafkaFailure(failed.errorCode, action, { message: failed.errorMessage, context: { user: failed.user } });
}
