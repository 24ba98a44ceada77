// Seeded random groups for AssignorGolden.java: node cases.mjs > cases.json
let s = 12345;
const rnd = (n) => {
  s = (Math.imul(s, 1103515245) + 12345) >>> 0;
  return Math.floor((s / 2 ** 32) * n);
};
const cases = [];
for (let c = 0; c < 240; c++) {
  const topicCount = 1 + rnd(5),
    memberCount = 1 + rnd(7);
  const topics = {};
  for (let t = 1; t <= topicCount; t++) topics[t] = 1 + rnd(13);
  const names = Object.keys(topics);
  const homogeneous = c % 2 === 0;
  const shared = names.filter(() => rnd(5) > 0);
  const members = [];
  for (let m = 0; m < memberCount; m++)
    members.push({
      id: `m${String.fromCharCode(97 + m)}`,
      instance: rnd(4) === 0 ? `i${rnd(50)}-${m}` : null,
      topics: homogeneous ? shared : names.filter(() => rnd(3) > 0),
      owned: {},
    });
  // a previous assignment: none, or of other members/topics
  if (rnd(4) > 0)
    for (const t of names)
      for (let p = 0; p < topics[t]; p++) {
        if (rnd(5) === 0) continue;
        const skew = rnd(2) ? rnd(memberCount) : 0;
        const m = members[skew];
        (m.owned[t] ??= []).push(p);
      }
  const assignor = c % 3 === 0 ? 'range' : 'uniform';
  cases.push({ assignor, homogeneous, topics, members });
}
// larger ones
for (const [mc, tc, pc] of [
  [30, 3, 64],
  [10, 6, 40],
])
  for (const homogeneous of [true, false]) {
    const topics = {};
    for (let t = 1; t <= tc; t++) topics[t] = pc + t;
    const names = Object.keys(topics);
    const members = Array.from({ length: mc }, (_, m) => ({
      id: `m${String(m).padStart(2, '0')}`,
      instance: null,
      topics: homogeneous ? names : names.filter(() => rnd(3) > 0),
      owned: {},
    }));
    for (const t of names)
      for (let p = 0; p < topics[t]; p++) {
        const m = members[Math.floor(rnd(mc) / 2)];
        (m.owned[t] ??= []).push(p);
      }
    cases.push({ assignor: 'uniform', homogeneous, topics, members });
  }
console.log(JSON.stringify(cases));
