// Why mqtrace has no answer of yes to some questions, for docs/compared.md.

/** Each belongs to the questions that the client answers with no. */
export const notes: readonly {
  readonly client: string;
  readonly questions: readonly string[];
  readonly text: string;
}[] = [
  {
    client: 'bullmq',
    questions: ['Messages that are sent in one call each carry a context of their own'],
    text: 'BullMQ asks its telemetry for one context for all jobs of an `addBulk`. Jobs of a flow have one each.',
  },
  {
    client: 'bullmq',
    questions: ['Headers can be captured, with secrets redacted'],
    text: 'Jobs have no headers.',
  },
  {
    client: 'bullmq',
    questions: ['The settlement of a message has a span'],
    text: 'BullMQ completes a job itself when its processor returns. The process span has the outcome.',
  },
  {
    client: 'rabbitmq-client',
    questions: ['The settlement of a message has a span'],
    text: 'rabbitmq-client acknowledges a message itself when its handler returns. The process span has the outcome.',
  },
  {
    client: '@cloudamqp/amqp-client',
    questions: [
      'Messages that are sent in one call each carry a context of their own',
      'A consumer can start a trace of its own that links the one of its message',
      'Destinations can be left without spans, while their messages carry the context',
      'A message can start a new trace that links the one in which it was sent',
      'Headers can be captured, with secrets redacted',
      'The messages that are sent are counted',
      'They are counted in traces that are not sampled too',
      'A metric reports how long messages have waited',
      'A metric reports the time since the start of a pipeline of several messages',
      'The settlement of a message has a span',
      'Messages from outside can be processed in new traces, without their baggage',
      'A metric counts the messages that were dead-lettered',
      'The span of a message that is delivered again has the number of the attempt',
    ],
    text: 'There is no wrapper: `inject` and `extract` carry the context, and spans and metrics are the application’s own.',
  },
];
