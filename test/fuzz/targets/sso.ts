/** What a connector believes of backends and policies: challenges, fields, addresses. */

import { addressRule, parseAddress, parseNetwork } from '../../../src/sso/addresses.ts'
import {
  isConnectionAuthorization,
  ticketChallenge,
  withoutConnectionChallenges,
} from '../../../src/sso/challenge.ts'
import { challengeOf, clientHeaders } from '../../../src/sso/headers.ts'
import { parseNegotiate } from '../../../src/kerberos/index.ts'
import { splitHostPort } from '../../../src/connector/index.ts'
import { textTarget, type Target } from '../target.ts'

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

export const SSO_TARGETS: readonly Target[] = [
  ...[challenges, token, responseHeaders, address, hostPort],
]
