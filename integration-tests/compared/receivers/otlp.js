// Accepts whatever is sent, as an OTLP receiver or the intake of Sentry does.
export const answer = ({ type }) => ({ type, text: type === 'application/x-protobuf' ? '' : '{}' });
