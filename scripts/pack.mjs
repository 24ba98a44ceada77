/**
 * `npm pack` and `npm publish` call this before and after. In the repository, `millrace` and its sub-paths resolve to
 * the sources, so that examples and tests import the package by its name; in the tarball they resolve to dist. npm
 * has no field for that, so package.json is exchanged while the tarball is made.
 */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const manifestFile = path.join(root, 'package.json');
const sourceFile = path.join(root, 'package.json.source');

/** Puts the repository's own package.json back; also after a pack that was interrupted. */
function restore() {
  if (fs.existsSync(sourceFile)) fs.renameSync(sourceFile, manifestFile);
}

function prepare() {
  restore();
  const build = spawnSync(process.execPath, [path.join(root, 'scripts', 'build.mjs')], { stdio: 'inherit' });
  if (build.status !== 0) process.exit(build.status ?? 1);
  const manifest = JSON.parse(fs.readFileSync(manifestFile, 'utf8'));
  for (const [subPath, target] of Object.entries(manifest.exports)) {
    const compiled = `./dist/${target.default.slice(2).replace(/\.ts$/, '')}`;
    manifest.exports[subPath] = { types: `${compiled}.d.ts`, default: `${compiled}.js` };
  }
  const { prepack, postpack } = manifest.scripts;
  manifest.scripts = { prepack, postpack }; // npm looks for postpack in the exchanged manifest
  manifest.dependencies['@types/node'] = manifest.devDependencies['@types/node']; // for the types of the public interface
  delete manifest.devDependencies;
  delete manifest.allowScripts;
  fs.copyFileSync(manifestFile, sourceFile);
  fs.writeFileSync(manifestFile, `${JSON.stringify(manifest, null, 2)}\n`);
}

if (process.argv[2] === 'before') prepare();
else restore();
