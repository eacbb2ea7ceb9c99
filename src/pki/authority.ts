/**
 * The gateway's certificate authority, and the certificates it issues.
 *
 * @module
 */

import { createPublicKey, X509Certificate, type KeyObject } from 'node:crypto'
import type { Clock, Random } from '../platform/index.ts'
import { loadCertificate, serialOf, subjectDer } from './certificate.ts'
import { encoded } from './der.ts'
import { PkiError } from './errors.ts'
import { authorityExtensions, leafExtensions, type LeafProfile } from './extensions.ts'
import {
  createKey,
  keyIdentifier,
  privateKeyFromPem,
  privateKeyToPem,
  publicKeyDer,
} from './keys.ts'
import { CONNECTOR_URI_PREFIX, GATEWAY_URI, Oid, UUID } from './oids.ts'
import { readSigningRequest } from './request.ts'
import { newSerial, signCertificate, subjectName, type Validity } from './x509.ts'

const DAY_MS = 86_400_000
/** Certificates begin a little in the past: the peer's clock may be behind ours. */
const BACKDATE_MS = 300_000
/** How long our CA lasts: ten years. */
const AUTHORITY_LIFETIME_DAYS = 3653
/** How long an end certificate lasts when nothing is said. */
const DEFAULT_LIFETIME_DAYS = 30

/** A certificate and its private key, both PEM. */
export interface Credential {
  readonly certificatePem: string
  /** PKCS #8, not encrypted: keep it in files of mode 0600 only. */
  readonly privateKeyPem: string
}

/** The certificate authority of one gateway. */
export type Authority = Credential

/** What issuing needs of the outside. */
export interface IssuePorts {
  readonly clock: Clock
  readonly random: Random
}

/** What a gateway's own certificate is for. */
export interface ServerCertificateOptions {
  /** Host names and IP addresses that connectors dial; one or more. */
  readonly names: readonly string[]
  /** Default 30. */
  readonly lifetimeDays?: number
}

/** Whom a connector certificate is for. */
export interface ConnectorCertificateOptions {
  /** The connector's signing request; nothing but its key is used. */
  readonly csrPem: string
  /** UUID, lower case. */
  readonly connectorId: string
  /** Default 30. */
  readonly lifetimeDays?: number
}

/** A certificate that was issued. */
export interface IssuedCertificate extends Validity {
  readonly certificatePem: string
  /** Lower-case hex. */
  readonly serial: string
}

interface LeafOrder {
  readonly spki: Buffer
  readonly commonName: string
  readonly profile: LeafProfile
  readonly lifetimeDays: number | undefined
}

/** Certificates count whole seconds. */
const wholeSecond = (timeMs: number): number => Math.floor(timeMs / 1000) * 1000

function validityFrom(nowMs: number, lifetimeDays: number): Validity {
  if (!(lifetimeDays > 0)) throw new RangeError('a certificate lasts more than 0 days')
  return {
    notBeforeMs: wholeSecond(nowMs - BACKDATE_MS),
    notAfterMs: wholeSecond(nowMs + lifetimeDays * DAY_MS),
  }
}

/**
 * Makes a new authority: P-256, ten years, may sign end certificates only.
 *
 * @param ports - Clock and chance.
 * @returns Its certificate and key.
 */
export function createAuthority(ports: IssuePorts): Authority {
  const key = createKey()
  const spki = publicKeyDer(createPublicKey(key))
  // Two authorities never share a name, so no chain seems to fit where only the name does.
  const unique = Buffer.from(ports.random.bytes(4)).toString('hex')
  const name = subjectName(`Sallyport gateway CA ${unique}`)
  const certificatePem = signCertificate(
    {
      serial: newSerial(ports.random),
      issuer: name,
      subject: name,
      validity: validityFrom(ports.clock.nowMs(), AUTHORITY_LIFETIME_DAYS),
      spki,
      extensions: authorityExtensions(keyIdentifier(spki)),
    },
    key,
  )
  return { certificatePem, privateKeyPem: privateKeyToPem(key) }
}

/**
 * Reads an authority that was kept, and makes sure that key and certificate belong together.
 *
 * @param authority - Both PEM texts.
 * @param nowMs - The time.
 * @returns Certificate and key, ready for use.
 * @throws PkiError ERR_PKI_AUTHORITY.
 */
export function openAuthority(
  authority: Authority,
  nowMs: number,
): { readonly certificate: X509Certificate; readonly key: KeyObject } {
  const certificate = loadCertificate(authority.certificatePem)
  const key = privateKeyFromPem(authority.privateKeyPem)
  if (!certificate.ca || !certificate.checkPrivateKey(key)) {
    throw new PkiError('ERR_PKI_AUTHORITY', 'the CA certificate and the CA key do not match', {
      mend: 'Restore the CA file from a backup; with a new CA every connector registers again.',
    })
  }
  if (certificate.validToDate.getTime() < nowMs) {
    throw new PkiError('ERR_PKI_AUTHORITY', `the CA ended on ${certificate.validTo}`, {
      mend: 'Move the CA file away: a new CA is made at the next start, and every connector registers again.',
    })
  }
  return { certificate, key }
}

/** An end certificate never outlasts its CA. */
function issue(authority: Authority, order: LeafOrder, ports: IssuePorts): IssuedCertificate {
  const nowMs = ports.clock.nowMs()
  const { certificate: issuer, key } = openAuthority(authority, nowMs)
  const wanted = validityFrom(nowMs, order.lifetimeDays ?? DEFAULT_LIFETIME_DAYS)
  const notAfterMs = Math.min(wanted.notAfterMs, issuer.validToDate.getTime())
  const validity = { notBeforeMs: wanted.notBeforeMs, notAfterMs }
  const certificatePem = signCertificate(
    {
      serial: newSerial(ports.random),
      issuer: encoded(subjectDer(issuer.raw)),
      subject: subjectName(order.commonName),
      validity,
      spki: order.spki,
      extensions: leafExtensions(
        order.profile,
        keyIdentifier(order.spki),
        keyIdentifier(publicKeyDer(issuer.publicKey)),
      ),
    },
    key,
  )
  return { certificatePem, serial: serialOf(loadCertificate(certificatePem)), ...validity }
}

/**
 * Makes a key and a certificate for the gateway's tunnel listener.
 *
 * @param authority - Signs it.
 * @param options - Names and lifetime.
 * @param ports - Clock and chance.
 * @returns Certificate and key.
 * @throws PkiError ERR_PKI_AUTHORITY; RangeError without a name.
 */
export function issueServerCertificate(
  authority: Authority,
  options: ServerCertificateOptions,
  ports: IssuePorts,
): Credential & IssuedCertificate {
  if (options.names.length === 0) throw new RangeError('a server certificate needs a name')
  const key = createKey()
  const order: LeafOrder = {
    spki: publicKeyDer(createPublicKey(key)),
    commonName: 'Sallyport gateway',
    profile: { purpose: Oid.serverAuth, uris: [GATEWAY_URI], hosts: options.names },
    lifetimeDays: options.lifetimeDays,
  }
  return { ...issue(authority, order, ports), privateKeyPem: privateKeyToPem(key) }
}

/**
 * Signs the key of a connector. Subject and extensions of the request are not looked at: the certificate says what
 * the gateway knows, nothing that the connector asked for.
 *
 * @param authority - Signs it.
 * @param options - Request, identity and lifetime.
 * @param ports - Clock and chance.
 * @returns The certificate.
 * @throws PkiError ERR_PKI_REQUEST, ERR_PKI_KEY, ERR_PKI_AUTHORITY; RangeError for an id that is no UUID.
 */
export function issueConnectorCertificate(
  authority: Authority,
  options: ConnectorCertificateOptions,
  ports: IssuePorts,
): IssuedCertificate {
  const { connectorId } = options
  if (!UUID.test(connectorId)) throw new RangeError('a connector id is a lower-case UUID')
  const order: LeafOrder = {
    spki: publicKeyDer(readSigningRequest(options.csrPem)),
    commonName: connectorId,
    profile: {
      purpose: Oid.clientAuth,
      uris: [`${CONNECTOR_URI_PREFIX}${connectorId}`],
      hosts: [],
    },
    lifetimeDays: options.lifetimeDays,
  }
  return issue(authority, order, ports)
}
