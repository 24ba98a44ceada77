import { kafkaStreams, millrace, type Subject, SubjectMissing } from '../subjects.ts';
import type { ScalePoint } from './axes.ts';

/** What keeps its name from one point of an axis to the next. */
export interface ScaleSubject {
  readonly series: string;
  /** The same program for one point: so many shards, so many processes. */
  readonly at: (point: ScalePoint) => Subject;
}

/** So many keys fit no longer into the heap of 1 GB that the JVM has else. */
const MANY_KEYS = 1_000_000;
const LARGE_HEAP = '6g';

/** Millrace over the wire transport, and Kafka Streams with in-memory stores where Java is there. */
export function scaleSubjects(log: (line: string) => void): ScaleSubject[] {
  const ours: ScaleSubject = { series: 'Millrace wire', at: (point) => ofProcesses(millrace('wire', point.shards), point) };
  try {
    kafkaStreams('in-memory', 1, log);
  } catch (error) {
    if (!(error instanceof SubjectMissing)) throw error;
    log(`Skipped: Java Kafka Streams. ${error.message}`);
    return [ours];
  }
  const rival = (point: ScalePoint): Subject => withHeap(kafkaStreams('in-memory', point.shards, log), point);
  return [ours, { series: 'Kafka Streams in-memory', at: (point) => ofProcesses(rival(point), point) }];
}

function ofProcesses(subject: Subject, { processes }: ScalePoint): Subject {
  return processes === 1 ? subject : { ...subject, name: `${subject.name} in each of ${processes} processes`, processes };
}

function withHeap(subject: Subject, { keys }: ScalePoint): Subject {
  if (keys < MANY_KEYS) return subject;
  const parameters = subject.parameters.map((parameter) => parameter.replace(/^-Xm([sx])\d+g$/, `-Xm$1${LARGE_HEAP}`));
  return { ...subject, name: `${subject.name}, heap ${LARGE_HEAP}`, parameters };
}
