/** All scenarios, in the order in which they are run against one broker. */
import type { Scenario } from '../talk.ts';
import { produce } from './00-produce.ts';
import { fetch } from './01-fetch.ts';
import { offsets } from './02-offsets.ts';
import { metadata } from './03-metadata.ts';
import { groups } from './08-groups.ts';
import { offsetCommits } from './09-offset-commits.ts';
import { apiVersions } from './18-api-versions.ts';
import { topics } from './19-topics.ts';
import { transactions } from './22-transactions.ts';
import { security } from './29-security.ts';
import { acls } from './30-acls.ts';
import { configs } from './32-configs.ts';
import { logDirs } from './35-log-dirs.ts';
import { cluster } from './43-cluster.ts';
import { quotas } from './48-quotas.ts';
import { consumerGroups } from './68-consumer-groups.ts';

export const scenarios: readonly Scenario[] = [
  produce,
  fetch,
  offsets,
  metadata,
  groups,
  offsetCommits,
  apiVersions,
  topics,
  transactions,
  security,
  acls,
  configs,
  logDirs,
  cluster,
  quotas,
  consumerGroups,
];
