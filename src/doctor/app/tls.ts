/**
 * TLS of a backend: authority, pin, name, time, and which HTTP it speaks.
 *
 * @module
 */

import { createHash } from 'node:crypto'
import { counted, errorCode, errorText, shellWord } from '../../platform/index.ts'
import type { Route } from '../../sso/index.ts'
import { found, type Check, type Finding } from '../check.ts'
import {
  daysLeft,
  isFor,
  isOutOfTime,
  readCertificate,
  type CertificateFacts,
  type PeerFacts,
} from '../tls-facts.ts'
import { allowedAddresses } from './way.ts'
import type { AppWorld } from './world.ts'

const ENDS_SOON_DAYS = 14

async function place(world: AppWorld) {
  const { target } = world.route()
  const [host = target.hostname] = await allowedAddresses(world)
  const ca = target.tls.verify === 'ca' ? target.tls.ca : undefined
  return { host, port: target.port, name: target.hostname, ca }
}

function pinOf({ certificate }: CertificateFacts): string {
  const key = certificate.publicKey.export({ type: 'spki', format: 'der' })
  return createHash('sha256').update(key).digest('hex')
}

/** Does it show what the policy wants? */
export const tlsCheck: Check<AppWorld> = {
  id: 'app.tls',
  title: 'TLS of the backend',
  needs: ['app.tcp'],
  async run(world, signal) {
    const route = world.route()
    if (route.target.protocol === 'http:') {
      return [found('DOCTOR_NOT_APPLICABLE', 'the backend is reached without TLS')]
    }
    let peer: PeerFacts
    try {
      peer = await world.peek(await place(world), signal)
    } catch (error) {
      signal.throwIfAborted()
      const message = `no TLS: ${errorCode(error)}: ${errorText(error)}`
      const mends = [
        { text: 'See that the backend speaks TLS at this port.', shell: openssl(route) },
      ]
      return [found('DOCTOR_APP_TLS', message, { mends })]
    }
    const facts = peer.chain[0] && readCertificate(peer.chain[0])
    if (facts === undefined)
      return [found('DOCTOR_APP_TLS', 'it showed no certificate that can be read')]
    return [judge({ route, facts, peer }, world.nowMs)]
  },
}

function openssl({ target: { hostname, port } }: Route): string {
  return `openssl s_client -connect ${shellWord(`${hostname}:${port}`)} -servername ${shellWord(hostname)} -showcerts </dev/null`
}

interface Seen {
  readonly route: Route
  readonly facts: CertificateFacts
  readonly peer: PeerFacts
}

function judge(seen: Seen, nowMs: number): Finding {
  const { facts, route } = seen
  const { tls } = route.target
  const pin = pinOf(facts)
  if (tls.verify === 'off') {
    const mends = [{ text: 'Pin its key, or name its authority.', setting: pinSetting(pin, route) }]
    const message = `the certificate (${facts.subject}) is not looked at: tls.verify is off`
    return found('DOCTOR_APP_TLS_UNVERIFIED', message, { mends })
  }
  // A pinned key is good for as long as it is pinned.
  if (tls.verify === 'pin') return judgePin(seen, tls.pins.includes(pin), pin)
  const ends = new Date(facts.notAfterMs).toISOString()
  if (isOutOfTime(facts, nowMs)) {
    const from = new Date(facts.notBeforeMs).toISOString()
    const message = `the certificate (${facts.subject}) is valid from ${from} to ${ends}; it is ${new Date(nowMs).toISOString()} here`
    const mends = [{ text: 'Renew the backend’s certificate.', shell: openssl(route) }]
    return found('DOCTOR_APP_CERT_EXPIRED', message, { mends })
  }
  return judgeChain(seen) ?? judgeTime(facts, { ends, nowMs })
}

function judgePin({ facts, route }: Seen, listed: boolean, pin: string): Finding {
  if (listed) return found('DOCTOR_APP_TLS_GOOD', `the key of ${facts.subject} has the pin ${pin}`)
  const message = `the key of ${facts.subject} has the pin ${pin}, which the policy does not list`
  const mends = [
    { text: 'List it, if the backend’s key was changed.', setting: pinSetting(pin, route) },
  ]
  return found('DOCTOR_APP_TLS', message, { mends })
}

function pinSetting(pin: string, { backend }: Route): string {
  return `tls: { pin: [${pin}] }   # policy.yaml, the row of ${backend.origin}`
}

function judgeChain({ facts, peer, route }: Seen): Finding | undefined {
  const { hostname } = route.target
  if (peer.chainFault !== undefined) {
    const message = `the certificate (${facts.subject}) was issued by “${facts.issuer}”, which is not trusted: ${peer.chainFault}`
    const setting = `tls: { ca: <PEM file of that authority> }   # policy.yaml, the row of ${route.backend.origin}`
    const text = 'Name its authority, or the pin of its key.'
    const mends = [
      { text, setting },
      { text: 'Or the key itself:', setting: pinSetting(pinOf(facts), route) },
    ]
    return found('DOCTOR_APP_TLS', message, { mends })
  }
  if (isFor(facts, hostname)) return undefined
  const message = `the certificate is for ${facts.alternativeNames}, not for ${hostname}`
  const text =
    'Let the backend show a certificate of this name, use the certificate’s name in internalUrl, or pin the key.'
  return found('DOCTOR_APP_TLS', message, {
    mends: [{ text, setting: pinSetting(pinOf(facts), route) }],
  })
}

function judgeTime(
  facts: CertificateFacts,
  { ends, nowMs }: { ends: string; nowMs: number },
): Finding {
  const days = daysLeft(facts, nowMs)
  const message = `the certificate of ${facts.subject}, by ${facts.issuer}, ends in ${counted(days, 'day')}, at ${ends}`
  if (days >= ENDS_SOON_DAYS) return found('DOCTOR_APP_TLS_GOOD', message)
  return found('DOCTOR_APP_CERT_ENDS_SOON', message, { mends: [{ text: 'Renew it.' }] })
}

/** HTTP/1.1, HTTP/2, or both. */
export const http2Check: Check<AppWorld> = {
  id: 'app.http2',
  title: 'HTTP versions of the backend',
  needs: ['app.tls'],
  async run(world, signal) {
    if (world.route().target.protocol === 'http:') {
      return [
        found('DOCTOR_NOT_APPLICABLE', 'the backend is reached without TLS, so over HTTP/1.1'),
      ]
    }
    const at = await place(world)
    const choice = async (...alpn: string[]) => {
      const peer = await world.peek({ ...at, alpn }, signal).catch(() => undefined)
      return peer === undefined ? 'refused' : (peer.alpn ?? 'none')
    }
    const [both, one] = [await choice('h2', 'http/1.1'), await choice('http/1.1')]
    if (one === 'refused') {
      const message = `the backend refuses http/1.1 in TLS (ALPN), and takes ${both}`
      const mends = [{ text: 'Let the backend, or the proxy before it, speak HTTP/1.1.' }]
      return [found('DOCTOR_APP_HTTP2', message, { mends })]
    }
    if (both !== 'h2') return [found('DOCTOR_APP_HTTP1', 'the backend speaks HTTP/1.1')]
    const message =
      'the backend speaks HTTP/2 too; the connector asks for HTTP/1.1, which Negotiate needs'
    return [found('DOCTOR_APP_HTTP2_OFFERED', message)]
  },
}
