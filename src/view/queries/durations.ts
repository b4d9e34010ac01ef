/** Formats a duration given in milliseconds: at most three digits, in a suitable unit. */
export function duration(milliseconds: number): string {
  const ms = Math.max(0, milliseconds);
  if (ms === 0) return '0 ms';
  if (ms < 9.95) return `${ms < 0.1 ? '<0.1' : ms.toFixed(1)} ms`;
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  const seconds = ms / 1000;
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  if (seconds < 119.5) return `${Math.round(seconds)} s`;
  const minutes = seconds / 60;
  if (minutes < 9.95) return `${minutes.toFixed(1)} min`;
  if (minutes < 119.5) return `${Math.round(minutes)} min`;
  const hours = minutes / 60;
  if (hours < 48) return `${hours.toFixed(1)} h`;
  return `${(hours / 24).toFixed(1)} d`;
}

/** Formats a rate, in events per second. */
export function rate(perSecond: number): string {
  if (perSecond <= 0) return '0/s';
  if (perSecond >= 9.95) return `${group(Math.round(perSecond))}/s`;
  if (perSecond >= 0.95) return `${perSecond.toFixed(1)}/s`;
  const perMinute = perSecond * 60;
  return perMinute >= 0.95
    ? `${Math.round(perMinute)}/min`
    : `${(perMinute * 60).toFixed(perMinute * 60 < 9.95 ? 1 : 0)}/h`;
}

/** Formats a count with thousands separators. */
export function group(count: number): string {
  return String(Math.round(count)).replaceAll(/\B(?=(\d{3})+$)/g, ',');
}

/** Formats a count with its noun: `1 message`, `2 messages`. */
export function counted(count: number, one: string, more = `${one}s`): string {
  return `${group(count)} ${count === 1 ? one : more}`;
}
