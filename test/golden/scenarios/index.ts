import type { Scenario } from '../scenario.ts';
import { aggregations } from './aggregations.ts';
import { errors } from './errors.ts';
import { formats } from './formats.ts';
import { joins } from './joins.ts';
import { processors } from './processors.ts';
import { stateless } from './stateless.ts';
import { tables } from './tables.ts';
import { windows } from './windows.ts';

/** All written scenarios, by the file that holds what Kafka Streams made of them. */
export const scenarioGroups: Readonly<Record<string, readonly Scenario[]>> = { stateless, aggregations, windows, tables, joins, processors, formats, errors };
