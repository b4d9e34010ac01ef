// Caches the series of one operation with one destination, so that repeated lookups allocate nothing.
import type { Attributes, AttributeValue } from '@opentelemetry/api';
import {
  type Definition,
  definitions,
  operationDuration,
  pipelineAge,
  processDuration,
  type Series,
} from '../metrics/instruments.ts';
import { metricsEpoch, recordFrom, seriesFor } from '../metrics/series.ts';
import { type Destination, mergeAttributes } from './operation.ts';
import {
  ATTR_CONSUMER_GROUP_NAME,
  ATTR_DESTINATION_NAME,
  ATTR_ERROR_TYPE,
  ATTR_OPERATION_NAME,
  ATTR_OPERATION_TYPE,
  ATTR_PIPELINE_NAME,
  ATTR_SERVER_ADDRESS,
  ATTR_SERVER_PORT,
  ATTR_SYSTEM,
  type SemconvVersion,
  toVersion,
} from './semconv.ts';

/** The maximum number of error types per operation. */
const maxErrorTypes = 100;
/** The maximum number of cached operations; others are looked up in the series again. */
const maxPrepared = 2000;

type Found = (Series | undefined)[];

/** The series of one operation with one destination. */
export class OperationSeries {
  readonly epoch: number;
  readonly #attributes: Attributes;
  readonly #duration: Definition;
  readonly #succeeded: Found = noneFound();
  readonly #failed = new Map<string, Found>();
  #pipelines: Map<string, Series> | undefined;

  constructor(epoch: number, attributes: Attributes, type: string) {
    this.epoch = epoch;
    this.#attributes = attributes;
    this.#duration = type === 'process' ? processDuration : operationDuration;
  }

  /** Records the duration of the operation: the number of seconds in a typed array. */
  record(seconds: Float64Array, errorType: string | undefined): void {
    const duration = this.#duration;
    recordFrom(this.series(duration, errorType), duration.boundaries!, seconds);
  }

  series(definition: Definition, errorType?: string): Series {
    const found = errorType === undefined ? this.#succeeded : this.#foundOf(errorType);
    return found[definition.at] ?? this.#find(found, definition, errorType);
  }

  /** The series of a named pipeline. Names are those listed by the application, and one for all others. */
  pipeline(name: string): Series {
    this.#pipelines ??= new Map();
    let series = this.#pipelines.get(name);
    if (series === undefined) {
      series = seriesFor(pipelineAge, mergeAttributes(this.#attributes, { [ATTR_PIPELINE_NAME]: name }));
      this.#pipelines.set(name, series);
    }
    return series;
  }

  #foundOf(errorType: string): Found {
    const known = this.#failed.get(errorType);
    if (known !== undefined) return known;
    const found = noneFound();
    if (this.#failed.size < maxErrorTypes) this.#failed.set(errorType, found);
    return found;
  }

  #find(found: Found, definition: Definition, errorType: string | undefined): Series {
    const attributes =
      errorType === undefined ? this.#attributes : mergeAttributes(this.#attributes, { [ATTR_ERROR_TYPE]: errorType });
    const series = seriesFor(definition, attributes);
    found[definition.at] = series;
    return series;
  }
}

function noneFound(): Found {
  return Array.from({ length: definitions.length });
}

/** One of the operations with the same name and destination. */
interface Known {
  readonly type: string;
  readonly group: AttributeValue | undefined;
  readonly address: AttributeValue | undefined;
  readonly port: AttributeValue | undefined;
  readonly prepared: OperationSeries;
  readonly next: Known | undefined;
}

/** The operation of a name that was looked up last: usually the next lookup is for the same one. */
interface Last {
  type: string;
  place: string;
  attributes: Attributes | undefined;
  prepared: OperationSeries;
}

/** Looks up the series of the operations of one client, by their attributes. */
export class OperationSeriesCache {
  readonly #system: string;
  readonly #semconv: SemconvVersion;
  readonly #last = new Map<string, Last>();
  /** By destination and operation. */
  readonly #known = new Map<string, Map<string, Known>>();
  #size = 0;
  #epoch = 0;

  constructor(system: string, semconv: SemconvVersion) {
    this.#system = system;
    this.#semconv = semconv;
  }

  find(
    name: string,
    type: string,
    destination: Destination | undefined,
    attributes: Attributes | undefined,
  ): OperationSeries {
    const epoch = metricsEpoch();
    if (epoch !== this.#epoch || this.#size >= maxPrepared) this.#forget(epoch);
    const place = placeOf(destination);
    const last = this.#last.get(name);
    if (last === undefined) {
      const prepared = this.#lookUp(name, type, place, attributes);
      this.#last.set(name, { type, place, attributes, prepared });
      return prepared;
    }
    if (last.place !== place || last.attributes !== attributes || last.type !== type) {
      last.prepared = this.#lookUp(name, type, place, attributes);
      last.type = type;
      last.place = place;
      last.attributes = attributes;
    }
    return last.prepared;
  }

  #forget(epoch: number): void {
    this.#known.clear();
    this.#last.clear();
    this.#size = 0;
    this.#epoch = epoch;
  }

  #lookUp(name: string, type: string, place: string, attributes: Attributes | undefined): OperationSeries {
    const group = attributes?.[ATTR_CONSUMER_GROUP_NAME];
    const address = attributes?.[ATTR_SERVER_ADDRESS];
    const port = attributes?.[ATTR_SERVER_PORT];
    let byName = this.#known.get(place);
    if (byName === undefined) {
      byName = new Map();
      this.#known.set(place, byName);
    }
    const first = byName.get(name);
    for (let known = first; known !== undefined; known = known.next) {
      if (known.group === group && known.address === address && known.port === port && known.type === type) {
        return known.prepared;
      }
    }
    const all: Attributes = {
      [ATTR_SYSTEM]: this.#system,
      [ATTR_OPERATION_NAME]: name,
      [ATTR_OPERATION_TYPE]: type,
    };
    if (place !== '') all[ATTR_DESTINATION_NAME] = place;
    if (group !== undefined) all[ATTR_CONSUMER_GROUP_NAME] = group;
    if (address !== undefined) all[ATTR_SERVER_ADDRESS] = address;
    if (port !== undefined) all[ATTR_SERVER_PORT] = port;
    const prepared = new OperationSeries(this.#epoch, toVersion(all, this.#semconv), type);
    byName.set(name, { type, group, address, port, prepared, next: first });
    this.#size++;
    return prepared;
  }
}

/** A low-cardinality form of the destination; empty if there is none. */
function placeOf(destination: Destination | undefined): string {
  if (destination === undefined) return '';
  const { template, metricName, anonymous, temporary, name } = destination;
  if (template !== undefined) return template;
  if (metricName !== undefined) return metricName;
  return anonymous || temporary ? '' : name;
}
