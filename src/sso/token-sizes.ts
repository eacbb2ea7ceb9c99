/**
 * How large Authorization fields are.
 *
 * @module
 */

/** Sizes of one app's Authorization fields, octets of the value. */
export interface TokenSizes {
  readonly app: string
  last: number
  largest: number
  /** The largest that was answered with anything but a refusal of its size. */
  accepted: number
}
