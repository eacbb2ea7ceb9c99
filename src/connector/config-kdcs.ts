/**
 * How KDCs and KDC proxies are reached: the parts of connector.yaml's kerberos section that only a rare network needs.
 *
 * @module
 */

import { z } from 'zod'
import { forwardProxySchema, type ForwardProxyConfig } from './config-forward-proxy.ts'
import { path, wholeNumber } from './config-fields.ts'

/** What is shown to a KDC proxy that asks for a certificate. */
export interface ClientCertificateConfig {
  /** Path of the certificate and its chain (PEM). */
  readonly certificate: string
  /** Path of its private key (PEM, not encrypted). */
  readonly key: string
}

/** How KDC proxies (MS-KKDCP, the `https:` URLs among `kdcs`) are reached. */
export interface KdcProxyConfig {
  /** Path of CA certificates (PEM) to trust, instead of the system's. */
  readonly ca?: string
  /** SHA-256 of public keys as hexadecimal digits, one of which a KDC proxy must have. */
  readonly pins: readonly string[]
  readonly clientCertificate?: ClientCertificateConfig
  /** Absent: the one that HTTPS_PROXY names in the environment, if any. */
  readonly forwardProxy?: ForwardProxyConfig
  /** Longest wait for a connection, forward proxy and TLS included. */
  readonly connectTimeoutMs: number
  /** Connections to one KDC proxy. */
  readonly maxConnections: number
  /** How long a connection is kept without use. */
  readonly keepAliveMs: number
}

/** Bounds of the way to KDCs by the names that `NetworkKdcTransport` gives them; what is absent has its default there. */
export interface KdcLimits {
  /** Largest reply, octets. */
  readonly maxReplyOctets?: number
  /** How long a connection waits for the next request; 0: one connection a request. */
  readonly keepMs?: number
  /** Connections that wait, of all KDCs together. */
  readonly maxKept?: number
  /** Largest datagram, octets. */
  readonly maxDatagramOctets?: number
  /** After which time without an answer a datagram is sent again. */
  readonly udpRetransmitAfterMs?: number
  /** Exchanges with the KDCs of one realm at once. */
  readonly maxExchanges?: number
  /** Exchanges that wait for their turn. */
  readonly maxWaiting?: number
  /** How long a KDC is asked last after its first failure. */
  readonly probeAfterMs?: number
  /** The longest such time. */
  readonly probeMaxMs?: number
  /** A KDC is slow that takes so many times as long as the quickest of its realm, and `slowMarginMs` more. */
  readonly slowFactor?: number
  /** See `slowFactor`. */
  readonly slowMarginMs?: number
  /** KDCs whose health is remembered. */
  readonly maxKdcs?: number
}

const pin = z
  .string()
  .regex(
    /^[0-9a-f]{64}$/,
    'expected the SHA-256 of a public key: 64 hexadecimal digits, lower case',
  )

const clientCertificateSchema = z.strictObject({
  certificate: path('the path of the certificate (PEM)'),
  key: path('the path of its private key (PEM)'),
})

/** The section `kdcProxy`. */
export const kdcProxySchema: z.ZodType<KdcProxyConfig> = z.strictObject({
  ca: path('the path of CA certificates (PEM)').exactOptional(),
  pins: z.array(pin).max(16, 'at most 16 pins').default([]),
  clientCertificate: clientCertificateSchema.exactOptional(),
  forwardProxy: forwardProxySchema.exactOptional(),
  connectTimeoutMs: wholeNumber(100, 60_000).default(5000),
  maxConnections: wholeNumber(1, 256).default(8),
  keepAliveMs: wholeNumber(1, 600_000).default(30_000),
})

const HOUR_MS = 3_600_000

const limitFields = z.strictObject({
  maxReplyOctets: wholeNumber(4096, 16_777_216).exactOptional(),
  keepMs: wholeNumber(0, 60_000).exactOptional(),
  maxKept: wholeNumber(1, 4096).exactOptional(),
  maxDatagramOctets: wholeNumber(512, 65_507).exactOptional(),
  udpRetransmitAfterMs: wholeNumber(10, 60_000).exactOptional(),
  maxExchanges: wholeNumber(1, 4096).exactOptional(),
  maxWaiting: wholeNumber(1, 1_000_000).exactOptional(),
  probeAfterMs: wholeNumber(1, HOUR_MS).exactOptional(),
  probeMaxMs: wholeNumber(1, HOUR_MS).exactOptional(),
  slowFactor: z.number().min(1.1).max(100).exactOptional(),
  slowMarginMs: wholeNumber(0, 60_000).exactOptional(),
  maxKdcs: wholeNumber(1, 4096).exactOptional(),
})

function checkProbes({ probeAfterMs, probeMaxMs }: KdcLimits, context: z.RefinementCtx): void {
  if (probeAfterMs === undefined || probeMaxMs === undefined || probeMaxMs >= probeAfterMs) return
  const message = 'must not be below probeAfterMs'
  context.addIssue({ code: 'custom', path: ['probeMaxMs'], message })
}

/** The section `kdcLimits`. */
export const kdcLimitsSchema: z.ZodType<KdcLimits> = limitFields.superRefine(checkProbes)
