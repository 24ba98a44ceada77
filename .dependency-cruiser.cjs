/**
 * The direction of imports: see docs/internals/architecture.md. Each folder of src has the list of folders it may
 * import from; whatever is not in the list is an error. `import type` counts too.
 */

/** Importable from everywhere. */
const COMMON = ['errors.ts', 'config.ts', 'worker-entry.ts'];

/** @type {Record<string, string[]>} */
const MAY_IMPORT = {
  protocol: [],
  serde: [],
  broker: ['protocol'],
  client: ['protocol'],
  transport: ['client', 'protocol'],
  state: ['serde', 'protocol'],
  topology: ['state', 'serde'],
  dsl: ['topology', 'state', 'serde'],
  processors: ['topology', 'state', 'serde', 'protocol'],
  task: ['processors', 'topology', 'state', 'serde', 'protocol', 'shard/messages'],
  shard: ['task', 'processors', 'topology', 'state', 'serde', 'protocol'],
  coordinator: ['transport', 'protocol', 'topology', 'shard/messages', 'shard/pool'],
};

/**
 * A folder, or one file, as a pattern below src.
 * @param {string} name
 */
function pattern(name) {
  if (name.endsWith('.ts')) return `${name.replace('.', '\\.')}$`;
  return name.includes('/') ? `${name}\\.ts$` : `${name}/`;
}

const rules = Object.entries(MAY_IMPORT).map(([folder, allowed]) => {
  const targets = [folder, ...allowed, ...COMMON];
  return {
    name: `${folder}-imports`,
    comment: `src/${folder} may import only from ${targets.join(', ')}`,
    severity: 'error',
    from: { path: `^src/${folder}/` },
    to: { path: '^(src|workers|bench|test|examples)/', pathNot: `^src/(${targets.map(pattern).join('|')})` },
  };
});

module.exports = {
  forbidden: [
    ...rules,
    {
      name: 'common-imports-nothing',
      comment: 'What is imported by all imports nothing but its like',
      severity: 'error',
      from: { path: '^src/(errors|config|worker-entry)\\.ts$' },
      to: { path: '^src/', pathNot: '^src/(errors|config|worker-entry)\\.ts$' },
    },
    {
      name: 'native-client-only-in-its-transport',
      comment: 'The native client loads only in the main thread; nothing a worker imports may touch it',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/transport/librdkafka/' },
      to: { path: '@confluentinc/kafka-javascript' },
    },
    {
      name: 'top-is-imported-by-nobody',
      comment:
        'The command and the test kit stand on the library, never the other way round; only the public index re-exports types of jobs',
      severity: 'error',
      from: { path: '^(src|workers)/', pathNot: '^src/(cli/|testing/|index\\.ts$)' },
      to: { path: '^src/(cli|testing)/' },
    },
    {
      name: 'sources-do-not-import-tests',
      severity: 'error',
      from: { path: '^(src|workers)/' },
      to: { path: '^(test|bench|examples|scripts)/' },
    },
    { name: 'resolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    // TypeScript 7 has no parser API any more, so the files are read with swc.
    parser: 'swc',
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default'],
      extensions: ['.ts', '.js', '.mjs', '.cjs'],
    },
  },
};
