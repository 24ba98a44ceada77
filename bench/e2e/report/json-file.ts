import { readFileSync, writeFileSync } from 'node:fs';

/** A line for each field, and for each element of a list: small, and two files can be compared line by line. */
export function saveJson(file: string, content: object): void {
  const fields = Object.entries(content).flatMap(([name, value]) =>
    value === undefined ? [] : [`  ${JSON.stringify(name)}: ${lines(value)}`],
  );
  writeFileSync(file, `{\n${fields.join(',\n')}\n}\n`);
}

function lines(value: unknown): string {
  if (!Array.isArray(value) || value.length === 0) return JSON.stringify(value);
  return `[\n${value.map((element) => `    ${JSON.stringify(element)}`).join(',\n')}\n  ]`;
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
