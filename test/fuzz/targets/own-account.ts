/** What changes our own password: KRB-PRIV, the password server's messages, the pending password's file. */

import {
  decodePendingPassword,
  encodePendingPassword,
} from '../../../src/kerberos/files/pending-password.ts'
import * as m from '../../../src/kerberos/messages/index.ts'
import { derTarget, octetTarget, type Target } from '../target.ts'

const octets = (text: string): Buffer => Buffer.from(text, 'hex')

const priv = { encPart: { etype: 18, cipher: octets('0a0b0c') } }
const part = {
  userData: octets('000050617373776f7264206368616e676564'),
  timestampMs: 1_700_000_000_000,
  usec: 7,
  seqNumber: 0xffffffff,
  senderAddress: { addrType: 2, address: octets('7f000001') },
  recipientAddress: { addrType: 24, address: Buffer.alloc(16) },
}

const krbPriv = derTarget({
  name: 'kerberos/krb-priv',
  seeds: [m.encodeKrbPriv(priv)],
  decode: m.decodeKrbPriv,
  encode: m.encodeKrbPriv,
})

const encKrbPrivPart = derTarget({
  name: 'kerberos/enc-krb-priv-part',
  seeds: [
    m.encodeEncKrbPrivPart(part),
    m.encodeEncKrbPrivPart({ userData: part.userData, senderAddress: part.senderAddress }),
  ],
  decode: m.decodeEncKrbPrivPart,
  encode: m.encodeEncKrbPrivPart,
})

const request = octetTarget({
  name: 'kerberos/change-password-request',
  refusesPrefixes: true,
  seeds: [m.encodeChangePasswordRequest({ apReq: octets('aabb'), krbPriv: octets('ccdd') })],
  decode: m.decodeChangePasswordRequest,
  encode: m.encodeChangePasswordRequest,
})

const reply = octetTarget({
  name: 'kerberos/change-password-reply',
  refusesPrefixes: true,
  seeds: [
    m.encodeChangePasswordReply({ apRep: octets('aabb'), krbPriv: octets('ccdd') }),
    m.encodeChangePasswordReply({ krbError: octets('eeff') }),
  ],
  decode: m.decodeChangePasswordReply,
  encode: m.encodeChangePasswordReply,
})

const answer = octetTarget({
  name: 'kerberos/change-password-answer',
  refusesPrefixes: false,
  seeds: [
    m.encodeChangePasswordAnswer({ code: 5, text: 'Access denied' }),
    octets(`00040000000000070000001800000001${'0'.repeat(32)}`),
  ],
  decode: m.decodeChangePasswordAnswer,
  check: ({ text }) => (/[\r\n]/.test(text) ? 'a line of its own' : undefined),
})

const pending = octetTarget({
  name: 'kerberos/pending-password',
  refusesPrefixes: true,
  seeds: [encodePendingPassword({ principal: 'CONN1$@CORP.EXAMPLE', password: 'a-B_9' })],
  decode: decodePendingPassword,
  encode: encodePendingPassword,
})

export const OWN_ACCOUNT_TARGETS: readonly Target[] = [
  krbPriv,
  encKrbPrivPart,
  request,
  reply,
  answer,
  pending,
]
