export { compareReports, type ReportOptions, saveChart, showReport } from './command.ts';
export * from './document.ts';
export { describeEnvironment, type Environment, readEnvironment } from './environment.ts';
export * from './figure.ts';
export * from './format.ts';
export * from './grid.ts';
export * from './json-file.ts';
export { markdownTable } from './markdown.ts';
export { terminalReport, terminalTable } from './terminal.ts';
