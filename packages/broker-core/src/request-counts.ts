// Counts requests by API: how many, how many bytes, and which errors the answers carried.
import type { ApiName, ErrorCode, WireV1ErrorCode } from '@goqueue/protocol'

/** An API of Kafka, or the original dialect, whose requests are counted together. */
export type CountedApi = ApiName | 'wire-v1'

/** Kafka's name of an error, or the number that the original dialect has for it. */
export type CountedError = ErrorCode | `${Exclude<WireV1ErrorCode, 0>}`

/** The requests of one API since the start. */
export class ApiCounts {
  requests = 0
  /** Of the requests and answers themselves, without their four bytes of length. */
  requestBytes = 0
  responseBytes = 0
  /** Error codes in answers: one for each topic, partition, group or member that was refused. */
  readonly errors: Map<CountedError, number> = new Map()

  countError(error: CountedError): void {
    this.errors.set(error, (this.errors.get(error) ?? 0) + 1)
  }
}

export class RequestCounts {
  private readonly byApi = new Map<CountedApi, ApiCounts>()

  /** The counts of an API, to be counted on. */
  of(api: CountedApi): ApiCounts {
    let counts = this.byApi.get(api)
    if (counts === undefined) this.byApi.set(api, (counts = new ApiCounts()))
    return counts
  }

  /** Every API that was asked for. */
  all(): Iterable<readonly [CountedApi, ApiCounts]> {
    return this.byApi
  }
}
