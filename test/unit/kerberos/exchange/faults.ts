/** Lies about an S4U2Self and S4U2Proxy, and how each must be found out. */

import { hmacMd5 } from '../../../../src/kerberos/crypto/index.ts'
import type { KerberosErrorCode } from '../../../../src/kerberos/errors.ts'
import { ChecksumType, PaType, TicketFlag } from '../../../../src/kerberos/iana/index.ts'
import {
  encodePaS4uX509User,
  encodeS4uUserId,
  type EncKdcRepPart,
  type EncTicketPart,
  type PrincipalName,
} from '../../../../src/kerberos/messages/index.ts'
import { random, REALM } from '../../../support/kerberos-world.ts'
import type { Kind, Tricks } from '../../../support/memory-kdc/index.ts'

export const BOB: PrincipalName = { nameType: 1, nameString: ['bob'] }

/** The trick is played in this exchange only. */
const inTicket = (only: Kind, change: (part: EncTicketPart) => Partial<EncTicketPart>): Tricks => ({
  ticketPart: (part, kind) => (kind === only ? { ...part, ...change(part) } : part),
})
const inReply = (only: Kind, change: (part: EncKdcRepPart) => Partial<EncKdcRepPart>): Tricks => ({
  replyPart: (part, kind) => (kind === only ? { ...part, ...change(part) } : part),
})

/** One lie. */
export interface Fault {
  readonly name: string
  readonly tricks: Tricks
  readonly code: KerberosErrorCode
  /** What the message must say, so that one fault is not found out by another's check. */
  readonly says: RegExp
}

const UNSIGNED = {
  padataType: PaType.PA_S4U_X509_USER,
  padataValue: encodePaS4uX509User({
    userId: encodeS4uUserId({ nonce: 1, crealm: REALM }),
    checksum: { cksumtype: 16, checksum: new Uint8Array(12) },
  }),
}

export const S4U2SELF: readonly Fault[] = [
  {
    name: 'another nonce',
    tricks: inReply('S4U2Self', (part) => ({ nonce: part.nonce ^ 1 })),
    code: 'ERR_KRB_REPLY_MISMATCH',
    says: /another nonce/,
  },
  {
    name: 'a reply that names bob openly',
    tricks: { reply: (r, kind) => (kind === 'S4U2Self' ? { ...r, cname: BOB } : r) },
    code: 'ERR_KRB_REPLY_MISMATCH',
    says: /a ticket for bob@CORP.EXAMPLE, not for alice@CORP.EXAMPLE/,
  },
  {
    name: 'a reply of another client realm',
    tricks: { reply: (r, kind) => (kind === 'S4U2Self' ? { ...r, crealm: 'EVIL.EXAMPLE' } : r) },
    code: 'ERR_KRB_REPLY_MISMATCH',
    says: /alice@EVIL.EXAMPLE/,
  },
  {
    name: 'a ticket of the connector itself, as Samba answers what it half understands',
    tricks: inTicket('S4U2Self', () => ({ cname: { nameType: 1, nameString: ['CONN1$'] } })),
    code: 'ERR_KRB_REPLY_MISMATCH',
    says: /the ticket is CONN1\$@CORP.EXAMPLE’s, the reply says alice@CORP.EXAMPLE/,
  },
  {
    name: 'a ticket of bob under alice’s name',
    tricks: inTicket('S4U2Self', () => ({ cname: BOB })),
    code: 'ERR_KRB_REPLY_MISMATCH',
    says: /the ticket is bob@CORP.EXAMPLE’s/,
  },
  {
    name: 'a ticket of an alice of another realm',
    tricks: inTicket('S4U2Self', () => ({ crealm: 'EVIL.EXAMPLE' })),
    code: 'ERR_KRB_REPLY_MISMATCH',
    says: /alice@EVIL.EXAMPLE’s/,
  },
  {
    name: 'a ticket with another session key',
    tricks: inTicket('S4U2Self', () => ({ key: { etype: 18, value: random.bytes(32) } })),
    code: 'ERR_KRB_REPLY_MISMATCH',
    says: /another key/,
  },
  {
    name: 'a ticket with other flags than the reply',
    tricks: inTicket('S4U2Self', (p) => ({ flags: (p.flags ^ TicketFlag.FORWARDABLE) >>> 0 })),
    code: 'ERR_KRB_REPLY_MISMATCH',
    says: /other flags/,
  },
  {
    name: 'a ticket with another end',
    tricks: inTicket('S4U2Self', (part) => ({ endTimeMs: part.endTimeMs + 1000 })),
    code: 'ERR_KRB_REPLY_MISMATCH',
    says: /other times/,
  },
  {
    name: 'a ticket with another start',
    tricks: inTicket('S4U2Self', (part) => ({ startTimeMs: part.authTimeMs - 1000 })),
    code: 'ERR_KRB_REPLY_MISMATCH',
    says: /other times/,
  },
  {
    name: 'no PAC',
    tricks: { pac: () => undefined },
    code: 'ERR_KRB_REPLY_MISMATCH',
    says: /no PAC/,
  },
  {
    name: 'a PAC outside AD-IF-RELEVANT only',
    tricks: inTicket('S4U2Self', () => ({
      authorizationData: [{ adType: 128, adData: new Uint8Array(8) }],
    })),
    code: 'ERR_KRB_REPLY_MISMATCH',
    says: /no PAC/,
  },
  {
    name: 'two PACs',
    tricks: inTicket('S4U2Self', ({ authorizationData: data = [] }) => ({
      authorizationData: [...data, ...data],
    })),
    code: 'ERR_KRB_REPLY_MISMATCH',
    says: /more than one PAC/,
  },
  {
    name: 'a PAC of bob’s SID',
    tricks: { pac: (content) => ({ ...content, userId: content.userId + 1 }) },
    code: 'ERR_KRB_REPLY_MISMATCH',
    says: /the PAC is of S-1-5-21-/,
  },
  {
    name: 'a PAC of another client',
    tricks: { pac: (content) => ({ ...content, clientName: 'bob' }) },
    code: 'ERR_KRB_REPLY_MISMATCH',
    says: /the PAC names another client/,
  },
  {
    name: 'a PAC of another authentication',
    tricks: { pac: (content) => ({ ...content, authTimeMs: content.authTimeMs - 1000 }) },
    code: 'ERR_KRB_REPLY_MISMATCH',
    says: /another time/,
  },
  {
    name: 'a PAC whose signature is wrong',
    tricks: {
      pacSigner: (signer) => ({ ...signer, sign: (d) => signer.sign(d).map((o) => o ^ 1) }),
    },
    code: 'ERR_KRB_INTEGRITY',
    says: /server signature/,
  },
  {
    name: 'a PAC signed with HMAC-MD5 where an AES key signs',
    tricks: {
      pacSigner: () => ({
        type: ChecksumType.HMAC_MD5,
        sign: (d) => hmacMd5({ etype: 18, value: new Uint8Array(32) }, 17, d),
      }),
    },
    code: 'ERR_KRB_INTEGRITY',
    says: /server signature/,
  },
  {
    name: 'a ticket to another service',
    tricks: inReply('S4U2Self', () => ({ sname: { nameType: 2, nameString: ['HTTP', 'evil'] } })),
    code: 'ERR_KRB_REPLY_MISMATCH',
    says: /a ticket to HTTP\/evil@CORP.EXAMPLE/,
  },
  {
    name: 'a ticket of another realm’s service',
    tricks: inReply('S4U2Self', () => ({ srealm: 'EVIL.EXAMPLE' })),
    code: 'ERR_KRB_REPLY_MISMATCH',
    says: /CONN1\$@EVIL.EXAMPLE/,
  },
  {
    name: 'a referral that names the user instead of us',
    tricks: inReply('S4U2Self', () => ({ sname: { nameType: 2, nameString: ['krbtgt', 'X'] } })),
    code: 'ERR_KRB_REPLY_MISMATCH',
    says: /a ticket for alice@CORP.EXAMPLE, not for CONN1\$@CORP.EXAMPLE/,
  },
  {
    name: 'an invalid ticket',
    tricks: inReply('S4U2Self', (part) => ({ flags: (part.flags | TicketFlag.INVALID) >>> 0 })),
    code: 'ERR_KRB_REPLY_MISMATCH',
    says: /invalid ticket/,
  },
  {
    name: 'a session key of a type not asked for',
    tricks: inReply('S4U2Self', () => ({ key: { etype: 26, value: random.bytes(32) } })),
    code: 'ERR_KRB_REPLY_MISMATCH',
    says: /etype 26/,
  },
  {
    name: 'a session key of RC4, whose cause is the account it names',
    tricks: inReply('S4U2Self', () => ({ key: { etype: 23, value: random.bytes(16) } })),
    code: 'ERR_KRB_ETYPE',
    says: /the session with CONN1\$@CORP.EXAMPLE under rc4-hmac \(etype 23\): CONN1\$@CORP.EXAMPLE has no AES keys/,
  },
  {
    name: 'a session key of a wrong length',
    tricks: inReply('S4U2Self', () => ({ key: { etype: 18, value: random.bytes(16) } })),
    code: 'ERR_KRB_ETYPE',
    says: /32 octets/,
  },
  {
    name: 'a ticket that has ended',
    tricks: inReply('S4U2Self', (part) => ({
      startTimeMs: part.authTimeMs - 7_200_000,
      endTimeMs: part.authTimeMs - 3_600_000,
    })),
    code: 'ERR_KRB_REPLY_MISMATCH',
    says: /has ended/,
  },
  {
    name: 'a ticket that ends before it starts',
    tricks: inReply('S4U2Self', (part) => ({ endTimeMs: part.authTimeMs - 1000 })),
    code: 'ERR_KRB_REPLY_MISMATCH',
    says: /ends before it starts/,
  },
  {
    name: 'a ticket of the future',
    tricks: inReply('S4U2Self', (part) => ({ startTimeMs: part.authTimeMs + 600_000 })),
    code: 'ERR_KRB_SKEW',
    says: /600 s|our clock is behind/,
  },
  {
    name: 'octets of the encrypted part changed',
    tricks: {
      reply: (r, kind) =>
        kind === 'S4U2Self'
          ? { ...r, encPart: { ...r.encPart, cipher: r.encPart.cipher.map((o) => o ^ 1) } }
          : r,
    },
    code: 'ERR_KRB_INTEGRITY',
    says: /decryption failed/,
  },
  {
    name: 'an encrypted part of another type',
    tricks: {
      reply: (r, kind) =>
        kind === 'S4U2Self' ? { ...r, encPart: { ...r.encPart, etype: 17 } } : r,
    },
    code: 'ERR_KRB_REPLY_MISMATCH',
    says: /etype 17/,
  },
  {
    name: 'a reply that is cut off',
    tricks: { octets: (octets, kind) => (kind === 'S4U2Self' ? octets.subarray(0, -1) : octets) },
    code: 'ERR_KRB_DECODE',
    says: /TGS-REP/,
  },
  {
    name: 'PA-S4U-X509-USER that nobody signed',
    tricks: {
      reply: (reply, kind) => (kind === 'S4U2Self' ? { ...reply, padata: [UNSIGNED] } : reply),
    },
    code: 'ERR_KRB_REPLY_MISMATCH',
    says: /checksum of PA-S4U-X509-USER/,
  },
]

export const S4U2PROXY: readonly Fault[] = [
  {
    name: 'a ticket of bob',
    tricks: { reply: (r, kind) => (kind === 'S4U2Proxy' ? { ...r, cname: BOB } : r) },
    code: 'ERR_KRB_REPLY_MISMATCH',
    says: /a ticket for bob@CORP.EXAMPLE/,
  },
  {
    name: 'a ticket to another service',
    tricks: inReply('S4U2Proxy', () => ({ sname: { nameType: 2, nameString: ['HTTP', 'x'] } })),
    code: 'ERR_KRB_REPLY_MISMATCH',
    says: /a ticket to HTTP\/x/,
  },
  {
    name: 'another nonce',
    tricks: inReply('S4U2Proxy', (part) => ({ nonce: part.nonce ^ 1 })),
    code: 'ERR_KRB_REPLY_MISMATCH',
    says: /another nonce/,
  },
]
