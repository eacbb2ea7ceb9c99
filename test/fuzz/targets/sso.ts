/** What a connector believes of backends and policies: challenges, fields, addresses. */

import { addressRule, parseAddress, parseNetwork } from '../../../src/sso/addresses.ts'
import {
  isConnectionAuthorization,
  schemesIn,
  ticketChallenge,
  withoutConnectionChallenges,
} from '../../../src/tunnel/index.ts'
import { AssertionKey } from '../../../src/sso/assertion.ts'
import { challengeOf, clientHeaders } from '../../../src/sso/headers.ts'
import { HeaderTemplate, TemplateFault } from '../../../src/sso/header-sign-on/template.ts'
import { SallyportError } from '../../../src/platform/index.ts'
import { isPerhapsUnder, isPlainlyUnder } from '../../../src/tunnel/index.ts'
import { parseNegotiate } from '../../../src/kerberos/index.ts'
import { splitHostPort } from '../../../src/connector/index.ts'
import { FakeDirectory } from '../../support/sso/world.ts'
import { repeatableRandom } from '../random.ts'
import { textTarget, type Target } from '../target.ts'

const account = new FakeDirectory().add('v')

const CHALLENGE_WORDS = [
  ...[
    '"',
    '\\"',
    '\\',
    ',',
    ', ',
    ' ',
    '\t',
    '=',
    'Negotiate',
    'negotiate YII=',
    'NTLM',
    'Kerberos',
  ],
  ...['Basic realm="', 'realm=', 'a=b', 'x='],
]

const challenges = textTarget({
  name: 'sso/challenges',
  encoding: 'latin1',
  seeds: ['Negotiate, NTLM', 'Basic realm="a, b", Negotiate YII=', 'Digest a="\\"", b=c, NTLM x'],
  words: CHALLENGE_WORDS,
  decode: (value) => ({
    kept: withoutConnectionChallenges(value),
    found: ticketChallenge(value, 'negotiate'),
    connection: isConnectionAuthorization(value),
    schemes: schemesIn(value),
  }),
  check: ({ kept }) => {
    const again =
      ticketChallenge(kept, 'negotiate') ??
      ticketChallenge(withoutConnectionChallenges(kept), 'negotiate')
    return again === undefined ? undefined : 'a Negotiate challenge is left'
  },
})

/** What the pipeline does with a backend's challenge: finds it, then reads its token. */
const token = textTarget({
  name: 'sso/backend-token',
  encoding: 'latin1',
  seeds: ['Negotiate YIIBhgYGKwYBBQUC', 'Basic realm="a, b", Negotiate YII='],
  words: CHALLENGE_WORDS,
  decode: (value) => {
    const challenge = challengeOf(['WWW-Authenticate', value], 'negotiate')
    return challenge === undefined ? undefined : parseNegotiate(challenge)
  },
})

const responseHeaders = textTarget({
  name: 'sso/client-headers',
  // Every line is a field here, also an empty one: more of them than any head that is taken has.
  maxOctets: 8192,
  encoding: 'latin1',
  seeds: ['Connection: x-a, close\nX-A: 1\nWWW-Authenticate: Negotiate\nA: b'],
  words: ['\n', ': ', '\nConnection: ', ',', '\nWWW-Authenticate: Negotiate', ...CHALLENGE_WORDS],
  decode: (text) =>
    clientHeaders(
      text
        .split('\n')
        .flatMap((line) => [line.split(': ')[0] ?? '', line.slice(line.indexOf(': ') + 2)]),
    ),
  check: (headers) =>
    challengeOf(headers, 'negotiate') === undefined ? undefined : 'Negotiate came through',
})

const address = textTarget({
  name: 'sso/address',
  seeds: ['10.1.0.0/16', 'fd00::/8', '::ffff:10.0.0.1', 'fe80::1%eth0', '2001:db8::1'],
  words: [':', '::', '.', '/', '%', '255', '128', 'ffff', '0'],
  decode: (text) => ({
    octets: parseAddress(text),
    network: parseNetwork(text),
    allowed: addressRule(['10.0.0.0/8'])(text),
  }),
  check: ({ octets, allowed }) =>
    allowed && octets?.[0] !== 10 ? 'an address outside the network is allowed' : undefined,
})

const hostPort = textTarget({
  name: 'connector/host-port',
  seeds: ['dc1.corp.example', 'dc1:88', '[2001:db8::1]:88', '[::1]'],
  words: ['[', ']', ':', '.', '-', '::', '65536', 'a.', 'a-'],
  decode: splitHostPort,
})

const headerTemplate = textTarget({
  name: 'sso/header-template',
  seeds: ['{upn}', 'CORP\\\\{account.sAMAccountName|lower}', 'a {groups?} {{b}} {upn|localPart}'],
  words: ['{', '}', '{{', '}}', '|', '?', '{upn}', 'account.', 'lower', 'sid'],
  decode: (source) => {
    try {
      return new HeaderTemplate(source).fill(
        { claims: { upn: 'v@v', groups: ['v'] }, account },
        ';',
      )
    } catch (error) {
      // A fault of a template is the caller's to word, and so no SallyportError.
      if (!(error instanceof TemplateFault)) throw error
      throw new SallyportError('ERR_PLATFORM_FUZZ', error.message)
    }
  },
  // eslint-disable-next-line no-control-regex -- that is what is looked for
  check: (text) => (/[\u0000-\u001f\u007f]/.test(text ?? '') ? 'a control character' : undefined),
})

const pathPrefix = textTarget({
  name: 'tunnel/path-prefix',
  // Most that `targetOctets` of gateway.yaml allows is four times as long as its default, which is this.
  maxOctets: 16_384,
  seeds: ['/public/a?b', '/x/%2e%2e/admin', '/public/..;/admin', '//admin\\..'],
  words: ['/', '..', '.', ';', '%2e', '%2f', '%5c', '%25', '\\', 'public', 'admin', 'ADMIN'],
  decode: (target) => ({
    open: isPlainlyUnder(target, '/public/'),
    closed: isPerhapsUnder(target, '/admin'),
  }),
  check: ({ open, closed }) => (open && closed ? 'a closed path is open' : undefined),
})

const assertionKey = new AssertionKey(repeatableRandom('assertion'))
const CLAIMS = {
  ...{ iss: 'sallyport:kerberos', sub: 'S-1-5-21-1-2-3-1104', jti: 'x', app: 'intranet' },
  ...{ iat: 1, exp: 2, auth_time: 1, upn: 'v@v', account: 'v', realm: 'V', groups: ['g'] },
}
const ASSERTION = assertionKey.sign(CLAIMS)

const assertion = textTarget({
  name: 'sso/assertion',
  seeds: [ASSERTION],
  words: ['.', '..', 'e30', '=', '-', '_'],
  decode: (text) => assertionKey.open(text),
  check: (_claims, text) => (text === ASSERTION ? undefined : 'a changed assertion was opened'),
})

export const SSO_TARGETS: readonly Target[] = [
  ...[challenges, token, responseHeaders, address, hostPort, headerTemplate, pathPrefix],
  assertion,
]
