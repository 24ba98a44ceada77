import { readFileSync, writeFileSync } from 'node:fs';

export function saveJson(file: string, content: object): void {
  writeFileSync(file, `${JSON.stringify(content, null, 1)}\n`);
}

/** What {@link saveJson} wrote. Throws when the file holds something else, or a form that this version cannot read. */
export function loadJson(file: string, schema: string): object {
  const found = schemaOf(file);
  if (found.schema !== schema) throw new Error(`${file} has schema ${found.schema}; this version reads ${schema}.`);
  return found.content;
}

/** Throws when the file is no report of this benchmark at all. */
export function schemaOf(file: string): { readonly schema: string; readonly content: object } {
  const content = parse(file);
  if (typeof content !== 'object' || content === null || !('schema' in content)) {
    throw new Error(`${file} is not a report of "npm run bench -- e2e --json FILE": it has no "schema".`);
  }
  return { schema: String(content.schema), content };
}

function parse(file: string): unknown {
  const text = readFileSync(file, 'utf8');
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`${file} is not JSON: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}
