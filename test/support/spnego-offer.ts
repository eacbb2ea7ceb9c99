/** SPNEGO offers as other clients make them. */

import { DerWriter } from '../../src/asn1/index.ts'
import { SPNEGO_MECHANISM } from '../../src/kerberos/gss/spnego.ts'

export const KERBEROS = '1.2.840.113554.1.2.2'
export const MICROSOFT_KERBEROS = '1.2.840.48018.1.2.2'
export const NTLM = '1.3.6.1.4.1.311.2.2.10'
export const NEGOEX = '1.3.6.1.4.1.311.2.2.30'

/** What is offered, and the token for the first choice. */
export interface OfferFields {
  readonly mechTypes: readonly string[]
  readonly mechToken?: Uint8Array
}

/** The list, as a MIC is over it. */
export function mechTypeList(mechTypes: readonly string[]): Uint8Array {
  const w = new DerWriter().openSequence()
  for (const mechanism of mechTypes) w.objectIdentifier(mechanism)
  return w.close().finish()
}

/** A NegTokenInit. */
export function offer({ mechTypes, mechToken }: OfferFields): Uint8Array {
  const w = new DerWriter()
    .openApplication(0)
    .objectIdentifier(SPNEGO_MECHANISM)
    .openContext(0)
    .openSequence()
  w.openContext(0).raw(mechTypeList(mechTypes)).close()
  if (mechToken !== undefined) w.openContext(2).octetString(mechToken).close()
  return w.close(3).finish()
}
