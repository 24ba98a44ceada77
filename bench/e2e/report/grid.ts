/** A table that the terminal and Markdown both can show. */
export interface Grid {
  readonly title: string;
  readonly head: readonly string[];
  /** Columns of numbers. */
  readonly right: ReadonlySet<number>;
  readonly rows: readonly (readonly string[])[];
}

/** One column: its name, what it shows of a row, and on which side. */
export interface Column<T> {
  readonly name: string;
  readonly text: (row: T) => string;
  readonly right?: boolean;
}

export function grid<T>(title: string, rows: readonly T[], columns: readonly Column<T>[]): Grid {
  return {
    title,
    head: columns.map(({ name }) => name),
    right: new Set(columns.flatMap(({ right }, index) => (right === true ? [index] : []))),
    rows: rows.map((row) => columns.map(({ text }) => text(row))),
  };
}

/** A column of numbers. */
export function number<T>(name: string, text: (row: T) => string): Column<T> {
  return { name, text, right: true };
}
