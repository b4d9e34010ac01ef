// Names that options and variables take.
/** How spans leave the process: an OTLP transport, another format, or not at all. */
export const exportProtocols = ['http/protobuf', 'http/json', 'grpc', 'zipkin', 'console', 'none'] as const;

/** One of {@link exportProtocols}. */
export type ExportProtocol = (typeof exportProtocols)[number];

/** What is exported, as the names of variables spell it. */
export type Signal = 'TRACES' | 'METRICS';

/** Propagators that can be named, as in `OTEL_PROPAGATORS`. All but the first two and `none` are packages of their own. */
export const propagatorNames = ['tracecontext', 'baggage', 'b3', 'b3multi', 'jaeger', 'xray', 'none'] as const;

/** One of {@link propagatorNames}. */
export type PropagatorName = (typeof propagatorNames)[number];

/** Which wins, an `OTEL_*` variable or the option in code. */
export const environmentModes = ['override', 'fallback', 'ignore'] as const;

/** One of {@link environmentModes}. */
export type EnvironmentMode = (typeof environmentModes)[number];
