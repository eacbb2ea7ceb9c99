/**
 * What a KDC's refusal says under the armour (RFC 6113 section 5.4.4): the KRB-ERROR around it is nobody's word.
 *
 * @module
 */

import { PaType } from '../iana/index.ts'
import { KerberosError } from '../errors.ts'
import {
  decodeKrbError,
  decodeMethodData,
  decodeTypedData,
  encodeMethodData,
  findPaData,
  type KrbError,
  type PaData,
} from '../messages/index.ts'
import { openArmored, type Armor } from './fast.ts'
import { mismatch } from './reply-checks.ts'

/** A KRB-ERROR, with the padata it brought. */
export interface Refusal {
  /** The error; the armoured one where there is one. */
  readonly refused: KrbError
  /** METHOD-DATA; empty where there is none. */
  readonly methods: readonly PaData[]
  /** Whether the KDC said it under the armour. */
  readonly armored: boolean
}

/**
 * Takes a refusal out of its armour.
 *
 * @param outer - The KRB-ERROR as it came.
 * @param armor - The conversation's armour, where the request had one.
 * @param asked - The request's nonce and exchange.
 * @returns The armoured error, or the outer one, which is not protected, where nothing is armoured.
 * @throws KerberosError for armour of another request or key.
 */
export function refusalIn(
  outer: KrbError,
  armor: Armor | undefined,
  asked: { readonly nonce: number; readonly exchange: string },
): Refusal {
  const methods = methodsOf(outer.eData)
  const response = armor && openArmored(armor, methods, asked)
  if (response === undefined) return { refused: outer, methods, armored: false }
  const fxError = findPaData(response.padata, PaType.PA_FX_ERROR)
  if (fxError === undefined) throw mismatch(asked.exchange, 'no error under the armour of an error')
  const inner = response.padata.filter(({ padataType }) => padataType !== PaType.PA_FX_ERROR)
  const refused = decodeKrbError(fxError)
  // RFC 6113 section 5.4.4: an armoured error has no e-data of its own; the padata beside it stands in for it.
  const eData = refused.eData ?? (inner.length === 0 ? undefined : encodeMethodData(inner))
  return { refused: { ...refused, eData }, methods: inner, armored: true }
}

/** METHOD-DATA, or the same as TYPED-DATA (RFC 6113 section 3.3); what is neither holds no methods. */
function methodsOf(eData: Uint8Array | undefined): readonly PaData[] {
  if (eData === undefined) return []
  return readAs(eData, decodeMethodData) ?? readAs(eData, typedMethods) ?? []
}

function typedMethods(eData: Uint8Array): readonly PaData[] {
  return decodeTypedData(eData).map(({ dataType, dataValue = new Uint8Array(0) }) => ({
    padataType: dataType,
    padataValue: dataValue,
  }))
}

function readAs<T>(octets: Uint8Array, decode: (octets: Uint8Array) => T): T | undefined {
  try {
    return decode(octets)
  } catch (error) {
    if (error instanceof KerberosError) return undefined
    throw error
  }
}
