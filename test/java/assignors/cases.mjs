/**
 * Seeded random groups for AssignorGolden.java: `node cases.mjs > cases.json`. Assignors, equal and different
 * subscriptions, static members, and previous assignments that are uneven, incomplete or of topics that were left.
 */

const CASES = 240;
const MAX_PARTITIONS = 13;

let state = 12_345;

/**
 * A whole number from 0 up to `below`. The same sequence everywhere.
 *
 * @param {number} below
 */
function random(below) {
  state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
  return Math.floor((state / 2 ** 32) * below);
}

/**
 * @typedef {Record<string, number>} Topics partitions by topic
 * @typedef {{ id: string, instance: string | null, topics: string[], owned: Record<string, number[]> }} Member
 */

/**
 * @param {Member} member
 * @param {string} topic
 * @param {number} partition
 */
function own(member, topic, partition) {
  member.owned[topic] = [...(member.owned[topic] ?? []), partition];
}

/**
 * @param {number} index
 * @param {boolean} homogeneous
 * @param {string[]} shared
 * @param {string[]} names
 * @returns {Member}
 */
function randomMember(index, homogeneous, shared, names) {
  const instance = random(4) === 0 ? `i${random(50)}-${index}` : null;
  const topics = homogeneous ? shared : names.filter(() => random(3) > 0);
  return { id: `m${String.fromCharCode(97 + index)}`, instance, topics, owned: {} };
}

/**
 * Some partitions have nobody, and many have the first member.
 *
 * @param {Member[]} members
 * @param {Topics} topics
 */
function assignRandomly(members, topics) {
  for (const [topic, partitions] of Object.entries(topics)) {
    for (let partition = 0; partition < partitions; partition++) {
      if (random(5) === 0) continue;
      own(/** @type {Member} */ (members[random(2) ? random(members.length) : 0]), topic, partition);
    }
  }
}

/** @param {number} index */
function randomCase(index) {
  const topicCount = 1 + random(5);
  const memberCount = 1 + random(7);
  const topics = /** @type {Topics} */ ({});
  for (let topic = 1; topic <= topicCount; topic++) topics[topic] = 1 + random(MAX_PARTITIONS);
  const names = Object.keys(topics);
  const homogeneous = index % 2 === 0;
  const shared = names.filter(() => random(5) > 0);
  const members = /** @type {Member[]} */ ([]);
  for (let member = 0; member < memberCount; member++) members.push(randomMember(member, homogeneous, shared, names));
  if (random(4) > 0) assignRandomly(members, topics);
  return { assignor: index % 3 === 0 ? 'range' : 'uniform', homogeneous, topics, members };
}

/**
 * Half of the members have everything.
 *
 * @param {number} memberCount
 * @param {number} topicCount
 * @param {number} partitions
 * @param {boolean} homogeneous
 */
function largeCase(memberCount, topicCount, partitions, homogeneous) {
  const topics = /** @type {Topics} */ ({});
  for (let topic = 1; topic <= topicCount; topic++) topics[topic] = partitions + topic;
  const names = Object.keys(topics);
  const members = /** @type {Member[]} */ ([]);
  for (let index = 0; index < memberCount; index++) {
    const subscribed = homogeneous ? names : names.filter(() => random(3) > 0);
    members.push({ id: `m${String(index).padStart(2, '0')}`, instance: null, topics: subscribed, owned: {} });
  }
  for (const [topic, count] of Object.entries(topics)) {
    for (let partition = 0; partition < count; partition++) {
      own(/** @type {Member} */ (members[Math.floor(random(memberCount) / 2)]), topic, partition);
    }
  }
  return { assignor: 'uniform', homogeneous, topics, members };
}

const cases = [];
for (let index = 0; index < CASES; index++) cases.push(randomCase(index));
for (const homogeneous of [true, false]) cases.push(largeCase(30, 3, 64, homogeneous));
for (const homogeneous of [true, false]) cases.push(largeCase(10, 6, 40, homogeneous));
process.stdout.write(`${JSON.stringify(cases)}\n`);
