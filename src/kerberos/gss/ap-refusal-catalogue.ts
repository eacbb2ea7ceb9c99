/**
 * What a service's KRB-ERROR means and what to do about it. Sources: RFC 4120 sections 3.2.3 and 7.5.9, and what IIS, MIT krb5
 * and their administrators are known for.
 *
 * @module
 */

import { KrbErrorCode as Krb } from '../iana/index.ts'

/** A refusal by a service. */
export interface ApRefusalMeaning {
  /** error-code of the KRB-ERROR. */
  readonly krbErrorCode: number
  /** What it means. */
  readonly means: string
  /** What to do. */
  readonly mend: string
}

const STALE_KEYS =
  'Write the service’s keytab again, and sign the users in anew where their tickets are older than the key.'

/** Every refusal we can say more about than its number. */
export const AP_REFUSALS: readonly ApRefusalMeaning[] = [
  {
    krbErrorCode: Krb.KRB_AP_ERR_MODIFIED,
    means: 'the service cannot open the ticket with its key',
    mend: 'Find out which account holds the service principal name (setspn -Q, samba-tool spn list): the service must run under it. On IIS see kernel-mode authentication and useAppPoolCredentials; elsewhere the keytab is stale.',
  },
  {
    krbErrorCode: Krb.KRB_AP_ERR_BAD_INTEGRITY,
    means: 'the service cannot open the ticket or what came with it',
    mend: 'Find out which account holds the service principal name, and write the service’s keytab again.',
  },
  {
    krbErrorCode: Krb.KRB_AP_ERR_BADKEYVER,
    means: 'the service has not the version of its key that the ticket was made with',
    mend: STALE_KEYS,
  },
  {
    krbErrorCode: Krb.KRB_AP_ERR_NOKEY,
    means: 'the service has no key for the ticket',
    mend: STALE_KEYS,
  },
  {
    krbErrorCode: Krb.KDC_ERR_ETYPE_NOSUPP,
    means: 'the service has no key of the ticket’s encryption type',
    mend: 'Write AES keys into the service’s keytab, or allow the service’s account the types its keytab has (msDS-SupportedEncryptionTypes).',
  },
  {
    krbErrorCode: Krb.KRB_AP_ERR_SKEW,
    means: 'the service’s clock and ours differ too much',
    mend: 'Set the clocks of the service’s host and of this one against the domain, for instance with chrony.',
  },
  {
    krbErrorCode: Krb.KRB_AP_ERR_TKT_EXPIRED,
    means: 'the ticket has ended by the service’s clock',
    mend: 'Compare the clocks of the service’s host and of this one.',
  },
  {
    krbErrorCode: Krb.KRB_AP_ERR_TKT_NYV,
    means: 'the ticket has not begun by the service’s clock',
    mend: 'Compare the clocks of the service’s host and of this one.',
  },
  {
    krbErrorCode: Krb.KRB_AP_ERR_REPEAT,
    means: 'the service has seen the same token before',
    mend: 'Look for something that sends requests twice: a load balancer in front of the service, or two services that share one replay cache.',
  },
  {
    krbErrorCode: Krb.KRB_AP_ERR_NOT_US,
    means: 'the ticket is for another service',
    mend: 'Compare the service principal name with what the service’s keytab or account holds.',
  },
  {
    krbErrorCode: Krb.KRB_AP_ERR_BADMATCH,
    means: 'ticket and token name different clients',
    mend: 'Report this: it is a fault of the client.',
  },
  {
    krbErrorCode: Krb.KRB_AP_ERR_BADADDR,
    means: 'the ticket is bound to addresses, and the request came from another',
    mend: 'Have the KDC issue tickets without addresses (noaddresses = true).',
  },
  {
    krbErrorCode: Krb.KRB_AP_ERR_INAPP_CKSUM,
    means: 'the service did not accept the token’s checksum: its channel bindings, perhaps',
    mend: 'Check that nothing ends TLS between here and the service: Extended Protection wants the token bound to the service’s own certificate.',
  },
  {
    krbErrorCode: Krb.KRB_AP_PATH_NOT_ACCEPTED,
    means: 'the service does not trust a realm on the way',
    mend: 'Check [capaths] in the krb5.conf of the service’s host.',
  },
  {
    krbErrorCode: Krb.KRB_ERR_GENERIC,
    means: 'the service says no more',
    mend: 'Look at the service’s own log.',
  },
]

/** A refusal nobody can say more about. */
const UNKNOWN: Omit<ApRefusalMeaning, 'krbErrorCode'> = {
  means: 'a refusal that is not in the catalogue',
  mend: 'Look at the service’s own log.',
}

/**
 * Looks a refusal up.
 *
 * @param krbErrorCode - error-code of the KRB-ERROR.
 * @returns What it means, and the mend.
 */
export function apRefusalMeaning(krbErrorCode: number): Omit<ApRefusalMeaning, 'krbErrorCode'> {
  return AP_REFUSALS.find((row) => row.krbErrorCode === krbErrorCode) ?? UNKNOWN
}
