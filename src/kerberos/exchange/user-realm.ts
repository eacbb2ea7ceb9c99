/**
 * Finds the realm that a user principal name belongs to (RFC 6806 section 7; MS-SFU 3.1.5.1.1): an AS-REQ in the user's name
 * without proof, whose refusal tells it. No ticket comes of it.
 *
 * @module
 */

import { KrbErrorCode as Krb, NameType } from '../iana/index.ts'
import { formatPrincipal } from '../messages/index.ts'
import { asRoundTrip, type AsAnswer } from './as-request.ts'
import { portsOf } from './clock-ports.ts'
import { refusalOf } from './kdc-error.ts'
import { limitOf, Way } from './referral.ts'
import type { Exchange, ExchangePorts } from './types.ts'

/** No key is looked for: the first request carries no proof. */
const WITHOUT_KEYS = {
  toAskFor: (etypes: readonly number[]): readonly number[] => etypes,
}

/** The account is unknown here; any other refusal is about an account that the KDC has. */
const UNKNOWN: readonly number[] = [Krb.KDC_ERR_C_PRINCIPAL_UNKNOWN, Krb.KDC_ERR_WRONG_REALM]

/**
 * Finds a user's realm.
 *
 * @param userPrincipalName - `name@suffix`.
 * @param start - The realm whose KDC is asked first.
 * @param ports - Time, chance and settings.
 * @yields AS-REQ; wants AS-REP or KRB-ERROR.
 * @returns The realm. Nobody signed it: what is got there must be checked.
 * @throws KerberosError ERR_KRB_CLIENT_UNKNOWN where no KDC knows the name, ERR_KRB_REFERRAL.
 */
export function* userRealmExchange(
  userPrincipalName: string,
  start: string,
  ports: ExchangePorts,
): Exchange<string> {
  const way = new Way(start, limitOf(ports))
  const principal = { nameType: NameType.NT_ENTERPRISE, nameString: [userPrincipalName] }
  for (let realm = start; ;) {
    const requester = { identity: { principal, realm }, keys: WITHOUT_KEYS }
    const answer: AsAnswer = yield* asRoundTrip({ requester, ports: portsOf(ports, realm) }, [])
    if (!('refused' in answer) || !UNKNOWN.includes(answer.refused.errorCode)) return realm
    const { errorCode, crealm } = answer.refused
    if (errorCode !== Krb.KDC_ERR_WRONG_REALM || crealm === undefined) {
      const subject = formatPrincipal(principal, realm)
      throw refusalOf(answer, { exchange: 'AS', realm, subject, nowMs: ports.clock.nowMs() })
    }
    way.goTo(crealm)
    realm = crealm
  }
}
