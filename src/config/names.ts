// Defines the names that options and variables accept.
/** How spans are exported: an OTLP transport, another format, or not at all. */
export const exportProtocols = ['http/protobuf', 'http/json', 'grpc', 'zipkin', 'console', 'none'] as const;

/** One of {@link exportProtocols}. */
export type ExportProtocol = (typeof exportProtocols)[number];

/** The exported signals, as they are spelled in the names of variables. */
export type Signal = 'TRACES' | 'METRICS';

/** Propagators that can be named, as in `OTEL_PROPAGATORS`. All but the first two and `none` need a separate package. */
export const propagatorNames = ['tracecontext', 'baggage', 'b3', 'b3multi', 'jaeger', 'xray', 'none'] as const;

/** One of {@link propagatorNames}. */
export type PropagatorName = (typeof propagatorNames)[number];

/** Whether an `OTEL_*` variable or the option in code takes precedence. */
export const environmentModes = ['override', 'fallback', 'ignore'] as const;

/** One of {@link environmentModes}. */
export type EnvironmentMode = (typeof environmentModes)[number];
