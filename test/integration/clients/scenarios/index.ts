/** All scenarios of the client matrix. */
import type { Scenario } from '../scenario.ts';
import { adminScenarios } from './admin.ts';
import { failoverScenarios } from './failover.ts';
import { groupScenarios } from './groups.ts';
import { recordScenarios } from './records.ts';
import { transactionScenarios } from './transactions.ts';

export const scenarios: readonly Scenario[] = [
  ...adminScenarios,
  ...recordScenarios,
  ...transactionScenarios,
  ...groupScenarios,
  ...failoverScenarios,
];
