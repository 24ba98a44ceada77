export { compareReports, type ReportOptions, saveChart, showReport } from './command.ts';
export * from './document.ts';
export { describeEnvironment, type Environment, readEnvironment } from './environment.ts';
export { terminalReport } from './terminal.ts';
