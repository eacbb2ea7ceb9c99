/** GSS-API tokens, SPNEGO, Negotiate fields, mutual authentication, channel bindings. */

import {
  formatNegotiate,
  generateKey,
  Initiator,
  parseNegotiate,
  tlsServerEndPoint,
} from '../../../src/kerberos/index.ts'
import { unwrapMechanismToken } from '../../../src/kerberos/gss/mechanism-token.ts'
import { readApRefusal } from '../../../src/kerberos/gss/ap-refusal.ts'
import { decodeNegTokenResp } from '../../../src/kerberos/gss/spnego.ts'
import { encodeKrbError } from '../../../src/kerberos/messages/index.ts'
import type { Clock } from '../../../src/platform/index.ts'
import {
  acceptToken,
  encodeNegTokenResp,
  frameToken,
  makeApRep,
} from '../../support/gss-acceptor.ts'
import { ManualClock } from '../../support/manual-clock.ts'
import { makeServiceTicket } from '../../support/service-ticket.ts'
import { repeatableRandom } from '../random.ts'
import { captured, CERTIFICATES, keptPki, mitMade } from '../seeds.ts'
import { derTarget, octetTarget, textTarget, type Target } from '../target.ts'

const random = repeatableRandom('gss')
const KERBEROS = '1.2.840.113554.1.2.2'

function initiate(clock: Clock) {
  const serviceKey = generateKey(18, random)
  const names = { client: 'alice@CORP.EXAMPLE', server: 'HTTP/iwa.corp.example@CORP.EXAMPLE' }
  const settings = { ...names, serviceKey, kvno: 1, startTimeMs: clock.nowMs() }
  const initiator = new Initiator(makeServiceTicket(settings, random), { clock, random })
  const sent = initiator.createToken()
  return { sent, accepted: acceptToken(sent.token, serviceKey) }
}

const { sent, accepted } = initiate(new ManualClock())
const apRep = makeApRep(accepted, random)
const krbError = encodeKrbError({
  ...{ stimeMs: 0, susec: 0, errorCode: 41, realm: 'CORP.EXAMPLE' },
  sname: { nameType: 2, nameString: ['HTTP', 'iwa.corp.example'] },
})
const framed = frameToken(0x0200, apRep)
const answer = { negState: 0, supportedMech: KERBEROS, responseToken: framed }
const REPLIES = [
  ...[apRep, framed, krbError, frameToken(0x0300, krbError)],
  encodeNegTokenResp(answer),
  encodeNegTokenResp({ ...answer, mechListMic: new Uint8Array(28) }),
  encodeNegTokenResp({ negState: 1, supportedMech: KERBEROS }),
  encodeNegTokenResp({ negState: 2, responseToken: frameToken(0x0300, krbError) }),
  ...captured('spnego-resp'),
]

const negTokenResp = derTarget({
  name: 'gss/neg-token-resp',
  seeds: REPLIES.slice(4),
  decode: decodeNegTokenResp,
})

const mechanismToken = octetTarget(
  {
    name: 'gss/mechanism-token',
    refusesPrefixes: true,
    seeds: [framed, frameToken(0x0300, krbError), ...captured('spnego-init'), ...mitMade('krb5')],
    decode: unwrapMechanismToken,
  },
  'der',
)

/** Every reply but the proof is refused, by what its KRB-ERROR says if it has one. */
const mutual = octetTarget(
  {
    name: 'gss/verify-reply',
    refusesPrefixes: true,
    seeds: REPLIES,
    shortRuns: 500,
    decode: (reply) => {
      sent.verifyReply(reply)
    },
    isRefusal: (error) =>
      error instanceof Error &&
      'code' in error &&
      (error.code === 'ERR_KRB_MUTUAL' || error.code === 'ERR_KRB_AP_REFUSED'),
  },
  'der',
)

/** Why a backend refused; whatever it sent, reading it never throws. */
const refusal = derTarget({
  name: 'gss/ap-refusal',
  refusesPrefixes: false,
  seeds: REPLIES,
  decode: readApRefusal,
  isRefusal: () => false,
})

const negotiate = textTarget({
  name: 'gss/negotiate-field',
  encoding: 'latin1',
  seeds: [
    formatNegotiate(sent.token),
    'Negotiate',
    'Basic realm="a, \\"b\\"", Negotiate YII=, NTLM',
    ...captured('www-authenticate').map((octets) => octets.toString('latin1')),
  ],
  words: ['"', '\\"', '\\', ',', ' ', '\t', '=', 'Negotiate', 'negotiate ', 'realm="', 'YII='],
  decode: parseNegotiate,
  encode: (token) => (token === undefined ? 'Basic' : formatNegotiate(token)),
})

const binding = derTarget({
  name: 'gss/tls-server-end-point',
  seeds: [...CERTIFICATES, keptPki('server'), ...captured('certificate')],
  refusesPrefixes: false,
  shortRuns: 700,
  decode: tlsServerEndPoint,
})

export const GSS_TARGETS: readonly Target[] = [
  ...[negTokenResp, mechanismToken, mutual, refusal, negotiate, binding],
]
