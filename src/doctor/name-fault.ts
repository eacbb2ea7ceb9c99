/**
 * What is told of a name that has no address, or whose address nobody tells.
 *
 * @module
 */

import { errorCode, errorMend, errorText } from '../platform/index.ts'
import type { Mend } from './check.ts'

/**
 * The message and the mend for a name.
 *
 * @param name - The name.
 * @param error - What its resolver threw.
 * @param wrongName - What to do where the name is wrong.
 * @returns For a finding.
 */
export function nameFault(
  name: string,
  error: unknown,
  wrongName: string,
): { readonly message: string; readonly mends: readonly Mend[] } {
  const text = errorText(error)
  const mend = errorMend(error)
  const setting = 'dns: { servers: [<address of a domain controller>] }   # connector.yaml'
  return {
    // Our own resolver tells a name that there is not from a name server that is silent.
    message: text.includes(name) ? text : `${name} has no address: ${errorCode(error)}: ${text}`,
    mends: [{ text: mend === undefined ? wrongName : `${wrongName} ${mend}`, setting }],
  }
}
