// Finds the pattern at which an Express router is mounted, which Express 4 and early versions of 5 do not store.

/** The used part of a layer of Express' router. Express 4 stores the result of a match on the layer. */
export interface MountLayer {
  match?: (path: string) => unknown;
  params?: unknown;
  path?: unknown;
}

interface Match {
  path: string;
  params: Record<string, unknown>;
  /** Set by newer versions of Express 5. */
  pattern?: unknown;
}

/** The part of a path that a layer matches, and its pattern; undefined if the pattern cannot be determined. */
export interface Mount {
  length: number;
  pattern: string | undefined;
}

/** Undefined if the layer does not match. */
export function mountPattern(layer: MountLayer, path: string): Mount | undefined {
  const match = matchOf(layer, path === '' ? '/' : path);
  if (match === undefined || !path.startsWith(match.path)) return undefined;
  const mount = (pattern: string | undefined): Mount => ({ length: match.path.length, pattern });
  if (match.path === '') return mount('');
  if (typeof match.pattern === 'string') return mount(match.pattern.replace(/\/+$/, ''));
  return mount(match.pattern === undefined ? derivedPattern(layer, match) : undefined);
}

/** The path with parameter names instead of values, if the rest of the path is constant. */
function derivedPattern(layer: MountLayer, { path, params }: Match): string | undefined {
  const names = Object.entries(params).filter(([, value]) => value !== undefined);
  const segments = path.split('/');
  for (const [name, value] of names) {
    const at = segments.findIndex((segment) => decoded(segment) === value);
    // A number is the name of an unnamed group.
    if (at < 0 || /^\d+$/.test(name)) return undefined;
    segments[at] = `:${name}`;
  }
  const literal = (at: number): boolean => !segments[at]!.startsWith(':');
  const real = path.split('/');
  const varies = real.some((segment, at) => literal(at) && segmentVaries(layer, real, segment, at));
  if (varies) return undefined;
  // Mount paths are case-insensitive: one spelling represents all.
  const lower = segments.map((segment, at) => (literal(at) ? segment.toLowerCase() : segment)).join('/');
  return matchOf(layer, real.map((each, at) => (literal(at) ? each.toLowerCase() : each)).join('/')) === undefined
    ? segments.join('/')
    : lower;
}

/** Whether another character of the same kind would match as well, as with an unnamed pattern. */
function segmentVaries(layer: MountLayer, segments: readonly string[], segment: string, at: number): boolean {
  for (let index = 0; index < segment.length; index++) {
    const other = segment.slice(0, index) + neighbour(segment[index]!) + segment.slice(index + 1);
    const candidate = segments.with(at, other).join('/');
    if (matchOf(layer, candidate)?.path === candidate) return true;
  }
  return false;
}

function neighbour(character: string): string {
  if (/\d/.test(character)) return character === '9' ? '8' : String(Number(character) + 1);
  if (/[a-f]/i.test(character)) return /[aA]/.test(character) ? 'b' : 'a';
  return /[xX]/.test(character) ? 'y' : 'x';
}

function matchOf(layer: MountLayer, path: string): Match | undefined {
  if (typeof layer.match !== 'function') return undefined;
  const { params, path: before } = layer;
  const leavesOnLayer = Object.hasOwn(layer, 'params');
  try {
    const result: unknown = layer.match(path);
    if (!result) return undefined;
    const found = (typeof result === 'object' ? result : layer) as Partial<Match>;
    if (typeof found.path !== 'string' || typeof found.params !== 'object' || found.params === null) return undefined;
    return { path: found.path, params: { ...found.params }, pattern: found === layer ? undefined : found.pattern };
  } catch {
    return undefined;
  } finally {
    // A request that waits for the callback of a parameter still reads them.
    if (leavesOnLayer) {
      layer.params = params;
      layer.path = before;
    }
  }
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
