/**
 * Every code of an error of this room, what it means, and the mend where the error itself knows no better one. What a KDC's or a
 * service's refusal means by its number is in exchange/refusal-catalogue.ts and gss/ap-refusal-catalogue.ts.
 *
 * @module
 */

/** Stable codes: tests, metrics and diagnostics switch on these, never on messages. */
export type KerberosErrorCode =
  | 'ERR_KRB_DECODE'
  | 'ERR_KRB_INTEGRITY'
  | 'ERR_KRB_ETYPE'
  | 'ERR_KRB_KDC_UNREACHABLE'
  | 'ERR_KRB_ABORTED'
  | 'ERR_KRB_CLIENT_UNKNOWN'
  | 'ERR_KRB_FOREIGN_USER'
  | 'ERR_KRB_CLIENT_REVOKED'
  | 'ERR_KRB_CLIENT_KEY_EXPIRED'
  | 'ERR_KRB_SPN_UNKNOWN'
  | 'ERR_KRB_NOT_FORWARDABLE'
  | 'ERR_KRB_DELEGATION_REFUSED'
  | 'ERR_KRB_SKEW'
  | 'ERR_KRB_PREAUTH_FAILED'
  | 'ERR_KRB_REPLY_MISMATCH'
  | 'ERR_KRB_FAST'
  | 'ERR_KRB_REFERRAL'
  | 'ERR_KRB_KDC_REPLY'
  | 'ERR_KRB_NO_KEY'
  | 'ERR_KRB_NO_LONG_TERM_KEY'
  | 'ERR_KRB_TGT_EXPIRED'
  | 'ERR_KRB_PRINCIPAL'
  | 'ERR_KRB_KEYTAB'
  | 'ERR_KRB_PASSWORD'
  | 'ERR_KRB_PASSWORD_REFUSED'
  | 'ERR_KRB_PASSWORD_UNCONFIRMED'
  | 'ERR_KRB_CCACHE'
  | 'ERR_KRB_CONF'
  | 'ERR_KRB_GSS'
  | 'ERR_KRB_MUTUAL'
  | 'ERR_KRB_AP_REFUSED'
  | 'ERR_KRB_REPLAY'
  | 'ERR_KRB_TICKET_TIME'
  | 'ERR_KRB_NOT_ACCEPTED'
  | 'ERR_KRB_GSSAPI_ABSENT'
  | 'ERR_KRB_GSSAPI'
  | 'ERR_KRB_GSSAPI_SILENT'
  | 'ERR_KRB_CHANNEL_BINDING'

/** What a code means. */
export interface ErrorMeaning {
  /** In a sentence. */
  readonly means: string
  /** What to do about it, unless the error says something closer to its cause. */
  readonly mend: string
}

const EXPORT_AGAIN =
  'Export the account’s keys again (samba-tool domain exportkeytab, ktpass), as the user that reads them.'
const SYNCHRONISE = 'Set both clocks, for instance with chrony against the domain.'
const FAULTY_PEER =
  'Find out who sent it, and whether it speaks Kerberos at all: it is faulty, or somebody on the way changes messages.'
const MEMBER_OF_LIST =
  'Grant the delegation, on the connector’s account or the service’s: client.diagnose() names the commands.'

/** The catalogue. */
export const KERBEROS_ERRORS: Readonly<Record<KerberosErrorCode, ErrorMeaning>> = {
  ERR_KRB_DECODE: {
    means: 'What a peer or file sent is not what its format says.',
    mend: FAULTY_PEER,
  },
  ERR_KRB_INTEGRITY: {
    means: 'A checksum, a decryption or a signature did not verify.',
    mend: 'The key is not the one it was made with, or it was changed on the way: renew keytab or password, then look at the way.',
  },
  ERR_KRB_ETYPE: {
    means:
      'An encryption or checksum type, or a way to make a key, that is not supported, here or by the KDC (14).',
    mend: 'Give the account AES keys: allow AES in msDS-SupportedEncryptionTypes and set its password anew.',
  },
  ERR_KRB_KDC_UNREACHABLE: {
    means: 'No KDC answered, or none is known. The message says what each of them did.',
    mend: 'Check the kdcs setting, krb5.conf or the DNS, and the network to port 88 (TCP) of the domain controllers.',
  },
  ERR_KRB_ABORTED: {
    means: 'The caller’s AbortSignal fired.',
    mend: 'Nothing, where it was meant; where it was a timeout, give more time.',
  },
  ERR_KRB_CLIENT_UNKNOWN: {
    means: 'The KDC knows no such client (6), or another realm holds it (68).',
    mend: 'Check the account’s name and realm, and that the connector account may read it.',
  },
  ERR_KRB_FOREIGN_USER: {
    means:
      'No KDC lets us act for this user of another realm, though one may know them (S4U2Self across realms).',
    mend: 'Let the user sign in with a ticket of their own, or give them an account in the connector’s domain.',
  },
  ERR_KRB_CLIENT_REVOKED: {
    means: 'The client is disabled, expired or locked (18; in S4U2Self 12 and 1 too).',
    mend: 'Enable or unlock the account, or extend its expiry, in the directory.',
  },
  ERR_KRB_CLIENT_KEY_EXPIRED: {
    means: 'The client’s password has expired or must be changed (23).',
    mend: 'The user has to change the password first.',
  },
  ERR_KRB_SPN_UNKNOWN: {
    means: 'The KDC knows no such service principal (7).',
    mend: 'Check that exactly one account holds this service principal name: setspn -Q, or samba-tool spn list.',
  },
  ERR_KRB_NOT_FORWARDABLE: {
    means: 'The evidence ticket may not be used for delegation.',
    mend: 'Allow the connector protocol transition, and see whether the user is marked sensitive or in Protected Users.',
  },
  ERR_KRB_DELEGATION_REFUSED: {
    means: 'The KDC refused the S4U2Proxy (13).',
    mend: MEMBER_OF_LIST,
  },
  ERR_KRB_SKEW: {
    means: 'The clocks differ by more than the tolerance (37).',
    mend: SYNCHRONISE,
  },
  ERR_KRB_PREAUTH_FAILED: {
    means: 'The KDC did not accept our key or password (24).',
    mend: EXPORT_AGAIN,
  },
  ERR_KRB_REPLY_MISMATCH: {
    means: 'A reply that answers another question than ours: lying, spliced or stale.',
    mend: 'Someone on the way to the KDC changes messages, or the KDC is faulty.',
  },
  ERR_KRB_FAST: {
    means:
      'The KDC does not armour requests (FAST, RFC 6113) as our setting demands, or demands an armour that we do not have.',
    mend: 'Let the KDC offer FAST, give the client an armour, or set fast to whenOffered.',
  },
  ERR_KRB_REFERRAL: {
    means: 'KDCs refer us in a circle or too far.',
    mend: 'Check the trusts between these realms, [capaths] and the name’s realm.',
  },
  ERR_KRB_KDC_REPLY: {
    means: 'Any other KRB-ERROR of the KDC.',
    mend: 'Look at the KDC’s own log of that moment: it knows more than it says.',
  },
  ERR_KRB_NO_KEY: {
    means: 'The identity or the service has no key of the wanted principal, type or version.',
    mend: EXPORT_AGAIN,
  },
  ERR_KRB_NO_LONG_TERM_KEY: {
    means: 'The identity is a credential cache: it has no long-term key, which this needs.',
    mend: 'Use a keytab or a password.',
  },
  ERR_KRB_TGT_EXPIRED: {
    means: 'The credential cache’s ticket-granting ticket has ended, or there is none.',
    mend: 'Run kinit.',
  },
  ERR_KRB_PRINCIPAL: {
    means: 'A principal name that cannot be parsed.',
    mend: 'Write it as name, name@REALM or service/host@REALM.',
  },
  ERR_KRB_KEYTAB: {
    means: 'A keytab that is missing, unreadable or malformed.',
    mend: EXPORT_AGAIN,
  },
  ERR_KRB_PASSWORD: {
    means: 'A password file that is missing, unreadable or not one line of text.',
    mend: 'Write the password into it as one line of UTF-8.',
  },
  ERR_KRB_PASSWORD_REFUSED: {
    means: 'The password server refused the new password, and proved that it is the server.',
    mend: 'Look at the domain’s password policy and at the account’s rights to change its own password.',
  },
  ERR_KRB_PASSWORD_UNCONFIRMED: {
    means: 'A change of our password that may or may not have been made.',
    mend: 'Run the rotation again: it goes on with the same password.',
  },
  ERR_KRB_CCACHE: {
    means: 'A credential cache that is missing, unreadable or malformed.',
    mend: 'Name a cache of type FILE: that this user may read, or run kinit again.',
  },
  ERR_KRB_CONF: {
    means: 'A krb5.conf that is missing, unreadable or malformed.',
    mend: 'Mend the file and line that the message names.',
  },
  ERR_KRB_GSS: {
    means: 'A GSS token or SPNEGO message that is not what its format says.',
    mend: FAULTY_PEER,
  },
  ERR_KRB_MUTUAL: {
    means: 'The acceptor did not prove its identity.',
    mend: 'Check that the service principal name belongs to the account under which the backend runs.',
  },
  ERR_KRB_AP_REFUSED: {
    means: 'A service refused our token with a KRB-ERROR.',
    mend: 'Look at the service’s own log.',
  },
  ERR_KRB_REPLAY: {
    means: 'A token that was accepted before, or that comes while the replay cache is full.',
    mend: 'The client makes a new token for each request; see whether something sends requests twice, or give the ReplayCache more entries.',
  },
  ERR_KRB_TICKET_TIME: {
    means: 'A ticket that has ended, or has not begun.',
    mend: `The client gets a new ticket (klist purge, kinit). ${SYNCHRONISE}`,
  },
  ERR_KRB_NOT_ACCEPTED: {
    means:
      'A token that is no proof of who its client is: for another service, of another client, or of a way we do not trust.',
    mend: 'Compare what the message names with the acceptor’s services, trustedRealms and other options.',
  },
  ERR_KRB_GSSAPI_ABSENT: {
    means: 'The optional package kerberos is not installed.',
    mend: 'npm install kerberos; it needs the host’s GSS-API library.',
  },
  ERR_KRB_GSSAPI: {
    means: 'The host’s GSS-API library gave no token.',
    mend: 'Look at the library’s own words in the message, and at KRB5CCNAME, KRB5_KTNAME and KRB5_CONFIG of the process.',
  },
  ERR_KRB_GSSAPI_SILENT: {
    means: 'The host’s GSS-API library does not answer in time, or too many wait for it.',
    mend: 'Find out what it waits for: KDCs, the DNS or its replay cache’s file.',
  },
  ERR_KRB_CHANNEL_BINDING: {
    means:
      'No channel binding is defined for this certificate, or a token is not bound to the channel.',
    mend: 'Use a certificate that is signed with RSA or ECDSA, and see that nothing ends TLS between client and service.',
  },
}
