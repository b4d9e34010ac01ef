// Names options of the wrappers as features of variants, such as mqtrace+hooks-0, so that their cost can be measured.

/** The options of each feature. */
export const featureOptions = {
  slow: { fastPath: false },
  ignore: { ignoreDestinations: ['audit.*', 'health.*'] },
  ignored: { ignoreDestinations: ['*'] },
  single: { createSpans: false },
  expected: { isExpectedError: (error) => error instanceof RangeError },
  headers: { captureHeaders: ['order-*'] },
  size: { bodySize: true },
  hooks: { onSend() {}, onProcess() {} },
  pipelines: { pipelines: { name: 'checkout' } },
  cluster: { clusterId: 'q1Sh-9_ISia_zwGINzRvyQ' },
};

/** Application headers of the messages, for a feature that needs some. */
export const featureHeaders = { headers: { 'order-id': '7', 'order-type': 'usual' } };
