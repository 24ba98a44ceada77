/**
 * Kafka Streams as the judge of our semantics: `npm run test:java [-- --seeds N] [-- --write]`.
 *
 * Runs all scenarios of test/golden, and N random ones more (default 500), through Kafka Streams' TopologyTestDriver
 * (test/java), and compares: the committed outcomes with those, Millrace with those, and the committed topology
 * descriptions of test/unit/dsl/golden. `--write` writes the committed files anew instead of comparing them.
 *
 * Needs a JDK (17 or newer) and Maven, which fetches the jars from Maven Central when they are asked for first. Without
 * them it says what it skips and ends with code 0; set JAVA_JUDGE_REQUIRED=1 to have that be an error.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual, parseArgs } from 'node:util';
import { comparable, expectedHere } from '../test/golden/deviations.ts';
import { fingerprint, formatOutcomeFile } from '../test/golden/outcome-file.ts';
import { runScenario } from '../test/golden/run-scenario.ts';
import { committedGroups, FIRST_SEED_NOT_COMMITTED, randomScenarios } from '../test/golden/scenarios/index.ts';

const DEFAULT_SEEDS = 500;
const MAX_DIFFERENCES_SHOWN = 5;

/** @param {string} path */
const here = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));
const EXPECTED = here('test/golden/expected');
const DESCRIPTIONS = here('test/unit/dsl/golden');
const POM = here('test/java/pom.xml');

/** Said, and then the process ends: nothing is wrong, but nothing was checked either. */
class Skipped extends Error {}

/**
 * @param {string} command
 * @param {string[]} parameters
 */
function run(command, parameters) {
  const result = spawnSync(command, parameters, { encoding: 'utf8', maxBuffer: 1 << 28 });
  return { ok: result.status === 0, missing: result.error !== undefined, text: `${result.stdout ?? ''}${result.stderr ?? ''}`.trim() };
}

/** @param {string} directory */
function classPathFromMaven(directory) {
  for (const [tool, purpose] of [
    ['javac', 'a JDK, 17 or newer (Debian: openjdk-17-jdk-headless)'],
    ['mvn', 'Maven (Debian: maven)'],
  ]) {
    if (run(String(tool), ['-version']).missing) throw new Skipped(`"${tool}" is not installed: it takes ${purpose}.`);
  }
  const file = join(directory, 'classpath.txt');
  const parameters = ['-q', '-B', '-f', POM, 'dependency:build-classpath', `-Dmdep.outputFile=${file}`];
  // Offline first: Maven Central is asked only for what is not there yet.
  if (run('mvn', ['-o', ...parameters]).ok) return readFileSync(file, 'utf8').trim();
  console.log('Fetching the jars of Kafka Streams from Maven Central …');
  const online = run('mvn', parameters);
  if (!online.ok) throw new Skipped(`Maven could not get the jars of ${POM}:\n${online.text.slice(0, 2_000)}`);
  return readFileSync(file, 'utf8').trim();
}

/**
 * @param {string} command
 * @param {string[]} parameters
 */
function mustRun(command, parameters) {
  const { ok, text } = run(command, parameters);
  if (!ok) throw new Error(`${command} failed:\n${text.slice(0, 4_000)}`);
  if (process.env['JUDGE_TRACE'] !== undefined && text !== '') console.log(text);
}

/**
 * What Kafka Streams makes of scenarios, by name.
 *
 * @param {readonly import('../test/golden/scenario.ts').Scenario[]} scenarios
 * @param {string} directory
 * @param {string} classPath
 * @returns {Record<string, import('../test/golden/scenario.ts').Outcome>}
 */
function askKafkaStreams(scenarios, directory, classPath) {
  const classes = join(directory, 'classes');
  const sources = readdirSync(here('test/java/judge')).map((name) => here(`test/java/judge/${name}`));
  mustRun('javac', ['-nowarn', '-d', classes, '-cp', classPath, ...sources]);
  const [input, output] = [join(directory, 'scenarios.json'), join(directory, 'outcomes.json')];
  writeFileSync(input, JSON.stringify(scenarios));
  mustRun('java', ['-cp', `${classes}:${classPath}`, 'judge.Judge', input, output]);
  return JSON.parse(readFileSync(output, 'utf8'));
}

/** Collects complaints and shows the first ones. */
class Complaints {
  count = 0;

  /** @param {string} text */
  add(text) {
    this.count++;
    if (this.count <= MAX_DIFFERENCES_SHOWN) console.log(`\n✗ ${text}`);
  }
}

/**
 * @param {unknown} ours
 * @param {unknown} theirs
 * @param {string} path
 * @returns {string[]} the places where two values differ, deepest first
 */
function differences(ours, theirs, path = '') {
  if (isDeepStrictEqual(ours, theirs)) return [];
  if (isObject(ours) && isObject(theirs)) {
    return [...new Set([...Object.keys(ours), ...Object.keys(theirs)])].flatMap((key) =>
      differences(ours[key], theirs[key], `${path}/${key}`),
    );
  }
  return [`  ${path}\n    here:          ${JSON.stringify(ours)}\n    Kafka Streams: ${JSON.stringify(theirs)}`];
}

/**
 * @param {unknown} value
 * @returns {value is Record<string, unknown>}
 */
function isObject(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * @param {readonly import('../test/golden/scenario.ts').Scenario[]} scenarios
 * @param {Record<string, import('../test/golden/scenario.ts').Outcome>} outcomes
 * @param {Complaints} complaints
 */
function compareMillrace(scenarios, outcomes, complaints) {
  for (const scenario of scenarios) {
    const { name } = scenario;
    const theirs = /** @type {import('../test/golden/scenario.ts').Outcome} */ (outcomes[name]);
    const expected = expectedHere(scenario, theirs);
    const ours = JSON.parse(JSON.stringify(comparable(scenario, runScenario(scenario))));
    const places = differences(ours, expected);
    if (places.length > 0) complaints.add(`Millrace differs in scenario "${name}":\n${places.join('\n')}`);
  }
}

/**
 * @param {Record<string, import('../test/golden/scenario.ts').Outcome>} outcomes
 * @param {boolean} write
 * @param {Complaints} complaints
 */
function checkCommitted(outcomes, write, complaints) {
  const kafkaStreams = /<version>([^<]+)<\/version>\s*<\/dependency>/.exec(readFileSync(POM, 'utf8'))?.[1] ?? 'unknown';
  mkdirSync(EXPECTED, { recursive: true });
  for (const [group, scenarios] of Object.entries(committedGroups)) {
    const expectations = Object.fromEntries(
      scenarios.map((scenario) => [scenario.name, { scenario: fingerprint(scenario), outcome: outcomes[scenario.name] }]),
    );
    const file = join(EXPECTED, `${group}.json`);
    const text = formatOutcomeFile(/** @type {import('../test/golden/outcome-file.ts').OutcomeFile} */ ({ kafkaStreams, expectations }));
    if (write) writeFileSync(file, text);
    else if (readOrEmpty(file) !== text)
      complaints.add(`${file} is not what Kafka Streams says now: run again with --write and look at the change.`);
  }
}

/**
 * @param {string} directory
 * @param {string} classPath
 * @param {boolean} write
 * @param {Complaints} complaints
 */
function checkDescriptions(directory, classPath, write, complaints) {
  const fresh = join(directory, 'descriptions');
  mustRun('java', ['-cp', classPath, join(DESCRIPTIONS, 'GoldenTopologies.java'), fresh]);
  const names = readdirSync(fresh);
  for (const name of names) {
    const text = readFileSync(join(fresh, name), 'utf8');
    const file = join(DESCRIPTIONS, name);
    if (write) writeFileSync(file, text);
    else if (readOrEmpty(file) !== text) complaints.add(`${file} is not what Kafka Streams describes now.`);
  }
  return names.length;
}

/** @param {string} file */
function readOrEmpty(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

/**
 * @param {number} seeds
 * @param {boolean} write
 */
function judge(seeds, write) {
  const directory = mkdtempSync(join(tmpdir(), 'java-judge-'));
  try {
    const classPath = classPathFromMaven(directory);
    const committed = Object.values(committedGroups).flat();
    const scenarios = [...committed, ...randomScenarios(FIRST_SEED_NOT_COMMITTED, FIRST_SEED_NOT_COMMITTED + seeds - 1)];
    const outcomes = askKafkaStreams(scenarios, directory, classPath);
    const complaints = new Complaints();
    checkCommitted(outcomes, write, complaints);
    const descriptions = checkDescriptions(directory, classPath, write, complaints);
    compareMillrace(scenarios, outcomes, complaints);
    if (complaints.count === 0) {
      console.log(
        `Kafka Streams and Millrace agree: ${committed.length} committed scenarios, ${seeds} random ones more, ${descriptions} descriptions.`,
      );
      if (write) console.log('The committed files are written.');
      return 0;
    }
    console.log(`\n${complaints.count} complaints${complaints.count > MAX_DIFFERENCES_SHOWN ? `, ${MAX_DIFFERENCES_SHOWN} shown` : ''}.`);
    return 1;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** @param {string} message */
function skip(message) {
  console.log(`SKIPPED: Kafka Streams was not asked. ${message}`);
  console.log(
    'Not checked: the committed outcomes and descriptions against Kafka Streams, and random scenarios beyond the committed ones.',
  );
  console.log('"npm test" compares Millrace with the committed outcomes without Java.');
  return process.env['JAVA_JUDGE_REQUIRED'] === '1' ? 1 : 0;
}

const { values } = parseArgs({
  options: { seeds: { type: 'string', default: String(DEFAULT_SEEDS) }, write: { type: 'boolean', default: false } },
});
const seeds = Number(values.seeds);
if (!Number.isSafeInteger(seeds) || seeds < 0) {
  console.error(`--seeds must be a whole number, not "${values.seeds}".`);
  process.exitCode = 1;
} else {
  try {
    process.exitCode = judge(seeds, values.write);
  } catch (error) {
    if (!(error instanceof Skipped)) throw error;
    process.exitCode = skip(error.message);
  }
}
