/** Registration tokens, signing requests, certificates that a peer shows, addresses. */

import {
  certificateUris,
  decodeRegistrationToken,
  encodeRegistrationToken,
  ipOctets,
  judgeConnectorCertificate,
  judgeGatewayChain,
  loadCertificate,
  parseAddress,
  publicKeyPin,
  readSigningRequest,
  serialOf,
} from '../../../src/pki/index.ts'
import { START_MS } from '../../support/pki.ts'
import { CERTIFICATES, captured, keptPki } from '../seeds.ts'
import { derTarget, octetTarget, textTarget, type Target } from '../target.ts'

const SECRET = 'A'.repeat(43)
const TOKEN = encodeRegistrationToken({
  address: 'gateway.example:8444',
  serverName: 'gateway.example',
  pin: '0'.repeat(64),
  secret: SECRET,
})

const PREFIX = 'sallyport-1.'

const token = textTarget({
  name: 'pki/registration-token',
  seeds: [TOKEN, ` ${TOKEN}\n`],
  words: [PREFIX, '=', '-', '_', ' ', '\n', 'eyJ9'],
  decode: decodeRegistrationToken,
  encode: encodeRegistrationToken,
})

/** The same, mutated inside its base64. */
const tokenContent = textTarget({
  name: 'pki/registration-token-content',
  seeds: [Buffer.from(TOKEN.slice(PREFIX.length), 'base64url').toString()],
  words: ['"', ':', ',', '{', '}', '[::1]:1', '"pin":', '"secret":', '"__proto__":', '\\u0000'],
  decode: (json) => decodeRegistrationToken(PREFIX + Buffer.from(json).toString('base64url')),
  encode: (value) =>
    Buffer.from(encodeRegistrationToken(value).slice(PREFIX.length), 'base64url').toString(),
  check: (value) => (value.secret.length === 43 ? undefined : 'a secret of another length'),
})

const requestPem = textTarget({
  name: 'pki/request-pem',
  seeds: [keptPki('request').toString()],
  words: ['\n', '\r\n', '-----', '=', 'A', '-----END CERTIFICATE REQUEST-----\n', ' '],
  shortRuns: 400,
  decode: readSigningRequest,
  check: (key) => (key.asymmetricKeyDetails?.namedCurve === 'prime256v1' ? undefined : 'not P-256'),
})

function pemOf(der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return `-----BEGIN CERTIFICATE REQUEST-----\n${lines.join('\n')}\n-----END CERTIFICATE REQUEST-----\n`
}

const requestDer = Buffer.from(
  keptPki('request')
    .toString()
    .replaceAll(/-----[A-Z ]+-----|\s/g, ''),
  'base64',
)

const request = derTarget({
  name: 'pki/request',
  seeds: [requestDer],
  maxOctets: 4096,
  shortRuns: 400,
  decode: (der) => readSigningRequest(pemOf(der)),
  check: (key, der) => {
    const same = key.export({ type: 'spki', format: 'der' })
    return Buffer.from(der).includes(same) ? undefined : 'another key than the one in the request'
  },
})

const certificate = derTarget({
  name: 'pki/certificate',
  seeds: [...CERTIFICATES, keptPki('connector'), keptPki('server'), ...captured('certificate')],
  // OpenSSL reads a certificate and leaves what follows; whole prefixes are refused all the same.
  shortRuns: 400,
  decode: (der) => {
    const read = loadCertificate(der)
    return { uris: certificateUris(der), serial: serialOf(read), pin: publicKeyPin(read.raw) }
  },
})

const CA_PEM = loadCertificate(keptPki('ca')).toString()

/** Whatever is accepted must be the certificate that the authority signed. */
const connector = derTarget({
  name: 'pki/connector-certificate',
  seeds: [keptPki('connector'), keptPki('server'), keptPki('ca')],
  shortRuns: 400,
  refusesPrefixes: false,
  decode: (der) => judgeConnectorCertificate(CA_PEM, der, START_MS + 1000),
  check: (_identity, der) =>
    Buffer.compare(loadCertificate(der).raw, keptPki('connector')) === 0
      ? undefined
      : 'a changed certificate was accepted',
})

const EXPECTED = { pin: publicKeyPin(CA_PEM), serverName: 'gateway.example' }

const gateway = derTarget({
  name: 'pki/gateway-chain',
  seeds: [keptPki('server'), keptPki('connector'), keptPki('ca')],
  shortRuns: 300,
  refusesPrefixes: false,
  decode: (der) => judgeGatewayChain([der, keptPki('ca')], EXPECTED, START_MS + 1000),
  check: (_pem, der) =>
    Buffer.compare(loadCertificate(der).raw, keptPki('server')) === 0
      ? undefined
      : 'a changed certificate was accepted',
})

const gatewayCa = derTarget({
  name: 'pki/gateway-ca',
  seeds: [keptPki('ca'), keptPki('server')],
  shortRuns: 300,
  refusesPrefixes: false,
  decode: (der) => judgeGatewayChain([keptPki('server'), der], EXPECTED, START_MS + 1000),
})

const address = textTarget({
  name: 'pki/address',
  seeds: ['gateway.example:8444', '[2001:db8::1]:443', '192.0.2.1:1'],
  words: ['[', ']', ':', '::', '.', 'a.', '65536', '::ffff:1.2.3.4', '-', 'ffff:'],
  decode: parseAddress,
})

const ip = octetTarget({
  name: 'pki/ip',
  seeds: ['2001:db8::1', '::ffff:192.0.2.1', '192.0.2.1', '::'].map((text) => Buffer.from(text)),
  words: ['::', ':', '.', '255', '1:', 'ffff', '1.2.3.4'],
  decode: (octets) => ipOctets(Buffer.from(octets).toString('latin1')),
  check: (octets) =>
    octets === undefined || [4, 16].includes(octets.length) ? undefined : 'an odd length',
})

export const PKI_TARGETS: readonly Target[] = [
  ...[token, tokenContent, requestPem, request, certificate],
  ...[connector, gateway, gatewayCa, address, ip],
]
