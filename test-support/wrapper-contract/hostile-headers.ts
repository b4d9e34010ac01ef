// Generates invalid and hostile headers for the contract.

/** Invalid and oversized headers: those of one message each. */
export function hostileHeaders(): Record<string, string>[] {
  const long = 'x'.repeat(40_000);
  return [
    { traceparent: '' },
    { traceparent: 'ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' },
    { traceparent: `00-${'0'.repeat(32)}-b7ad6b7169203331-01` },
    { traceparent: `00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-${long}` },
    { traceparent: long },
    { tracestate: long, traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' },
    { baggage: `a=${'%FF'.repeat(3000)},b=2` },
    { baggage: Array.from({ length: 200 }, (_, index) => `k${index}=v`).join(',') },
    { baggage: '=,;,=;=,%%%=%%%' },
    { TRACEPARENT: 'nonsense', 'mqtrace-sent-at': 'yesterday' },
  ];
}
